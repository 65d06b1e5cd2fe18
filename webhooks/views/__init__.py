"""The endpoints of webhooks over HTTP. What is somebody else's is not found."""

from webhooks.views.deliveries import Deliveries, OneDelivery, Redelivery
from webhooks.views.endpoints import Endpoints, OneEndpoint, Ping, Secret

__all__ = ["Deliveries", "Endpoints", "OneDelivery", "OneEndpoint", "Ping", "Redelivery", "Secret"]
