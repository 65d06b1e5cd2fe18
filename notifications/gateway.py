"""The mail server: Django's email backend behind one function."""

from __future__ import annotations

from email.utils import parseaddr
from smtplib import SMTPRecipientsRefused
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from notifications.events import Template
from outbox import NotDone

# Seconds that the mail server may take for one step.
TIMEOUT = 8.0
# From here on an SMTP reply says never, below it says not now (RFC 5321, 4.2.1).
PERMANENT = 500


class MailIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to send this mail."""

    order_id: UUID
    template: Template
    to: str
    subject: str
    text: str


class MailSent(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server has taken the mail."""

    order_id: UUID
    template: Template
    to: str


class MailRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server refuses the recipient for good; `code` is its answer, such as 550."""

    order_id: UUID
    template: Template
    to: str
    code: int


def send(mail: MailIntent) -> MailSent | MailRefused:
    """Hands the mail to the mail server.

    Its Message-ID follows from order and template, so that a mail which an operator sends again after a doubt is
    recognised as the same by the customer's mailbox.

    Raises:
        NotDone: the mail server cannot be reached, or does not take the recipient now, so that certainly nothing was
            sent.
    """
    server = get_connection(timeout=TIMEOUT)
    try:
        server.open()
    except OSError as error:  # smtplib's own errors are among them
        raise NotDone(f"the mail server cannot be reached: {error}") from error
    headers = {"Message-ID": message_id(mail.order_id, mail.template)}
    try:
        EmailMessage(mail.subject, mail.text, to=[mail.to], headers=headers, connection=server).send()
    except SMTPRecipientsRefused as error:  # it is raised before the text is sent
        code = max((code for code, _ in error.recipients.values()), default=0)
        if code < PERMANENT:
            raise NotDone(f"the mail server does not take the recipient now: {code}") from error
        return MailRefused(order_id=mail.order_id, template=mail.template, to=mail.to, code=code)
    finally:
        server.close()
    return MailSent(order_id=mail.order_id, template=mail.template, to=mail.to)


def message_id(order_id: UUID, template: Template) -> str:
    """Returns the Message-ID of the mail, in the domain of the sender's address."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{order_id}.{template}@{domain}>"
