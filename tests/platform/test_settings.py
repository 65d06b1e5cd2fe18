"""What is made of the environment: the database, the mails, and clear words about what is wrong."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.database import database_settings
from config.environment import env
from config.mail import EmailBackend


def test_a_database_url_says_all_that_libpq_understands() -> None:
    url = "postgres://me:p%40ss%3Aw%2Frd@/shop?host=/run/my%20sockets&port=5433&sslmode=require"
    database = database_settings(url, statement_timeout=1000)
    assert {name: database[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "shop",
        "USER": "me",
        "PASSWORD": "p@ss:w/rd",
        "HOST": "/run/my sockets",
        "PORT": "5433",
    }
    assert database["OPTIONS"]["sslmode"] == "require"


def test_options_in_the_database_url_come_after_ours() -> None:
    database = database_settings("postgres://h/d?options=-c%20lock_timeout%3D1", statement_timeout=1000)
    options = database["OPTIONS"]["options"]
    assert options.startswith("-c statement_timeout=1000 ")
    assert options.endswith(" -c lock_timeout=1")


@pytest.mark.parametrize(
    "url",
    [
        "secret",
        "mysql://me:secret@host/name",
        "host=secret dbname=name",
        "postgres://me:p@secret:w/rd@host/name",
        "postgres://me:p@secret@host/name",
        "postgres://me:secret%zz@host/name",
        "postgres://[secret/name",
    ],
)
def test_a_database_url_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL has to be like postgres://") as refusal:
        database_settings(url, statement_timeout=1000)
    assert "secret" not in str(refusal.value)


def test_a_number_that_is_none_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_CONCURRENCY", "secret")
    with pytest.raises(ImproperlyConfigured, match="WORKER_CONCURRENCY cannot be read") as refusal:
        env.int("WORKER_CONCURRENCY", default=2)
    assert "secret" not in str(refusal.value)


def test_the_address_of_a_mail_server_that_is_none_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "smtp://me:p@host:secret/rd@host")
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL cannot be read") as refusal:
        env.email_url("EMAIL_URL")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("exists", [True, False])
def test_mails_lie_in_a_folder_that_only_the_owner_can_enter(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "mail"
    if exists:
        folder.mkdir(mode=0o755)
    EmailBackend(file_path=str(folder))
    assert folder.stat().st_mode & 0o777 == 0o700
