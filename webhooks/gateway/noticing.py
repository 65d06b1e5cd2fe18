"""The mail server, for the one mail that webhooks writes."""

from __future__ import annotations

from uuid import UUID

import msgspec
from django.core.mail import EmailMessage, get_connection

from outbox import NotDone

# Seconds that the mail server may take for one step.
TIMEOUT = 8.0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to write to the owner of an endpoint."""

    order_id: UUID
    endpoint_id: UUID
    to: str
    subject: str
    text: str


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server has taken the mail."""

    order_id: UUID
    endpoint_id: UUID


def write(notice: Notice) -> Noticed:
    """Hands the notice to the mail server.

    Raises:
        NotDone: the mail server cannot be reached, so that certainly nothing was sent.
    """
    server = get_connection(timeout=TIMEOUT)
    try:
        server.open()
    except OSError as error:  # smtplib's own errors are among them
        raise NotDone(f"the mail server cannot be reached: {error}") from error
    try:
        EmailMessage(notice.subject, notice.text, to=[notice.to], connection=server).send()
    finally:
        server.close()
    return Noticed(order_id=notice.order_id, endpoint_id=notice.endpoint_id)
