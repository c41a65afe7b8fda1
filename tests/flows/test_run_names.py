"""How runs are called: after their batch and brief, unless a person has named them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from flows import run_names
from flows.briefs import Brief


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The present flow run: its name and its parameters."""

    def be(name: str, **parameters: object) -> None:
        run = SimpleNamespace(
            get_name=lambda: name,
            get_id=lambda: "0123456789",
            get_parameters=lambda: parameters,
            get_scheduled_start_time=lambda: datetime(2026, 3, 1, 6, tzinfo=UTC),
        )
        monkeypatch.setattr(run_names, "flow_run", run)

    return be


@pytest.mark.parametrize("made_up", ["wise-otter", "lambda68-maleda-q", "nu6-holactun"])
@pytest.mark.parametrize(
    ("batch_id", "name"), [("spring_1", "spring_1"), ("daily-{date}", "daily-2026-03-01")]
)
def test_a_batchs_run_is_called_after_it(
    called: Any, made_up: str, batch_id: str, name: str
) -> None:
    called(made_up, batch_id=batch_id, timezone=None)
    assert run_names.name_of_batch() == name


@pytest.mark.parametrize("given", ["My first try", "spring-launch-2 of 4", "Spring"])
def test_a_name_that_somebody_gave_stays(called: Any, given: str) -> None:
    called(given, batch_id="spring")
    assert run_names.name_of_batch() == given


@pytest.mark.parametrize("batch_id", [None, "", "{nothing}", "a b"])
def test_a_run_without_a_batch_that_has_a_name_keeps_its_own(called: Any, batch_id: Any) -> None:
    called("wise-otter", batch_id=batch_id)
    assert run_names.name_of_batch() == "wise-otter"


def test_the_run_of_one_brief_is_called_after_its_folder(called: Any) -> None:
    brief = Brief(id="fox", topic="A fox")
    called("wise-otter", brief=brief, batch_id="daily-{date}")
    assert run_names.name_of_brief() == "daily-2026-03-01/fox"
    called("wise-otter", brief=brief, batch_id=None)
    assert run_names.name_of_brief() == "fox"
