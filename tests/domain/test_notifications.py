"""Notifications: each mail once, to the right address, in words that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend

from notifications.events import NotificationFailed, NotificationSent
from notifications.gateway import MailIntent, message_id
from notifications.models import Mail
from notifications.reactions import SendMail
from notifications.readers import (
    Address,
    OrderCancellationRejected,
    OrderCancelled,
    OrderedLine,
    OrderPlaced,
    OrderShipped,
    PaymentCaptured,
    PaymentRefunded,
    ShipmentDelivered,
)
from notifications.services import recipient_hash
from outbox import Ignored, Money, NotDone, NotReadyYet
from tests.domain.feeding import feed, statements

pytestmark = pytest.mark.django_db
send_mail = SendMail()


def placed(order_id: UUID, *, email: str = "ada@example.com", name: str = "Ada & Söhne <3") -> OrderPlaced:
    return OrderPlaced(
        order_id=order_id,
        number="ORD-2026-000123",
        customer_email=email,
        lines=(OrderedLine(name="Blue mug", quantity=2), OrderedLine(name="Green tea", quantity=1)),
        ship_to=Address(recipient=name),
    )


def captured(order_id: UUID) -> PaymentCaptured:
    return PaymentCaptured(order_id=order_id, amount=Money(amount=123_450, currency="EUR"))


def shipped(order_id: UUID) -> OrderShipped:
    return OrderShipped(order_id=order_id, carrier="Starling Post", tracking_number="SP0001")


def cancelled(order_id: UUID, reason: Any = "declined") -> OrderCancelled:
    return OrderCancelled(order_id=order_id, reason=reason)


def written(*events: Any) -> MailIntent:
    """The mail about the last of the events."""
    answers = [feed(send_mail.prepare, event)[0] for event in events]
    assert isinstance(answers[-1], MailIntent)
    return answers[-1]


class TestTheTexts:
    def test_placed(self) -> None:
        mail_ = written(placed(uuid4()))
        assert (mail_.to, mail_.subject) == ("ada@example.com", "We have received your order ORD-2026-000123")
        assert mail_.text == (
            "Hello Ada & Söhne <3,\n\n"
            "thank you for your order ORD-2026-000123:\n\n"
            "  2 x Blue mug\n"
            "  1 x Green tea\n\n"
            "We will write to you again as soon as it is on its way.\n\n"
            "Your Murmuration team\n"
        )

    def test_shipped(self) -> None:
        order_id = uuid4()
        mail_ = written(placed(order_id), shipped(order_id))
        assert mail_.subject == "Your order ORD-2026-000123 is on its way"
        assert "handed your order ORD-2026-000123 to Starling Post" in mail_.text
        assert "Your tracking number is SP0001." in mail_.text

    @pytest.mark.parametrize(
        ("reason", "says"),
        [
            ("inventory", "not have enough in stock"),
            ("declined", "was declined"),
            ("customer", "as you asked"),
            ("staff", "we had to cancel"),
            ("fulfilment", "cannot deliver to the address"),
            ("expired", "in time"),
        ],
    )
    def test_cancelled(self, reason: str, says: str) -> None:
        order_id = uuid4()
        mail_ = written(placed(order_id), cancelled(order_id, reason))
        assert mail_.subject == "Your order ORD-2026-000123 has been cancelled"
        assert says in mail_.text
        assert "\n\n\n" not in mail_.text

    @pytest.mark.parametrize(
        ("event", "subject", "says"),
        [
            (captured, "We have received your payment for the order ORD-2026-000123", "payment of 1,234.50 EUR"),
            (ShipmentDelivered, "Your order ORD-2026-000123 has been delivered", "2 x Blue mug"),
            (OrderCancellationRejected, "Your order ORD-2026-000123 could not be cancelled any more", "return it"),
            (PaymentRefunded, "Your money for the order ORD-2026-000123 is on its way back", "given back"),
        ],
    )
    def test_what_may_follow(self, event: Any, subject: str, says: str) -> None:
        order_id = uuid4()
        mail_ = written(placed(order_id), event(order_id=order_id))
        assert mail_.subject == subject
        assert says in mail_.text
        assert "\n\n\n" not in mail_.text

    def test_a_name_cannot_write_paragraphs_or_headers(self) -> None:
        mail_ = written(placed(uuid4(), name="Ada\r\nBcc: all@example.com\n\nYou have won\x00\u202e!"))
        assert "Hello Ada Bcc: all@example.com You have won!,\n" in mail_.text


class TestSending:
    def test_sends_and_says_so(self) -> None:
        order_id = uuid4()
        outcome = send_mail.call(written(placed(order_id)))
        assert feed(send_mail.record, outcome) == [
            NotificationSent(
                order_id=order_id,
                template="placed",
                channel="email",
                recipient_hash=recipient_hash("Ada@example.com"),
            )
        ]
        (message,) = mail.outbox
        assert message.to == ["ada@example.com"]
        assert message.message()["Message-ID"] == message_id(order_id, "placed") == f"<{order_id}.placed@localhost>"
        assert Mail.objects.get(order_id=order_id).sent_at is not None

    def test_recorded_twice_changes_nothing(self) -> None:
        event = placed(uuid4())
        outcome = send_mail.call(written(event))
        feed(send_mail.record, outcome)
        assert feed(send_mail.record, outcome) == [Ignored(event.order_id, "already recorded")]
        assert feed(send_mail.prepare, event) == [Ignored(event.order_id, "already sent")]

    @pytest.mark.parametrize("event", [shipped, cancelled])
    def test_waits_for_the_address(self, event: Any) -> None:
        order_id = uuid4()
        (answer,) = feed(send_mail.prepare, event(order_id))
        assert isinstance(answer, NotReadyYet)
        assert not Mail.objects.exists()
        assert written(placed(order_id), event(order_id)).to == "ada@example.com"

    @pytest.mark.parametrize("email", ["", "ada", "ada@example.com\nBcc: all@example.com"])
    def test_sends_nothing_without_a_valid_address(self, email: str) -> None:
        event = placed(uuid4(), email=email)
        assert feed(send_mail.prepare, event) == [Ignored(event.order_id, "the customer has no valid e-mail address")]
        assert not Mail.objects.exists()

    def test_it_has_no_look_up_so_that_a_mail_is_never_repeated_by_itself(self) -> None:
        assert not hasattr(send_mail, "look_up")


def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    assert _counts(2) == _counts(50)
    assert max(_counts(2)) <= 3


def _counts(size: int) -> list[int]:
    known = [placed(uuid4()) for _ in range(size)]
    intents = feed(send_mail.prepare, *known)
    mixed = [placed(uuid4()) if n % 2 else shipped(event.order_id) for n, event in enumerate(known)]
    outcomes = [send_mail.call(intent) for intent in intents]
    return [statements(send_mail.prepare, *mixed), statements(send_mail.record, *outcomes)]


class TestARecipientThatIsRefused:
    @pytest.fixture
    def refusing(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        """Makes the mail server answer every recipient with this code."""

        def refuse(code: int) -> None:
            def send_messages(server: object, messages: Sequence[EmailMessage]) -> int:
                raise SMTPRecipientsRefused({to: (code, b"no") for message in messages for to in message.to})

            monkeypatch.setattr(EmailBackend, "send_messages", send_messages)

        return refuse

    def test_for_good_is_an_event(self, refusing: Callable[[int], None]) -> None:
        refusing(550)
        event = placed(uuid4())
        outcome = send_mail.call(written(event))
        assert feed(send_mail.record, outcome) == [
            NotificationFailed(
                order_id=event.order_id,
                template="placed",
                channel="email",
                recipient_hash=recipient_hash("ada@example.com"),
                code=550,
            )
        ]
        row = Mail.objects.get()
        assert (row.state, row.refusal, row.sent_at) == ("failed", 550, None)
        assert feed(send_mail.prepare, event) == [Ignored(event.order_id, "already failed")]

    def test_for_now_is_tried_again_without_a_doubt(self, refusing: Callable[[int], None]) -> None:
        refusing(451)
        with pytest.raises(NotDone):
            send_mail.call(written(placed(uuid4())))


class TestASession:
    @pytest.fixture
    def opened(self, monkeypatch: pytest.MonkeyPatch) -> list[EmailBackend]:
        """The connections to the mail server that were opened."""
        connections: list[EmailBackend] = []
        monkeypatch.setattr(EmailBackend, "open", lambda server: connections.append(server))
        return connections

    def test_sends_its_mails_over_one_connection(self, opened: list[EmailBackend]) -> None:
        with send_mail.session():
            for _ in range(3):
                send_mail.call(written(placed(uuid4())))
        assert (len(opened), len(mail.outbox)) == (1, 3)
        send_mail.call(written(placed(uuid4())))
        assert len(opened) == 2

    def test_opens_another_one_after_an_error(
        self, opened: list[EmailBackend], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with send_mail.session():
            with monkeypatch.context() as broken:
                broken.setattr(EmailBackend, "send_messages", _hang_up)
                with pytest.raises(SMTPServerDisconnected):
                    send_mail.call(written(placed(uuid4())))
            send_mail.call(written(placed(uuid4())))
        assert (len(opened), len(mail.outbox)) == (2, 1)


def _hang_up(server: object, messages: Sequence[EmailMessage]) -> int:
    raise SMTPServerDisconnected("hung up")
