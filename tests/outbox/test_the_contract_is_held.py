"""An answer outside the contract: an error in tests and development, a recorded drift in production."""

from __future__ import annotations

from uuid import UUID

import pytest
from pytest_django import Settings

from outbox.models import Attempt
from outbox.testing import published
from tests.outbox.rings import effects, emitted, run, states

DEPARTURES = {
    "silence": "0 answers instead of one",
    "twice": "2 answers instead of one",
    "undeclared": "undeclared answer toy.Undeclared",
}


@pytest.fixture
def in_production(settings: Settings) -> None:
    settings.OUTBOX = {"strict": False}


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestInStrictMode:
    @pytest.mark.parametrize(("note", "words"), DEPARTURES.items())
    def test_a_departure_is_a_failed_attempt_and_nothing_of_it_stays(self, note: str, words: str) -> None:
        departed, fine = run(note, "")
        assert (departed.state, fine.state) == ("waiting", "done")
        attempt = Attempt.objects.get()
        assert attempt.exception == "ContractBroken"
        assert words in attempt.message
        assert f"order {departed.order_id}" in attempt.message
        assert (effects(departed.order_id), emitted(departed.order_id)) == (0, [])


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone", "in_production")
class TestInProduction:
    @pytest.mark.parametrize(("note", "words"), DEPARTURES.items())
    def test_a_departure_is_recorded_and_what_it_did_stays(self, note: str, words: str) -> None:
        departed, fine = run(note, "")
        assert states([departed, fine]) == ["done", "done"]
        assert (departed.drift, fine.drift) == (words, "")
        assert effects(departed.order_id) == 1
        assert not Attempt.objects.exists()

    def test_of_two_answers_both_are_published(self) -> None:
        (departed,) = run("twice")
        assert [event.payload["note"] for event in emitted(departed.order_id)] == ["first", "second"]


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestAnAnswerAboutAnOrderThatIsNotInTheBatch:
    @pytest.mark.parametrize("strict", [True, False])
    def test_is_an_error_everywhere(self, settings: Settings, strict: bool) -> None:
        settings.OUTBOX = {"strict": strict}
        departed, fine = run("stranger", "")
        assert (departed.state, fine.state) == ("waiting", "done")
        assert Attempt.objects.get().exception == "ContractBroken"
        assert published("toy.Echoed", order_id=UUID(int=0)) == []
