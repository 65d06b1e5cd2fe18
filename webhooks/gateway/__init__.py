"""Other people's systems, as webhooks sees them: addresses that nobody here has chosen, and may not trust."""

from webhooks.gateway.noticing import Notice, Noticed, write
from webhooks.gateway.posting import TIMEOUT, SendIntent, Sent, send
from webhooks.gateway.targets import UrlNotAllowed, require_allowed

__all__ = ["TIMEOUT", "Notice", "Noticed", "SendIntent", "Sent", "UrlNotAllowed", "require_allowed", "send", "write"]
