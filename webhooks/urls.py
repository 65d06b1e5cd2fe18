"""The addresses of webhooks, under /api/v1/."""

from django.urls import path

from webhooks.views import Deliveries, Endpoints, OneDelivery, OneEndpoint, Ping, Redelivery, Secret

ENDPOINT = "webhook-endpoints/<uuid:endpoint_id>"

urlpatterns = [
    path("webhook-endpoints", Endpoints.as_view(), name="webhook-endpoints"),
    path(ENDPOINT, OneEndpoint.as_view(), name="webhook-endpoint"),
    path(f"{ENDPOINT}/rotate-secret", Secret.as_view(), name="webhook-secret"),
    path(f"{ENDPOINT}/ping", Ping.as_view(), name="webhook-ping"),
    path(f"{ENDPOINT}/deliveries", Deliveries.as_view(), name="webhook-deliveries"),
    path(f"{ENDPOINT}/deliveries/<uuid:webhook_id>", OneDelivery.as_view(), name="webhook-delivery"),
    path(f"{ENDPOINT}/deliveries/<uuid:webhook_id>/redeliver", Redelivery.as_view(), name="webhook-redelivery"),
]
