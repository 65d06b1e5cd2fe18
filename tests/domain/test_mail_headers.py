"""The headers of mails: folded, or not, to the very bytes that Django and the standard library write."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import BadHeaderError, EmailMessage

from notifications.gateway import PlainMail


@pytest.mark.parametrize("linesep", ["\n", "\r\n"])
@pytest.mark.parametrize("to", ["ada@example.com", f"{'a' * 64}@{'b' * 60}.example", "ada@bücher.example"])
@pytest.mark.parametrize(
    "subject",
    ["", "Your order", "Größe", "tab\there", "=?utf-8?q?x?=", " edges ", "日本" * 40, "many words " * 20, "x" * 200]
    + ["x" * length for length in range(67, 72)],  # with its name, up to the 78 characters of a line and beyond
)
def test_are_the_librarys(subject: str, to: str, linesep: str) -> None:
    headers = {"Message-ID": f"<{subject.encode().hex()}@localhost>", "Date": "Wed, 01 Apr 2026 00:00:00 -0000"}

    def bytes_of(kind: type[EmailMessage]) -> Any:
        message: Any = kind(subject, "Hello Söhne\n", to=[to], headers=headers).message()
        return message.as_bytes(linesep=linesep)

    assert bytes_of(PlainMail) == bytes_of(EmailMessage)


def test_cannot_be_added_by_a_subject() -> None:
    with pytest.raises(BadHeaderError):
        PlainMail("Hello\nBcc: all@example.com", to=["ada@example.com"]).message()
