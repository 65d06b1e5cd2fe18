"""Run in a process of its own, with one app beside `outbox`: checks, migrates, hears one event, says what became of it.

`python -m tests.architecture.hear_one_event NAME PAYLOAD`; prints the deliveries as JSON.
"""

from __future__ import annotations

import json
import sys
from uuid import UUID, uuid4

import django

django.setup()

from django.core.management import call_command  # noqa: E402 (Django has to be set up first)
from django.db import connection  # noqa: E402

from outbox.models import Delivery, Event, Subscription  # noqa: E402
from outbox.testing import run_until_quiet  # noqa: E402

name, payload = sys.argv[1], json.loads(sys.argv[2])
call_command("check", databases=["default"], stdout=sys.stderr)
call_command("migrate", verbosity=0)
Subscription.objects.update(since=0)  # who sleeps until it is needed is woken
event = Event.objects.create(
    id=uuid4(),
    name=name,
    order_id=UUID(payload["order_id"]),
    payload=payload,
    cause_kind="system",
    producer="another process",
)
with connection.cursor() as cursor:
    cursor.execute("INSERT INTO outbox_pendingevent (event_id) VALUES (%s)", [event.pk])
run_until_quiet()
columns = ("event__name", "reaction_id", "state", "outcome", "attempts")
sys.stdout.write(json.dumps(list(Delivery.objects.order_by("id").values_list(*columns))) + "\n")
