"""What happens first when the next release is deployed: it migrates, and its web process publishes for one order."""

import sys
from uuid import UUID

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from outbox import publish  # noqa: E402
from tests.faults.next_release.toy.events import Greeted  # noqa: E402

call_command("migrate", skip_checks=False, verbosity=0)
with transaction.atomic():
    publish(Greeted(order_id=UUID(sys.argv[1])))
