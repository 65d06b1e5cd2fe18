"""The use cases of notifications, the only writers of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from notifications.events import NotificationFailed, NotificationSent, Template
from notifications.gateway import MailIntent, MailRefused, MailSent
from notifications.models import Addressee, Mail
from notifications.readers import (
    News,
    OrderCancellationRejected,
    OrderCancelled,
    OrderPlaced,
    OrderShipped,
    PaymentCaptured,
    PaymentPartlyRefunded,
    PaymentRefunded,
    ShipmentDelivered,
)
from outbox import Batch, Ignored, NotReadyYet

TEMPLATES: dict[type[News], Template] = {
    OrderPlaced: "placed",
    PaymentCaptured: "paid",
    OrderShipped: "shipped",
    ShipmentDelivered: "delivered",
    OrderCancelled: "cancelled",
    OrderCancellationRejected: "not_cancelled",
    PaymentPartlyRefunded: "partly_refunded",
    PaymentRefunded: "refunded",
}

# Opens the mails that are new, and locks and returns all of them.
OPEN = """
INSERT INTO notifications_mail AS kept (order_id, template)
SELECT * FROM unnest(%s::uuid[], %s::text[]) AS opened (order_id, template) ORDER BY order_id, template
ON CONFLICT (order_id, template) DO UPDATE SET state = kept.state
RETURNING order_id, state
"""

RECORD = """
UPDATE notifications_mail AS kept
SET state = mail.state, refusal = mail.refusal,
    sent_at = CASE mail.state WHEN 'sent' THEN statement_timestamp() END
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::smallint[]) AS mail (order_id, template, state, refusal)
WHERE kept.order_id = mail.order_id AND kept.template = mail.template AND kept.state = 'sending'
RETURNING kept.order_id
"""


def prepare_mails(news: Batch[News]) -> Iterator[MailIntent | Ignored | NotReadyYet]:
    """Decides which mails to send; without the address, which comes with `OrderPlaced`, none can be written yet."""
    addressees = _addressees(news)
    reachable = [event for event in news if (to := addressees.get(event.order_id)) and _is_address(to.email)]
    written = {event.order_id: _mail(event, addressees[event.order_id]) for event in reachable}
    states = _open(list(written.values()))
    for event in news:
        if event.order_id not in addressees:
            yield NotReadyYet(event.order_id, "the order's address is not known yet")
        elif event.order_id not in states:
            yield Ignored(event.order_id, "the customer has no valid e-mail address")
        elif (state := states[event.order_id]) != Mail.State.SENDING:
            yield Ignored(event.order_id, f"already {state}")
        else:
            yield written[event.order_id]


def _addressees(news: Batch[News]) -> dict[UUID, Addressee]:
    """Returns whom to write to by order, as far as it is known, and remembers who is new."""
    placed = (event for event in sorted(news, key=_order_id) if isinstance(event, OrderPlaced))
    new = {event.order_id: _addressee(event) for event in placed}
    Addressee.objects.bulk_create(new.values(), ignore_conflicts=True)
    return new | Addressee.objects.in_bulk([order_id for order_id in news.order_ids if order_id not in new])


def _order_id(event: News) -> UUID:
    return event.order_id


def _addressee(placed: OrderPlaced) -> Addressee:
    return Addressee(
        order_id=placed.order_id,
        number=placed.number,
        email=placed.customer_email,
        name=_one_line(placed.ship_to.recipient),
        lines=[{"name": _one_line(line.name), "quantity": line.quantity} for line in placed.lines],
    )


def _one_line(text: str) -> str:
    """Returns the text as one line, so that nobody can write paragraphs of our mails in a name."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def _open(mails: Sequence[MailIntent]) -> dict[UUID, str]:
    """Returns the state of each mail by its order."""
    if not mails:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [[mail.order_id for mail in mails], [mail.occasion for mail in mails]])
        return dict(cursor.fetchall())


def _mail(event: News, to: Addressee) -> MailIntent:
    template = TEMPLATES[type(event)]
    subject, text = _written(template, {"event": event, "to": to})
    about = str(event.refund_id) if isinstance(event, PaymentPartlyRefunded) else ""
    return MailIntent(order_id=event.order_id, template=template, to=to.email, about=about, subject=subject, text=text)


def _written(template: Template, context: dict[str, Any]) -> tuple[str, str]:
    """Returns subject and text; in a template the subject is the first line, and an empty line follows."""
    subject, _, text = render_to_string(f"notifications/{template}.txt", context).partition("\n\n")
    return subject, text


def record_mails(
    outcomes: Sequence[MailSent | MailRefused],
) -> Iterator[NotificationSent | NotificationFailed | Ignored]:
    """Writes down which mails the mail server has taken, and which it has refused."""
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [list(column) for column in zip(*map(_row, outcomes), strict=True)])
        recorded = {order_id for (order_id,) in cursor.fetchall()}
    for outcome in outcomes:
        yield _said(outcome) if outcome.order_id in recorded else Ignored(outcome.order_id, "already recorded")


def _row(outcome: MailSent | MailRefused) -> tuple[UUID, str, str, int | None]:
    if isinstance(outcome, MailRefused):
        return outcome.order_id, outcome.occasion, Mail.State.FAILED, outcome.code
    return outcome.order_id, outcome.occasion, Mail.State.SENT, None


def _said(outcome: MailSent | MailRefused) -> NotificationSent | NotificationFailed:
    order_id, template, recipient = outcome.order_id, outcome.template, recipient_hash(outcome.to)
    if isinstance(outcome, MailSent):
        return NotificationSent(order_id=order_id, template=template, channel="email", recipient_hash=recipient)
    return NotificationFailed(
        order_id=order_id, template=template, channel="email", recipient_hash=recipient, code=outcome.code
    )


def recipient_hash(email: str) -> str:
    """Returns the keyed hash by which an address can be recognised in the history but not read."""
    return salted_hmac("notifications.recipient", email.lower(), algorithm="sha256").hexdigest()
