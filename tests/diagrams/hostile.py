"""An order whose every text is hostile."""

from __future__ import annotations

import re

from django.utils import timezone

from tests.admin.rows import a_delivery, a_failed_attempt, an_event, an_order

HOSTILE = "<script>alert(1)</script></svg></title>\u202e \"onload='x' javascript:" + "x" * 4_000 + "\nsecond line"
# What a page may not hold outside its texts under the content security policy that is meant for it.
INLINE = re.compile(r"<script|<style|\sstyle=|\son[a-z]+=\"")


def a_hostile_order() -> tuple[str, int]:
    """An order whose every text field is hostile; returns its id and the position of its event."""
    order = an_order()
    placed = an_event(order_id=order.id, actor=HOSTILE[:200], producer=HOSTILE[:200])
    delivery = a_delivery(placed, state="parked", outcome=HOSTILE, drift=HOSTILE)
    a_failed_attempt(delivery, message=HOSTILE, exception=HOSTILE[:200])
    an_event(HOSTILE[:60], order_id=order.id, because_of=placed, producer=HOSTILE[:200], occurred_at=timezone.now())
    return str(order.id), placed.position
