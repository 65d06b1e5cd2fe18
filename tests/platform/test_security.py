"""What browsers are told, and what `check --deploy` says of the production settings."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config.security import POLICY
from tests.processes import ROOT

PAGES = ["/", "/docs", "/admin/login/", "/problems/not-found", "/api/v1/orders", "/nothing", "/healthz"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_headers(client: Client, path: str) -> None:
    response = client.get(path)
    assert response["Content-Security-Policy"] == POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_the_policy_lets_nothing_inside_a_page_run() -> None:
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


@pytest.mark.django_db
def test_our_pages_need_nothing_that_the_policy_forbids(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root", "root@example.org", "secret"))
    pages = [*PAGES, "/admin/", "/admin/orders/order/", "/admin/outbox/event/", "/admin/outbox/delivery/"]
    for page in pages:
        text = client.get(page).content.decode()
        assert re.findall(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))", text) == []
        assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", text) == [], page


def test_the_production_settings_pass_the_check_for_deployment() -> None:
    production = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "off",
        "SECRET_KEY": "k" * 25 + "0123456789" * 4,
        "ALLOWED_HOSTS": "shop.example",
        "SANDBOX": "on",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | production, capture_output=True, text=True, check=False)
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr
