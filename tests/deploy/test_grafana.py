"""The dashboard asks for metrics that exist, split by what they can be split by."""

import json
import re
from typing import Any

import pytest

from tasks.instruments import INSTRUMENTS
from tests.conftest import ROOT
from tests.metrics_table import PAGE, with_table

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "globalaiopc.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = [one for one in DASHBOARD["panels"] if one["type"] != "row"]
QUERIES = [(one["title"], target) for one in PANELS for target in one["targets"]]

SERIES = {
    f"{one.prometheus}{suffix}": one
    for one in INSTRUMENTS.values()
    for suffix in (("_bucket", "_sum", "_count") if one.kind == "histogram" else ("",))
}


def metrics_in(query: str) -> set[str]:
    return set(re.findall(r"([a-z_]\w*)(?=[{\[])", query))


def labels_in(query: str) -> set[str]:
    by = {one for group in re.findall(r"by \(([^)]*)\)", query) for one in re.split(r",\s*", group)}
    matched = {
        one
        for group in re.findall(r"\{([^}]*)\}", query)
        for one in re.findall(r"(\w+)\s*[=!]", group)
    }
    return by | matched


@pytest.mark.parametrize(
    ("title", "target"), QUERIES, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_query_names_what_there_is(title: str, target: dict[str, Any]) -> None:
    query = target["expr"]
    found = metrics_in(query)
    assert found, query
    assert found <= set(SERIES), f"{title}: no such metric: {found - set(SERIES)}"
    known = {name.replace(".", "_") for one in found for name in SERIES[one].attributes}
    if any(one.endswith("_bucket") for one in found):
        known.add("le")
    assert labels_in(query) <= known, f"{title}: {labels_in(query) - known}"
    shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    assert shown <= labels_in(query), f"{title}: {shown}"
    assert query.count("(") == query.count(")")


def test_a_query_that_is_wrong_is_found() -> None:
    with pytest.raises(AssertionError, match="no such metric"):
        test_a_query_names_what_there_is("x", {"expr": "sum(globalaiopc_sumbits_total[5m])"})
    wrong = {"expr": "sum by (batch_id) (globalaiopc_submits_total[5m])", "legendFormat": ""}
    with pytest.raises(AssertionError, match="batch_id"):
        test_a_query_names_what_there_is("x", wrong)


def test_grafana_can_take_the_file() -> None:
    assert DASHBOARD["schemaVersion"] >= 39
    assert "id" not in DASHBOARD, "Grafana gives the number"
    numbers = [one["id"] for one in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, f"{panel['title']} lies on another"
        taken |= cells
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}", "whichever the reader has"
        assert len({one["refId"] for one in panel["targets"]}) == len(panel["targets"])


def test_all_that_the_issue_names_is_shown() -> None:
    shown = {SERIES[one].name for _, target in QUERIES for one in metrics_in(target["expr"])}
    for name in ("submits", "polls", "poll.lag", "landings", "landing.size", "cost", "unknowns"):
        assert f"globalaiopc.{name}" in shown
    assert {"globalaiopc.rate_limits", "globalaiopc.unknown.cost"} <= shown


def test_no_metric_is_split_by_what_has_no_end() -> None:
    for one in INSTRUMENTS.values():
        assert not {"batch", "brief", "job", "flow_run", "request.id"} & {
            part
            for name in one.attributes
            for part in (name.removeprefix("globalaiopc.").partition(".")[0],)
        }, one.name


def test_the_docs_table_is_that_of_the_program() -> None:
    page = PAGE.read_text("utf-8")
    assert with_table(page) == page, "run `python -m tests.metrics_table`"
