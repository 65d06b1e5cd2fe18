"""The one value that crosses every border between apps: an amount of money."""

import msgspec


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in the currency's minor unit (cents for EUR, yen for JPY); never a float.

    `currency` is an ISO 4217 code.
    """

    amount: int
    currency: str
