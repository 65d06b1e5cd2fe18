"""The addresses of orders, under /api/v1/."""

from django.urls import path

from orders.views import Cancellation, OneOrder, OrderEvents, Orders, OrderStream

urlpatterns = [
    path("orders", Orders.as_view(), name="orders"),
    path("orders/<uuid:order_id>", OneOrder.as_view(), name="order"),
    path("orders/<uuid:order_id>/cancellation", Cancellation.as_view(), name="order-cancellation"),
    path("orders/<uuid:order_id>/events", OrderEvents.as_view(), name="order-events"),
    path("orders/<uuid:order_id>/events/stream", OrderStream.as_view(), name="order-stream"),
]
