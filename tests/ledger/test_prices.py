"""Quotes: what the price file says, what was seen before, and when nobody can say."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from globalaiopc import ConfigurationError
from ledger import (
    SEEN_KEY,
    ObjectStore,
    Observation,
    PriceBook,
    SeenPrices,
    load_seen,
    remember,
)
from sandbox.asked import Asked
from sandbox.prices import price_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "prices.toml"

ROW = '[[price]]\nmodel = "m"\nunit = "call"\nprice = 0.1\ncurrency = "CNY"\n'


def seen(
    amount: str | None, *, model: str = "m", seconds: int | None = 4, tokens: int | None = None
):
    return Observation(model, seconds, None, Decimal(amount) if amount else None, tokens)


def book(*rows: str, observed: tuple[Observation, ...] = ()) -> PriceBook:
    if not rows:
        return PriceBook(seen=SeenPrices().plus(observed))
    return PriceBook.parse("".join(rows), "p.toml", seen=SeenPrices().plus(observed))


def test_a_price_per_call_and_per_second_is_listed_and_exact():
    prices = book(ROW, ROW.replace('"m"', '"v"').replace("call", "second"))
    assert (prices.quote("m", seconds=None).amount, prices.currency) == (Decimal("0.1"), "CNY")
    quote = prices.quote("v", seconds=3)
    assert (quote.amount, quote.basis, quote.is_guess) == (Decimal("0.3"), "listed", False)
    assert quote.detail == "0.1 CNY per second, 3 s (price file)"
    assert (
        prices.quote("v", seconds=None).detail == "priced per second, and its length is not known"
    )


def test_a_row_for_a_resolution_comes_before_the_row_for_all():
    prices = book(ROW, ROW.replace("0.1", "0.4") + 'resolution = "2k"\n')
    assert prices.quote("m", seconds=None, resolution="2k").amount == Decimal("0.4")
    assert prices.quote("m", seconds=None, resolution="1k").amount == Decimal("0.1")


def test_without_a_row_the_most_seen_before_is_a_guess_that_says_so():
    prices = book(observed=(seen("0.38"), seen("0.40"), seen("0.39")))
    quote = prices.quote("m", seconds=4)
    assert (quote.amount, quote.currency, quote.basis, quote.is_guess) == (
        Decimal("0.40"), "", "seen", True,
    )  # fmt: skip
    assert quote.detail == (
        "a guess: the most that 3 such jobs cost before (0.38 to 0.4, last 0.39)"
    )
    assert prices.quote("m", seconds=8).amount is None


def test_the_price_file_comes_before_what_was_seen():
    assert book(ROW, observed=(seen("9"),)).quote("m", seconds=4).amount == Decimal("0.1")


def test_a_price_per_token_needs_a_count_seen_before():
    row = ROW.replace("call", "token").replace("0.1", "0.00001")
    quote = book(row).quote("m", seconds=None)
    assert (quote.amount, quote.basis) == (None, "unknown")
    assert "per token" in quote.detail
    quote = book(
        row, observed=(seen(None, seconds=None, tokens=1850), seen(None, seconds=None, tokens=900))
    ).quote("m", seconds=None)
    assert (quote.amount, quote.basis) == (Decimal("0.0185"), "seen")
    assert quote.detail == ("a guess: 0.00001 CNY per token, 1,850 tokens, the most of 2 such jobs")


def test_an_unpriced_model_says_why():
    assert book().quote("x", seconds=4).detail == "no price file, and no amount seen before"
    assert book(ROW).quote("x", seconds=4).detail == "no row in p.toml, and no amount seen before"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ROW + ROW.replace("call", "calls"), "row 2 (m), unit: Input should be 'call', 'second'"),
        (ROW.replace("0.1", '"0.1"'), "row 1 (m), price: must be a number, such as 0.10"),
        (ROW.replace("0.1", "-1"), "row 1 (m), price: must be a number of 0 or more"),
        (ROW.replace("0.1", "nan"), "row 1 (m), price: must be a number of 0 or more"),
        (ROW.replace("0.1", "true"), "row 1 (m), price: must be a number, such"),
        (ROW.replace('currency = "CNY"\n', ""), "row 1 (m), currency: Field required"),
        (ROW + "prize = 1\n", "row 1 (m), prize: Extra inputs are not permitted"),
        (ROW + ROW, "row 2 (m), model: row 1 prices it already"),
        (ROW + ROW.replace('"m"', '"n"').replace("CNY", "USD"), "row 2 (n), currency: USD, and"),
        ("[prices]\n", "holds 'prices'"),
        ("price = 3\n", "has no [[price]] rows"),
        ("", "has no [[price]] rows"),
        ("[[price]\n", "is not TOML"),
    ],
)
def test_a_wrong_price_file_is_refused_naming_row_and_field(text: str, said: str):
    with pytest.raises(ConfigurationError) as caught:
        PriceBook.parse(text, "p.toml")
    assert f"The price file p.toml: {said}" in caught.value.message
    assert (caught.value.charged, caught.value.who_acts) == ("no", "user")


def asked(model: str, *, seconds: int = 0, resolution: str | None = None) -> Asked:
    makes = "video" if seconds else "image"
    return Asked(model, "p", makes, (1280, 720), "16:9", seconds, resolution, {})


def test_the_example_file_says_what_the_sandbox_charges():
    prices = PriceBook.parse(EXAMPLE.read_text("utf-8"), EXAMPLE.name)
    for model, size in (("nano-banana", None), ("nano-banana-2", "1k"), ("nano-banana-2", "2k")):
        quote = prices.quote(model, seconds=None, resolution=size)
        assert quote.amount == price_of("nano_banana", asked(model, resolution=size))
    for model in ("openAiSora2Plus", "openAiSora2Pro"):
        expected = price_of("sora", asked(model, seconds=8))
        assert prices.quote(model, seconds=8).amount == expected


async def test_what_was_seen_is_kept_in_the_bucket_and_adds_up_across_racing_runs(
    store: ObjectStore,
):
    await asyncio.gather(*(remember(store, [seen(f"0.{n}")]) for n in range(1, 9)))
    quote = PriceBook(seen=await load_seen(store)).quote("m", seconds=4)
    assert quote.amount == Decimal("0.8")
    assert "8 such jobs" in quote.detail


async def test_a_memory_that_cannot_be_read_teaches_nothing_and_is_not_overwritten(
    store: ObjectStore,
):
    await store.put(SEEN_KEY, b'{"version": 2}', content_type="application/json")
    await remember(store, [seen("0.1")])
    assert PriceBook(seen=await load_seen(store)).quote("m", seconds=4).amount is None
    kept = await store.get(SEEN_KEY)
    assert kept is not None
    assert kept.body == b'{"version": 2}'
