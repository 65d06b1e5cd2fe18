"""The use cases of webhooks, the only writers of its tables."""

from webhooks.services.announcing import announce
from webhooks.services.keeping import (
    Busy,
    DisabledByStaff,
    TooManyEndpoints,
    add_endpoint,
    change_endpoint,
    delete_endpoint,
    disable_endpoint,
    enable_endpoint,
    endpoints_of,
    ping,
    redeliver,
    rotate_secret,
)
from webhooks.services.sending import prepare_webhooks, record_webhooks
from webhooks.services.telling_owners import prepare_notices, record_notices

__all__ = [
    "Busy",
    "DisabledByStaff",
    "TooManyEndpoints",
    "add_endpoint",
    "announce",
    "change_endpoint",
    "delete_endpoint",
    "disable_endpoint",
    "enable_endpoint",
    "endpoints_of",
    "ping",
    "prepare_notices",
    "prepare_webhooks",
    "record_notices",
    "record_webhooks",
    "redeliver",
    "rotate_secret",
]
