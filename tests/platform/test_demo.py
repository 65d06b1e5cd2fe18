"""The demo data, and the start page that says how to use it."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from config.apps import install_queue
from config.client import Customer, order_body
from inventory.models import Stock
from orders.models import Product


@pytest.mark.django_db
def test_the_demo_data_is_made_once_and_what_people_changed_since_is_kept(settings: Any) -> None:
    settings.DEBUG = True
    call_command("seed_demo", verbosity=0)
    Stock.objects.filter(sku="LAST-ONE").update(on_hand=0)
    Product.objects.filter(sku="MUG-BLUE").update(unit_price=1)
    call_command("seed_demo", verbosity=0)
    assert dict(Stock.objects.values_list("sku", "on_hand")) | {"MUG-BLUE": 1, "TEA-GREEN": 1, "POT-IRON": 1} == {
        "MUG-BLUE": 1,
        "TEA-GREEN": 1,
        "POT-IRON": 1,
        "LAST-ONE": 0,
        "SOLD-OUT": 0,
    }
    assert Product.objects.get(sku="MUG-BLUE").unit_price == 1
    assert User.objects.get(username="admin").is_superuser
    assert not User.objects.get(username="demo").is_staff


@pytest.mark.django_db
def test_passwords_that_everybody_knows_are_not_made_in_production(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_the_demo_says_so_when_nothing_runs() -> None:
    with pytest.raises(CommandError, match="make run"):
        call_command("demo", site="http://127.0.0.1:1")


@pytest.mark.django_db
def test_installing_the_queue_again_changes_nothing() -> None:
    install_queue("default")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('pgmq')")
        assert cursor.fetchone() == ("pgmq",)


@pytest.mark.django_db
def test_every_queue_is_there_before_any_process_starts_and_notifies() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'trigger_notify_queue_insert_listeners'")
        assert cursor.fetchone() == (len(settings.QUEUES),)


def test_the_command_that_is_printed_is_one_line_for_any_shell() -> None:
    curl = Customer("http://127.0.0.1:8000", "mur_token").curl(order_body({"MUG-BLUE": 2}))
    assert "\n" not in curl
    assert curl.count("'") % 2 == 0


class TestStartPage:
    def test_says_how_to_place_an_order_at_the_address_it_was_asked_at(self, client: Client) -> None:
        page = client.get("/", HTTP_HOST="localhost:8123").content.decode()
        assert "http://localhost:8123/api/v1/orders" in page
        assert '"Idempotency-Key: ' in page

    def test_needs_no_exception_from_the_strictest_policy(self, client: Client) -> None:
        page = client.get("/").content.decode()
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|https?://(?!testserver)", page)

    def test_shows_no_passwords_in_production(self, client: Client, settings: Any) -> None:
        settings.DEBUG = False
        assert "demo:demo" not in client.get("/").content.decode()

    def test_is_only_for_reading(self, client: Client) -> None:
        assert client.post("/").status_code == 405
