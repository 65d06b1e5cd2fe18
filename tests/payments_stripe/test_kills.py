"""`kill -9` of the worker around each of the two requests of a capture: one charge, and the order is shipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL
from uuid import UUID

import pytest

from config.settings import QUEUES
from outbox.models import Attempt
from tests.domain.journeys import order, status
from tests.payments_stripe.conftest import SECRET_KEY, STRIPE, WEBHOOK_SECRET
from tests.payments_stripe.ledger import charges, intents
from tests.payments_stripe.recorder import CONFIRM, CREATE, LOOK, Recorder
from tests.payments_stripe.test_journeys import TOTAL, VISA, payment
from tests.processes import Processes, quiet, real_processes, wait_until

EFFECTS = [name for name in QUEUES if name.endswith(".effects")]
QUICK = [name for name in QUEUES if name not in EFFECTS]


@pytest.fixture
def processes(transactional_db: None, recorder: Recorder, tmp_path: Path) -> Iterator[Processes]:
    """Everybody but the effects worker, with Stripe chosen as a shop would choose it: by settings."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.journeys.settings",
        "VAR_DIR": str(tmp_path),
        "CELERY_BROKER_URL": "",
        "PAYMENT_PROVIDER": STRIPE,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": recorder.url,
    }
    with real_processes(tmp_path, **environment) as started:
        started.relay()
        started.worker(*QUICK)
        yield started


def die_at(processes: Processes, recorder: Recorder, kind: str, *, after: bool) -> UUID:
    """Kills the effects worker when this request is on its way to Stripe, or (`after`) its answer on the way back."""
    held = recorder.plan(kind, held=True, after=after)
    victim = processes.worker(*EFFECTS)
    processes.wait_until_at_work()
    order_id = order(VISA)
    wait_until(held.reached.is_set, f"{kind} is under way")
    assert victim.kill() == -SIGKILL
    held.lost = not after
    held.released.set()
    return order_id


def bring_to_the_end(processes: Processes, order_id: UUID) -> None:
    processes.worker(*EFFECTS)
    wait_until(lambda: status(order_id) == "shipped", "the order is shipped")
    wait_until(quiet, "nothing is under way")
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("after", [False, True], ids=["before Stripe has it", "after Stripe has done it"])
def test_while_the_charge_is_opened(processes: Processes, recorder: Recorder, company: int, after: bool) -> None:
    order_id = die_at(processes, recorder, CREATE, after=after)
    assert payment(order_id).provider_ref == ""
    bring_to_the_end(processes, order_id)
    assert recorder.kinds() == [CREATE, CREATE, CONFIRM]
    assert (intents(company, order_id), charges(company, order_id)) == (["succeeded"], [(TOTAL, 0)])


@pytest.mark.parametrize("after", [False, True], ids=["before Stripe has it", "after Stripe has done it"])
def test_while_the_money_is_taken(processes: Processes, recorder: Recorder, company: int, after: bool) -> None:
    """Its name at Stripe is committed, so it is looked up, and confirmed if it has not been."""
    order_id = die_at(processes, recorder, CONFIRM, after=after)
    assert (payment(order_id).state, payment(order_id).provider_ref[:3]) == ("capturing", "pi_")
    recorder.forget_keys()  # as if a day had passed
    bring_to_the_end(processes, order_id)
    assert recorder.kinds() == [CREATE, CONFIRM, LOOK, *([] if after else [CONFIRM])]
    assert (intents(company, order_id), charges(company, order_id)) == (["succeeded"], [(TOTAL, 0)])
