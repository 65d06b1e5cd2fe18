"""The use cases of shipping, the only writers of its tables."""

from shipping.services.delivering import NotWithTheCarrier, UnknownShipment, hear_of_delivery
from shipping.services.dispatching import prepare_labels, record_labels
from shipping.services.stopping import decide, stop

__all__ = [
    "NotWithTheCarrier",
    "UnknownShipment",
    "decide",
    "hear_of_delivery",
    "prepare_labels",
    "record_labels",
    "stop",
]
