"""The pages of orders: the list, the page that says where an order is and why, and the price list."""

from orders.admin import orders, products
from orders.admin.money import in_major_unit
from outbox.admin import order_page_is

order_page_is("admin:orders_order_change")

__all__ = ["in_major_unit", "orders", "products"]
