"""A batch that is run again begins with what expires first, and reports in the briefs' order."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from flows import content_batch
from flows.briefs import Brief
from flows.report import ReportItem
from flows.work import Work


async def test_what_is_with_the_provider_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    works = [Work("b", Brief(id=name, topic="x")) for name in ("new", "young", "landed", "old")]
    found = {
        "young": (0, datetime(2026, 1, 2, tzinfo=UTC)),
        "landed": (1, datetime.min.replace(tzinfo=UTC)),
        "old": (0, datetime(2026, 1, 1, tzinfo=UTC)),
    }
    begun: list[str] = []

    async def urgencies(studio: Any, batch_id: str, briefs: Any) -> Any:
        assert briefs == {"new", "young", "landed", "old"}
        return found

    async def run_brief(studio: Any, work: Work, makes: str) -> ReportItem:
        begun.append(work.brief.id)
        return ReportItem(id=work.brief.id, state="landed")

    monkeypatch.setattr(content_batch, "urgencies", urgencies)
    monkeypatch.setattr(content_batch, "run_brief", run_brief)
    items = await content_batch._made(cast("Any", None), works)
    assert begun == ["old", "young", "landed", "new"]
    assert [item.id for item in items] == ["new", "young", "landed", "old"]
    assert await content_batch._made(cast("Any", None), []) == ()
