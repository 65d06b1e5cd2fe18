"""I1: of every SKU, what is held is held for somebody, and no more than there is."""

from config.invariants.invariant import Invariant

STOCK = (
    Invariant(
        code="I1",
        promise="no stock is negative, nor more of it reserved than on hand",
        things="SKUs",
        sql="SELECT sku FROM inventory_stock WHERE reserved < 0 OR on_hand < reserved",
    ),
    Invariant(
        code="I1",
        promise="what is reserved of each SKU is the sum of the open reservations",
        things="SKUs",
        sql="""
            SELECT sku FROM inventory_stock FULL JOIN (
                SELECT line.sku, sum(line.quantity) AS held
                FROM inventory_reservationline line
                JOIN inventory_reservation reservation ON reservation.id = reservation_id
                WHERE state = 'held' GROUP BY line.sku) AS open USING (sku)
            WHERE coalesce(reserved, 0) <> coalesce(held, 0)""",
    ),
    Invariant(
        code="I1",
        promise="what is held or taken for an order is what was ordered",
        things="orders",
        sql="""
            WITH reserved AS (SELECT id, order_id FROM inventory_reservation WHERE state IN ('held', 'committed')),
            lines AS (
                SELECT reserved.order_id, sku, quantity
                FROM reserved JOIN inventory_reservationline ON reservation_id = reserved.id),
            ordered AS (
                SELECT line.order_id, sku, quantity FROM orders_orderline line JOIN reserved USING (order_id))
            SELECT order_id FROM lines FULL JOIN ordered USING (order_id, sku)
            WHERE lines.quantity IS DISTINCT FROM ordered.quantity""",
    ),
)
