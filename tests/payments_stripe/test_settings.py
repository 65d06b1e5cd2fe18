"""Choosing Stripe: whole, or refused with a line that says what is missing; and imported by nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.checks import run_checks
from django.utils.module_loading import import_string

from payments.gateway import STRIPE_PROVIDER
from payments.stripe import StripeProvider
from tests.processes import ROOT

WHOLE = {
    "PAYMENT_PROVIDER": STRIPE_PROVIDER,
    "SANDBOX": False,
    "CARRIER": "",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "STRIPE_API_BASE": "https://api.stripe.com",
}


def test_the_setting_names_the_class() -> None:
    assert import_string(STRIPE_PROVIDER) is StripeProvider


@pytest.mark.parametrize(
    ("different", "found"),
    [
        ({}, []),
        ({"STRIPE_SECRET_KEY": "rk_live_restricted"}, []),
        ({"SANDBOX": True, "STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_API_BASE": "http://127.0.0.1:1"}, []),
        ({"STRIPE_SECRET_KEY": ""}, ["payments.E003"]),
        ({"STRIPE_WEBHOOK_SECRET": ""}, ["payments.E003"]),
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, ["payments.E004"]),
        ({"SANDBOX": True}, ["payments.E004"]),
        ({"STRIPE_API_BASE": "http://api.stripe.com"}, ["payments.E005"]),
    ],
)
def test_half_of_it_is_refused(settings: Any, different: dict[str, Any], found: list[str]) -> None:
    for name, value in {**WHOLE, **different}.items():
        setattr(settings, name, value)
    errors = run_checks(tags=["payments"])
    assert [error.id for error in errors] == found
    assert not any(secret in str(errors) for secret in ("sk_live_x", "sk_test_x", "whsec_x"))


def test_whoever_does_not_choose_it_does_not_import_it() -> None:
    """It takes half a second and 30 MB, and is not even installed by `make run`."""
    program = (
        "import django, sys; django.setup(); import config.urls, config.celery, payments.reactions, payments.gateway; "
        "payments.gateway.provider(); sys.exit('stripe' in sys.modules)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "SANDBOX": "on"}
    environment.pop("PAYMENT_PROVIDER", None)
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, timeout=60, check=False)
    assert ran.returncode == 0
