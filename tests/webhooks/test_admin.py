"""The admin's pages of webhooks: they show everything but the secrets, and may switch an endpoint off and on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from tests.webhooks.conftest import add, happen, placed
from tests.webhooks.receiver import Receiver
from webhooks import services
from webhooks.models import Endpoint, Webhook

EVIL = "<script>alert('x')</script>"


@pytest.fixture
def endpoint(ada: User, receiver: Receiver) -> Endpoint:
    endpoint = add(ada, receiver)
    services.rotate_secret(endpoint.pk)
    happen(placed(ada))
    Endpoint.objects.update(description=EVIL)
    Webhook.objects.get().attempts.update(error=EVIL)
    endpoint.refresh_from_db()
    return endpoint


def pages(endpoint: Endpoint) -> list[str]:
    return [
        reverse("admin:webhooks_endpoint_changelist"),
        reverse("admin:webhooks_endpoint_change", args=[endpoint.pk]),
        reverse("admin:webhooks_webhook_changelist"),
        reverse("admin:webhooks_webhook_change", args=[Webhook.objects.get().pk]),
    ]


class TestThePages:
    def test_show_no_secret_and_run_no_script_of_others(self, admin_client: Client, endpoint: Endpoint) -> None:
        for page in pages(endpoint):
            shown = admin_client.get(page)
            assert shown.status_code == 200
            text = shown.content.decode()
            assert "whsec" not in text
            assert endpoint.secret.removeprefix("whsec_") not in text
            assert EVIL not in text

    def test_are_for_whoever_may_view_them(self, client: Client, endpoint: Endpoint) -> None:
        staff = User.objects.create_user("mo", is_staff=True)
        client.force_login(staff)
        assert {client.get(page).status_code for page in pages(endpoint)} == {403}
        staff.user_permissions.set(Permission.objects.filter(codename__in=["view_endpoint", "view_webhook"]))
        assert {client.get(page).status_code for page in pages(endpoint)} == {200}

    @pytest.mark.parametrize("query", ["%25'%22", "%00", "0" * 40])
    def test_bear_any_search(self, admin_client: Client, endpoint: Endpoint, query: str) -> None:
        for page in pages(endpoint)[::2]:
            assert admin_client.get(f"{page}?q={query}").status_code in (200, 302)

    def test_change_and_delete_nothing(self, admin_client: Client, endpoint: Endpoint) -> None:
        for page in pages(endpoint)[1::2]:
            assert admin_client.post(page, {"url": "https://evil.example/"}).status_code == 403
            assert admin_client.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403


class TestTheSwitch:
    def address(self, endpoint: Endpoint, action: str = "disable") -> str:
        return reverse("admin:webhooks_endpoint_switch", kwargs={"endpoint_id": endpoint.pk, "action": action})

    def test_disables_and_enables(self, admin_client: Client, endpoint: Endpoint) -> None:
        states = []
        for action in ("disable", "disable", "enable", "enable"):  # what was answered twice is done once
            assert admin_client.post(self.address(endpoint, action), {"answered": "1"}).status_code == 302
            endpoint.refresh_from_db()
            states.append((endpoint.state, endpoint.disabled_because))
        assert states == [("disabled", "staff")] * 2 + [("enabled", "")] * 2

    def test_is_for_whoever_may_change_endpoints_and_never_by_a_link(
        self, admin_client: Client, client: Client, endpoint: Endpoint
    ) -> None:
        for look in (admin_client.get, admin_client.post):
            assert "Disable this endpoint?" in look(self.address(endpoint)).content.decode()
        endpoint.refresh_from_db()
        assert endpoint.state == "enabled"
        client.force_login(User.objects.create_user("mo", is_staff=True))
        assert client.post(self.address(endpoint)).status_code == 403

    def test_leaves_what_was_deleted(self, admin_client: Client, endpoint: Endpoint) -> None:
        services.delete_endpoint(endpoint.pk)
        assert admin_client.post(self.address(endpoint)).status_code == 404

    def test_disables_also_what_its_owner_could_enable_again(self, admin_client: Client, endpoint: Endpoint) -> None:
        Endpoint.objects.update(state="disabled", disabled_because="gone")
        assert self.offered(admin_client, endpoint) == ["enable", "disable"]
        assert admin_client.post(self.address(endpoint), {"answered": "1"}).status_code == 302
        assert self.offered(admin_client, endpoint) == ["enable"]
        with pytest.raises(services.DisabledByStaff):
            services.change_endpoint(endpoint.pk, {"enabled": True, "description": "mine"})
        endpoint.refresh_from_db()
        assert (endpoint.disabled_because, endpoint.description) == ("staff", EVIL)

    def offered(self, client: Client, endpoint: Endpoint) -> list[str]:
        page = client.get(reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])).content.decode()
        return [action for action in ("enable", "disable") if self.address(endpoint, action) in page]

    def test_names_the_permission_to_whoever_lacks_it(
        self, admin_client: Client, client: Client, endpoint: Endpoint
    ) -> None:
        page = reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
        assert self.address(endpoint) in admin_client.get(page).content.decode()
        staff = User.objects.create_user("mo", is_staff=True)
        staff.user_permissions.set(Permission.objects.filter(codename="view_endpoint"))
        client.force_login(staff)
        shown = client.get(page).content.decode()
        assert "needs the permission <code>webhooks.change_endpoint</code>" in shown
        assert self.address(endpoint) not in shown
