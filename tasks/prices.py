"""The price book of a run: the user's price file, and what the bucket remembers."""

import asyncio
from pathlib import Path

from globalaiopc import ConfigurationError
from ledger import ObjectStore, PriceBook, load_seen
from tasks.studio import Studio

PRICES = "prices.toml"


async def open_prices(studio: Studio, source: str | None, batch_id: str | None = None) -> PriceBook:
    """Read the price file at `source`, a path on this machine or `s3://bucket/key`.

    Without one, that which the budget of `batch_id` was set with, if any (`keep_prices`). Raises
    `ConfigurationError` or `StudioNotReady` naming what is wrong with the file.
    """
    if not source:
        return await kept_prices(studio.store, batch_id)
    seen = await load_seen(studio.store)
    text = await asyncio.to_thread(_text, studio, source)
    return PriceBook.parse(text, source.rpartition("/")[2], seen=seen)


async def kept_prices(store: ObjectStore, batch_id: str | None) -> PriceBook:
    """What the bucket alone knows of prices: the file kept for the batch, and what jobs cost."""
    seen = await load_seen(store)
    kept = await store.get(_kept_at(batch_id)) if batch_id else None
    if kept is None:
        return PriceBook(seen=seen)
    return PriceBook.parse(kept.body.decode(), PRICES, seen=seen)


async def keep_prices(studio: Studio, source: str, batch_id: str) -> None:
    """Keep the file that a batch's budget is set with, for its runs that name none."""
    text = await asyncio.to_thread(_text, studio, source)
    await studio.store.put(_kept_at(batch_id), text.encode(), content_type="application/toml")


async def prices_for_all(studio: Studio, source: str | None, key: str) -> str | None:
    """Where every machine can read the price file: one on this machine's disk is copied to `key`.

    Raises `ConfigurationError` when it cannot be read.
    """
    if not source or source.startswith("s3://"):
        return source
    text = await asyncio.to_thread(_text, studio, source)
    await studio.store.put(key, text.encode(), content_type="application/toml")
    return studio.store.uri(key)


def _kept_at(batch_id: str) -> str:
    return f"{batch_id}/{PRICES}"


def _text(studio: Studio, source: str) -> str:
    try:
        if source.startswith("s3://"):
            return studio.open_s3(source).read().decode("utf-8-sig")
        return Path(source).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The price file {source} cannot be read: {type(error).__name__}.",
            code="bad_prices",
            advice="Name a UTF-8 TOML file that the worker may read, or s3://bucket/key.",
        ) from error
