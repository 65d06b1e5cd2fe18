"""The one value that crosses every border between apps: an amount of money."""

from decimal import Decimal

import msgspec

# ISO 4217: the currencies whose minor unit is not a hundredth, by the number of its decimals.
DECIMALS = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)  # noqa: SIM905
DECIMALS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)  # noqa: SIM905  # as ISO lists them


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in the currency's minor unit (cents for EUR, yen for JPY); never a float.

    `currency` is an ISO 4217 code. As text it is in the major unit: `1,234.50 EUR`, `1,234 JPY`.
    """

    amount: int
    currency: str

    def __str__(self) -> str:
        decimals = DECIMALS.get(self.currency, 2)
        return f"{Decimal(self.amount).scaleb(-decimals):,.{decimals}f} {self.currency}"
