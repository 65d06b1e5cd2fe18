"""What a carrier reports over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.bodies import Input, matching

EventId = Annotated[str, matching(r"^[!-~]{1,100}\Z", "1 to 100 visible ASCII characters.")]
Name = Annotated[str, matching(r"^[^\x00-\x1f\x7f-\x9f]*\Z", "Text on one line."), Meta(max_length=200)]


class CarrierReport(Input, frozen=True, kw_only=True):
    """What has become of a parcel. `id` is the carrier's own for this report; `shipment_id` is ours for the parcel."""

    id: EventId
    type: Literal["delivered"]
    shipment_id: UUID
    occurred_at: Annotated[datetime, Meta(tz=True)]
    signed_by: Name = ""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The report is noted; reporting it again changes nothing."""

    id: str
