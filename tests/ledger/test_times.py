"""How long jobs took: one file, written by many, that only ever helps."""

import asyncio
import logging

from ledger import ObjectStore
from ledger.times import MODELS, TIMES_KEY, Ended, SeenTimes, add_times, load_times


async def test_racing_writers_lose_nothing(store: ObjectStore) -> None:
    def seen(writer: int) -> list[Ended]:
        return [Ended(f"model-{writer % 3}", 100.0, 130.0)] * 5

    saved = await asyncio.gather(*(add_times(store, seen(writer)) for writer in range(12)))
    assert all(saved)
    times = await load_times(store)
    assert {model: kept.count for model, kept in times.models.items()} == {
        f"model-{number}": 20 for number in range(3)
    }
    info = await store.head(TIMES_KEY)
    assert info is not None
    assert info.content_type == "application/json"
    assert info.size < 3 * 500


async def test_a_file_of_a_newer_program_is_left_as_it_is(store: ObjectStore, caplog) -> None:
    newer = b'{"version": 2, "models": {}}'
    await store.put(TIMES_KEY, newer, content_type="application/json")
    with caplog.at_level(logging.WARNING, "ledger"):
        assert await load_times(store) == SeenTimes()
    assert TIMES_KEY in caplog.text
    assert not await add_times(store, [Ended("m", 1.0, 2.0)])
    stored = await store.get(TIMES_KEY)
    assert stored is not None
    assert stored.body == newer


def test_the_models_seen_last_are_kept() -> None:
    times = SeenTimes().plus(Ended(f"m{number}", 1.0, 2.0) for number in range(MODELS))
    times = times.plus([Ended("m0", 1.0, 2.0), Ended("new", 1.0, 2.0)])
    assert len(times.models) == MODELS
    assert times.of("m0").count == 2
    assert times.of("m1").count == 0
