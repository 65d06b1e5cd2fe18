"""The mail server: Django's email backend behind one function."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import Compat32
from email.utils import parseaddr
from smtplib import SMTPRecipientsRefused
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notifications.events import Template
from outbox import NotDone

# Seconds that the mail server may take for one step.
TIMEOUT = 8.0
# From here on an SMTP reply says never, below it says not now (RFC 5321, 4.2.1).
PERMANENT = 500

_of_thread = threading.local()


class OrderMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to the customer of an order. `about` is the id of what it is about, where there may be several."""

    order_id: UUID
    template: Template
    to: str
    about: str = ""

    @property
    def occasion(self) -> str:
        """What it is about, so that a mail about the same is the same mail."""
        return f"{self.template}.{self.about}" if self.about else self.template


class MailIntent(OrderMail, frozen=True, kw_only=True):
    """The decision, already committed, to send this mail."""

    subject: str
    text: str


class MailSent(OrderMail, frozen=True, kw_only=True):
    """The mail server has taken the mail."""


class MailRefused(OrderMail, frozen=True, kw_only=True):
    """The mail server refuses the recipient for good; `code` is its answer, such as 550."""

    code: int


class FoldedIfLong(Compat32):
    """Writes a header that fits its line as it is: the same bytes, without what the library does to look for breaks."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        line = f"{name}: {value}"
        fits = len(line) <= (self.max_line_length or 0)
        if fits and isinstance(value, str) and line.isascii() and line.isprintable():
            return f"{line}{self.linesep}".encode()
        return super().fold_binary(name, value)


FOLDED_IF_LONG = FoldedIfLong()


class PlainMail(EmailMessage):
    """Django's mail; of its headers only those are folded that have to be."""

    def message(self, **options: Any) -> Any:
        message = super().message(**options)
        message.policy = FOLDED_IF_LONG
        return message


def send(mail: MailIntent) -> MailSent | MailRefused:
    """Hands the mail to the mail server.

    Its Message-ID follows from order and occasion, so that a mail which an operator sends again after a doubt is
    recognised as the same by the customer's mailbox.

    Raises:
        NotDone: the mail server cannot be reached, or does not take the recipient now, so that certainly nothing was
            sent.
    """
    headers = {"Message-ID": message_id(mail.order_id, mail.occasion)}
    with _server() as server:
        try:
            PlainMail(mail.subject, mail.text, to=[mail.to], headers=headers, connection=server).send()
        except SMTPRecipientsRefused as error:  # it is raised before the text is sent
            code = max((code for code, _ in error.recipients.values()), default=0)
            if code < PERMANENT:
                raise NotDone(f"the mail server does not take the recipient now: {code}") from error
            return MailRefused(order_id=mail.order_id, template=mail.template, to=mail.to, about=mail.about, code=code)
    return MailSent(order_id=mail.order_id, template=mail.template, to=mail.to, about=mail.about)


@contextmanager
def session() -> Iterator[None]:
    """The mails that this thread sends inside go over one connection; after an error the next one opens another."""
    _of_thread.servers = []
    try:
        yield
    finally:
        for server in _of_thread.__dict__.pop("servers"):
            server.close()


@contextmanager
def _server() -> Iterator[BaseEmailBackend]:
    """Lends an open connection to the mail server: the session's, if there is one."""
    kept: list[BaseEmailBackend] = getattr(_of_thread, "servers", [])
    server = kept.pop() if kept else _opened()
    try:
        yield server
    except BaseException:
        server.close()
        raise
    if hasattr(_of_thread, "servers"):
        _of_thread.servers.append(server)
    else:
        server.close()


def _opened() -> BaseEmailBackend:
    server = get_connection(timeout=TIMEOUT)
    try:
        server.open()
    except OSError as error:  # smtplib's own errors are among them
        raise NotDone(f"the mail server cannot be reached: {error}") from error
    return server


def message_id(order_id: UUID, occasion: str) -> str:
    """Returns the Message-ID of the mail, in the domain of the sender's address."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{order_id}.{occasion}@{domain}>"
