"""Waiting for an asset: how often it is looked at, and what ends it."""

import httpx
import pytest

from globalaiopc import (
    DeadlinePassed,
    GlobalAIOPCError,
    LoginFailed,
    Moderated,
    Refused,
)
from globalaiopc.assets import POLL_EVERY
from tests.globalaiopc.asset_answers import E8, ID, LOGIN, URL, batch, detail
from tests.globalaiopc.doubles import (
    FakeClock,
    Script,
    client_for,
)


async def test_waiting_looks_every_two_to_five_seconds_until_it_is_active() -> None:
    clock = FakeClock()
    steps = [detail("Processing")] * 12 + [httpx.Response(502), detail("Active", url=URL)]
    script = Script(*steps, clock=clock)
    async with client_for(script, clock) as client:
        asset = await client.assets.wait("kyy_video2", ID)
    assert asset.status == "active"
    gaps = [after - before for before, after in zip(script.times, script.times[1:], strict=False)]
    assert script.times[0] == 1000
    low, high = POLL_EVERY
    assert low / 2 <= gaps[0] <= low
    assert all(low <= gap <= high for gap in gaps[1:])
    assert max(gaps) > low


async def test_waiting_goes_by_the_clients_time_scale() -> None:
    clock = FakeClock()
    script = Script(*[detail("Processing")] * 5, detail("Active"), clock=clock)
    async with client_for(script, clock, time_scale=0.01) as client:
        await client.assets.wait("seedance2", ID)
    assert script.times[-1] - 1000 <= 5 * POLL_EVERY[1] * 0.01


@pytest.mark.parametrize(
    ("last", "kind", "code"),
    [
        (detail("FAILED", errorMessage="审核未通过"), Moderated, "moderated"),
        (detail("Failed"), Refused, "asset_failed"),
        (detail("EXPIRED"), Refused, "asset_gone"),
        (detail("DELETED"), Refused, "asset_gone"),
        (E8, Refused, "asset_gone"),
        (httpx.Response(404, json={"message": "asset not found"}), Refused, "asset_gone"),
        (batch(failed=({"assetId": ID, "errorMessage": "lookup failed"},)), Refused, "asset_gone"),
        (LOGIN, LoginFailed, "login_failed"),
    ],
)
async def test_what_ends_the_waiting(last, kind, code) -> None:
    clock = FakeClock()
    script = Script(detail("Processing"), last, clock=clock)
    async with client_for(script, clock) as client:
        with pytest.raises(GlobalAIOPCError) as caught:
            await client.assets.wait("seedance2", ID)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.charged, error.retry_is_free) == (code, "no", True)
    assert error.who_acts == "user"
    assert clock.now() < 1000 + 30


async def test_an_asset_that_is_not_visible_yet_is_looked_at_again() -> None:
    script = Script(E8, E8, detail("Processing"), E8, E8, detail("Active"))
    async with client_for(script) as client:
        assert (await client.assets.wait("kyy_video2", ID)).status == "active"
    assert len(script.requests) == 6


async def test_the_deadline_is_kept_and_costs_nothing() -> None:
    clock = FakeClock()
    script = Script(detail("Reviewing"), clock=clock)
    async with client_for(script, clock) as client:
        with pytest.raises(DeadlinePassed, match=r"after 40 s .*Reviewing") as caught:
            await client.assets.wait("kyy_video2", ID, 40)
    assert script.times[-1] == 1040
    error = caught.value
    assert (error.charged, error.retry_is_free, error.who_acts) == ("no", True, "provider")


async def test_an_outage_of_looks_ends_with_the_deadline_and_says_what_the_last_was() -> None:
    script = Script(httpx.ConnectError("refused"))
    async with client_for(script) as client:
        with pytest.raises(DeadlinePassed, match="The last look failed"):
            await client.assets.wait("kyy_video2", ID, 20)
    assert len(script.requests) > 4


async def test_a_429_closes_the_gate_for_all_and_ends_no_waiting() -> None:
    clock = FakeClock()
    limited = httpx.Response(429, headers={"Retry-After": "60"})
    script = Script(limited, detail("Active"), clock=clock)
    async with client_for(script, clock) as client:
        await client.assets.wait("kyy_video2", ID)
    assert script.times[1] - script.times[0] >= 60
