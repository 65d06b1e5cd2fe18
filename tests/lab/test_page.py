"""The page of the lab: for whom it is, what it shows, and that looking at it runs nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.lab.scenarios import SCENARIOS
from inventory.models import Stock
from orders.models import Order, Product
from outbox.models import Operation
from tests.admin.pages import words

pytestmark = pytest.mark.django_db(transaction=True)


def lab(client: Client) -> str:
    response = client.get(reverse("lab"))
    assert response.status_code == 200
    return response.content.decode()


def run(client: Client, code: str) -> str:
    return words(client.post(asking(code), {"answered": "1"}, follow=True).content.decode())


def asking(code: str) -> str:
    return reverse("lab_run", args=[code])


def member(client: Client, group: str) -> Client:
    user = User.objects.create_user("sue", "sue@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return client


@pytest.fixture
def operator(client: Client) -> Client:
    return member(client, "Operator")


def test_says_of_each_scenario_what_it_does(admin_client: Client) -> None:
    page = words(lab(admin_client))
    for scenario in SCENARIOS:
        assert f"{scenario.title} {scenario.sentence} Run it" in page
    assert "None has been run yet." in page


@pytest.mark.usefixtures("demo_data")
def test_looking_and_being_asked_runs_nothing(admin_client: Client) -> None:
    for look in (admin_client.get, admin_client.head, admin_client.post):
        assert look(asking("happy")).status_code == 200
    assert admin_client.get(reverse("lab"), {"answered": "1"}).status_code == 200
    assert admin_client.get(asking("happy"), {"answered": "1"}).status_code == 200
    assert admin_client.put(asking("happy")).status_code == 405
    assert not Order.objects.exists()
    assert not Operation.objects.exists()


@pytest.mark.usefixtures("demo_data")
def test_what_would_be_ordered_is_told_first(admin_client: Client) -> None:
    asked = words(admin_client.get(asking("happy")).content.decode())
    assert "Run “Everything goes well”?" in asked
    assert "demo Lines 2 of MUG-BLUE , 1 of TEA-GREEN Payment method pm_card_ok" in asked
    assert "Ends as shipped" in asked
    assert "Ends as cancelled or shipped" in words(admin_client.get(asking("cancel-race")).content.decode())


@pytest.mark.usefixtures("demo_data")
def test_an_operator_may_run_one_and_sees_what_became_of_it(operator: Client) -> None:
    assert "Everything goes well: this is its order." in run(operator, "happy")
    number = Order.objects.get().number
    assert f"Everything goes well {number} ○ placed staff:sue" in words(lab(operator))


@pytest.mark.usefixtures("demo_data")
def test_the_page_of_its_order_says_which_it_is(operator: Client) -> None:
    page = run(operator, "card-declined")
    assert "Placed by a scenario of the lab, card-declined : The card is declined. The stock" in page


@pytest.mark.usefixtures("demo_data")
@pytest.mark.parametrize("group", ["Support", "Auditor"])
def test_others_may_look_and_are_told_what_they_lack(client: Client, group: str) -> None:
    client = member(client, group)
    html = lab(client)
    assert "takes the permission outbox.run_scenario" in words(html)
    assert asking("happy") not in html
    assert client.get(asking("happy")).status_code == 403
    assert client.post(asking("happy"), {"answered": "1"}).status_code == 403
    assert not Order.objects.exists()


def test_is_not_for_staff_that_may_look_at_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("sue", is_staff=True))
    assert client.get(reverse("lab")).status_code == 403


class TestOutsideOfTheSandbox:
    @pytest.fixture(autouse=True)
    def real(self, settings: Any) -> None:
        settings.SANDBOX = False

    @pytest.mark.usefixtures("demo_data")
    def test_there_is_no_such_page(self, admin_client: Client) -> None:
        assert admin_client.get(reverse("lab")).status_code == 404
        assert admin_client.post(asking("happy"), {"answered": "1"}).status_code == 404
        assert not Order.objects.exists()

    def test_no_link_leads_there(self, admin_client: Client) -> None:
        assert reverse("lab") not in admin_client.get(reverse("admin:index")).content.decode()


def test_the_first_page_links_to_it_for_whoever_may_run_one(operator: Client) -> None:
    assert f'href="{reverse("lab")}"' in operator.get(reverse("admin:index")).content.decode()


def test_the_first_page_has_no_link_for_others(client: Client) -> None:
    assert reverse("lab") not in member(client, "Support").get(reverse("admin:index")).content.decode()


class TestWhatIsMissing:
    def test_products_that_are_not_on_the_price_list(self, admin_client: Client) -> None:
        Stock.objects.create(sku="MUG-BLUE", on_hand=5)
        assert "Not on the price list: MUG-BLUE. `manage.py seed_demo` adds" in run(admin_client, "card-declined")
        assert "Not on the price list: SOLD-OUT." in run(admin_client, "out-of-stock")

    @pytest.mark.usefixtures("demo_data")
    def test_products_that_are_not_sold_any_more(self, admin_client: Client) -> None:
        Product.objects.update(active=False)
        assert "Not sold any more: MUG-BLUE." in run(admin_client, "reorder")

    def test_stock_that_is_not_there_or_used_up(self, admin_client: Client) -> None:
        assert "There is no stock of MUG-BLUE." in run(admin_client, "duplicate")
        Stock.objects.create(sku="MUG-BLUE", on_hand=5, reserved=5)
        assert "All of MUG-BLUE is sold or reserved" in run(admin_client, "duplicate")
        assert not Order.objects.exists()
        assert not Operation.objects.exists()

    @pytest.mark.usefixtures("demo_data")
    def test_the_customer_of_the_demo_data(self, operator: Client) -> None:
        User.objects.filter(username="demo").delete()
        run(operator, "happy")
        assert Order.objects.get().customer.get_username() == "sue"

    @pytest.mark.usefixtures("demo_data")
    def test_a_turn_among_too_many_events(self, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("config.lab.scenarios.fan_out", lambda: 0)
        assert "too many events wait for the relay. Try later." in run(admin_client, "reorder")
        assert not Order.objects.exists()

    @pytest.mark.parametrize("code", ["nothing", "\x00", "<b>", "happy/more"])
    def test_a_scenario_of_another_name(self, admin_client: Client, code: str) -> None:
        assert admin_client.post(f"{reverse('lab')}{quote(code)}/", {"answered": "1"}).status_code == 404


@pytest.mark.usefixtures("demo_data")
def test_takes_a_constant_number_of_statements(admin_client: Client) -> None:
    taken = []
    for times in (1, 5):
        for _ in range(times):
            run(admin_client, "happy")
        lab(admin_client)
        with CaptureQueriesContext(connection) as queries:
            lab(admin_client)
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 6
