"""No row of docs/api-coverage.md is empty, and what each names is there."""

import importlib
from typing import TYPE_CHECKING, cast

import pytest
from prefect import Flow, Task
from starlette.routing import Match, Route

import tasks
from sandbox.app import create_app
from sandbox.settings import MEDIA_BASE, TEXT_BASE, Settings
from tests.coverage_page import PAGE, ROOT, ROWS, Row, page

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUTES = cast("Sequence[Route]", create_app(Settings()).routes)
CALLED = [row for row in ROWS if row.path]


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "python -m tests.coverage_page --write"


def test_all_rows_are_there() -> None:
    assert [row.number for row in ROWS] == list(range(1, 40))
    assert all(row.task and row.flows and row.tests for row in ROWS)


@pytest.mark.parametrize("row", CALLED, ids=lambda row: f"{row.number}")
def test_the_endpoint_has_a_task_and_a_route(row: Row) -> None:
    found = getattr(tasks, row.task)
    assert isinstance(found, Task)
    assert found.name == row.task
    base = TEXT_BASE if row.host == "text" else MEDIA_BASE
    path = base + row.path.replace("{model}", "gemini-2.5-pro").replace("{id}", "x")
    scope = {"type": "http", "method": row.method, "path": path.replace("{assetId}", "x")}
    assert any(route.matches(scope)[0] is Match.FULL for route in ROUTES), path


@pytest.mark.parametrize("name", sorted({flow for row in ROWS for flow in row.flows}))
def test_the_flows_are_there(name: str) -> None:
    assert isinstance(getattr(importlib.import_module(f"flows.{name}"), name), Flow)


def test_the_tests_are_there() -> None:
    named = {test for row in ROWS for test in row.tests}
    assert [test for test in sorted(named) if not (ROOT / test).exists()] == []


def test_tasks_that_create_say_their_path() -> None:
    creating = [row for row in CALLED if row.method == "POST" and row.area not in ("asset",)]
    for row in creating:
        assert row.path in (getattr(tasks, row.task).description or ""), row.task
