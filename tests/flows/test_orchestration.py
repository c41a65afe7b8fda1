"""A paid job goes on while the Prefect server is away."""

import logging
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError

from flows import orchestration
from flows.orchestration import orchestrated
from globalaiopc import NotSent


class Double:
    """A task as far as `orchestrated` uses one."""

    name = "double"

    def __init__(self, engine: Exception | None, work: Callable[[], Awaitable[str]]) -> None:
        self._engine = engine
        self.fn = work

    async def __call__(self) -> str:
        if self._engine is not None:
            raise self._engine
        return await self.fn()


@pytest.fixture(autouse=True)
def _log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestration, "get_run_logger", lambda: logging.getLogger("run"))


async def _made() -> str:
    return "made"


@pytest.mark.parametrize(
    "engine", [None, ConcurrencySlotAcquisitionError("tags"), httpx.ConnectError("away")]
)
async def test_the_work_is_done_with_or_without_the_server(engine: Exception | None) -> None:
    assert await orchestrated(Double(engine, _made)) == "made"


async def test_an_error_of_the_work_itself_is_raised_and_the_work_not_repeated() -> None:
    calls = []

    async def refused() -> str:
        calls.append(1)
        raise NotSent("no")

    with pytest.raises(NotSent):
        await orchestrated(Double(None, refused))
    assert len(calls) == 1
