"""The endpoints of shipping."""

from shipping.views.looking import OneShipment
from shipping.views.reporting import SandboxCarrierCallbacks

__all__ = ["OneShipment", "SandboxCarrierCallbacks"]
