"""What the sandbox provider reports over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from api.bodies import Input, matching

Name = Annotated[str, matching(r"^[!-~]{1,100}\Z", "1 to 100 visible ASCII characters.")]
Key = Annotated[
    str,
    matching(
        r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[1-9][0-9]{0,3}\Z",
        "The idempotency key of a capture: the payment's id, a colon, and the attempt.",
    ),
]


class ChargeReport(Input, frozen=True, kw_only=True):
    """A charge that has succeeded: `key` is what we asked for it by, `reference` the provider's name for it."""

    id: Name
    type: Literal["charge.succeeded"]
    key: Key
    reference: Name


class ReportReceived(msgspec.Struct, frozen=True, kw_only=True):
    """The report is noted; reporting it again changes nothing."""

    id: str
