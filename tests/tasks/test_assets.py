"""Media in asset libraries: once per content and key, over the real stand-in API and S3."""

import asyncio
import hashlib
import json
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from prefect import flow

from globalaiopc import GlobalAIOPCClient, Moderated, PollFailed, Refused
from ledger import ObjectStore
from sandbox.services import S3Access, SandboxService
from tasks import Limits, Studio, asset_delete, asset_for, asset_status, asset_upload, open_studio
from tasks.assets import AssetRecord, forget, known_assets
from tasks.landing import LandingRoom
from tests.conftest import SandboxFactory
from tests.landing.makers import picture
from tests.pipeline import Pipeline

LIBRARIES = ("kyy_video2", "sd2_manxue", "seedance2")
SCHEMES = dict(zip(LIBRARIES, ("asset://", "asset://", "assetId://"), strict=True))
FACE = picture(width=640, height=360)
OTHER = picture(width=480, height=480)


async def straight(task, *args, **kwargs):
    """What a task does, without Prefect around it."""
    return await task.fn(*args, **kwargs)


class World:
    """One bucket and one stand-in API."""

    def __init__(self, s3: S3Access, sandbox: SandboxService) -> None:
        self.s3 = s3
        self.sandbox = sandbox
        self.prefix = f"assets-{secrets.token_hex(4)}"
        self._http = httpx.Client(base_url=sandbox.url, timeout=20, trust_env=False)

    @asynccontextmanager
    async def studio(self, sandbox: SandboxService | None = None) -> AsyncIterator[Studio]:
        """Another process, as far as anything here can tell."""
        places = (sandbox or self.sandbox).environment()
        client = GlobalAIOPCClient(
            places["GLOBALAIOPC_API_KEY"],
            media_base_url=places["GLOBALAIOPC_MEDIA_BASE_URL"],
            time_scale=0.01,
        )
        s3 = self.s3.client()
        async with client, httpx.AsyncClient() as media_http:
            yield Studio(
                client=client,
                s3=s3,
                store=ObjectStore(s3, self.s3.bucket, self.prefix),
                limits=Limits(text=1, image=1, video=1),
                room=LandingRoom(1),
                media_http=media_http,
            )
        s3.close()

    def chaos(self, *rules: dict[str, Any]) -> None:
        self._http.post("/sandbox/chaos", json=list(rules)).raise_for_status()

    def assets(self) -> list[dict[str, Any]]:
        return list(self._http.get("/sandbox/assets").json()["assets"])

    def close(self) -> None:
        self._http.post("/sandbox/reset")
        self._http.close()


@pytest.fixture
def world(s3: S3Access, sandbox: SandboxService):
    parts = World(s3, sandbox)
    yield parts
    parts.close()


async def put(studio: Studio, body: bytes = FACE, key: str = "b/fox/inputs/face.png") -> dict:
    """Land a picture; what `asset_for` is asked for it."""
    await studio.store.put(key, body, content_type="image/png")
    return {"key": key, "sha256": hashlib.sha256(body).hexdigest(), "kind": "image"}


async def referenced(studio: Studio, library: str, wanted: dict) -> str:
    return await asset_for(studio, library=library, run=straight, **wanted)


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_picture_is_uploaded_once_and_then_named(world: World, library: str) -> None:
    async with world.studio() as studio:
        wanted = await put(studio)
        first = await referenced(studio, library, wanted)
        (record,) = await known_assets(studio)
    async with world.studio() as studio:
        assert await referenced(studio, library, wanted) == first
    (asset,) = world.assets()
    assert first == SCHEMES[library] + asset["id"]
    assert (asset["library"], asset["kind"], asset["state"]) == (library, "image", "active")
    assert (record.asset_id, record.library) == (asset["id"], library)
    assert (record.key, record.sha256, record.kind) == tuple(wanted.values())


async def test_it_is_the_content_that_counts_not_the_place(world: World) -> None:
    async with world.studio() as studio:
        one = await referenced(studio, "seedance2", await put(studio))
        moved = await put(studio, key="elsewhere/same.png")
        assert await referenced(studio, "seedance2", moved) == one
        other = await put(studio, OTHER)
        assert await referenced(studio, "seedance2", other) != one
    assert len(world.assets()) == 2


async def test_another_key_and_another_library_know_nothing_of_it(
    world: World, sandbox_factory: SandboxFactory
) -> None:
    elsewhere = sandbox_factory(key="another-key-not-real", seed=2)
    async with world.studio() as studio, world.studio(elsewhere) as other:
        wanted = await put(studio)
        mine = await referenced(studio, "kyy_video2", wanted)
        theirs = await referenced(other, "kyy_video2", wanted)
        assert mine != theirs
        assert mine != await referenced(studio, "sd2_manxue", wanted)
        assert [record.key_hash for record in await known_assets(other)] == [other.client.key_hash]
        assert len(await known_assets(studio)) == 2
        assert await referenced(studio, "kyy_video2", wanted) == mine
        assert await referenced(other, "kyy_video2", wanted) == theirs
    assert len(world.assets()) == 2


@pytest.mark.parametrize(
    ("library", "fault"),
    [
        ("kyy_video2", "asset_gone"),
        ("sd2_manxue", "asset_gone"),
        ("seedance2", "asset_gone"),
        ("seedance2", "asset_expired"),
    ],
)
async def test_what_the_library_lost_is_uploaded_anew(
    world: World, library: str, fault: str
) -> None:
    world.chaos({"fault": fault, "after": 1})
    async with world.studio() as studio:
        wanted = await put(studio)
        first = await referenced(studio, library, wanted)
        second = await referenced(studio, library, wanted)
        assert second != first
        assert await referenced(studio, library, wanted) == second
        (record,) = await known_assets(studio)
        assert second.endswith(record.asset_id)
    assert len(world.assets()) == 2


async def test_what_is_lost_again_and_again_is_an_error(world: World) -> None:
    world.chaos({"fault": "asset_gone", "after": 0, "times": None})
    async with world.studio() as studio:
        wanted = await put(studio)
        with pytest.raises(Refused) as caught:
            await referenced(studio, "kyy_video2", wanted)
    assert (caught.value.code, caught.value.charged) == ("asset_gone", "no")
    assert len(world.assets()) == 1


@pytest.mark.parametrize(("library", "kind"), [("seedance2", Moderated), ("kyy_video2", Refused)])
async def test_a_failed_review_is_told_and_the_next_run_asks_again(
    world: World, library: str, kind: type[Refused]
) -> None:
    world.chaos({"fault": "asset_failed"})
    async with world.studio() as studio:
        wanted = await put(studio)
        with pytest.raises(kind) as caught:
            await referenced(studio, library, wanted)
        assert (caught.value.charged, caught.value.who_acts) == ("no", "user")
        assert await known_assets(studio) == ()
        await referenced(studio, library, wanted)
    assert [asset["state"] for asset in world.assets()] == ["failed", "active"]


async def test_media_that_is_not_in_the_bucket(world: World, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    async with world.studio() as studio:
        wanted = await put(studio) | {"key": "b/fox/inputs/nowhere.png"}
        for library in LIBRARIES:
            with pytest.raises(Refused) as caught:
                await referenced(studio, library, wanted)
            assert caught.value.code == "asset_unreachable"
            _holds_no_url(f"{caught.value} {caught.value.info()!r}")
        assert await known_assets(studio) == ()
    logged = [record for record in caplog.records if not record.name.startswith("boto")]
    _holds_no_url("\n".join(record.getMessage() for record in logged))


def _holds_no_url(text: str) -> None:
    assert "X-Amz" not in text
    assert "Signature" not in text


async def test_a_note_holds_no_url_and_can_be_read_by_a_person(world: World) -> None:
    async with world.studio() as studio:
        wanted = await put(studio)
        named = await referenced(studio, "kyy_video2", wanted)
        place = f"assets/{studio.client.key_hash}/kyy_video2/{wanted['sha256']}.json"
        stored = await studio.store.get(place)
    assert stored is not None
    assert b"http" not in stored.body
    note = json.loads(stored.body)
    assert named == f"asset://{note['asset_id']}"
    assert set(note) == set(AssetRecord.model_fields)
    assert note["version"] == 1


async def test_a_note_that_cannot_be_read_is_replaced(world: World) -> None:
    async with world.studio() as studio:
        wanted = await put(studio)
        place = f"assets/{studio.client.key_hash}/seedance2/{wanted['sha256']}.json"
        await studio.store.put(place, b'{"version": 2}', content_type="application/json")
        assert await known_assets(studio) == ()
        named = await referenced(studio, "seedance2", wanted)
        assert [f"assetId://{known.asset_id}" for known in await known_assets(studio)] == [named]


async def test_many_at_once_upload_each_picture_once_and_one_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.studio() as studio:
        pictures = [await put(studio, picture(width=400 + n), f"b/{n}.png") for n in range(4)]
        upload, under_way, most = studio.client.assets.upload, 0, 0

        async def watched(*args, **kwargs):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            try:
                return await upload(*args, **kwargs)
            finally:
                under_way -= 1

        monkeypatch.setattr(studio.client.assets, "upload", watched)
        named = await asyncio.gather(
            *(referenced(studio, "kyy_video2", wanted) for wanted in pictures * 5)
        )
    assert len(set(named)) == 4
    assert len(world.assets()) == 4
    assert most == 1


async def test_two_processes_at_once_agree_on_one_asset(world: World) -> None:
    async with world.studio() as one, world.studio() as two:
        wanted = await put(one)
        theirs: list[str] = []

        async def overtaken(task, *args, **kwargs):
            done = await straight(task, *args, **kwargs)
            if task.name == "asset_upload":
                place = f"assets/{two.client.key_hash}/seedance2/{wanted['sha256']}.json"
                other = await two.client.assets.upload(
                    "seedance2", await two.store.presign_get(wanted["key"], 60), "image"
                )
                record = AssetRecord(
                    library="seedance2",
                    asset_id=other.asset_id,
                    key_hash=two.client.key_hash,
                    uploaded=two.client.clock.wall(),
                    **wanted,
                )
                body = record.model_dump_json().encode()
                await two.store.put(place, body, content_type="application/json")
                theirs.append(f"assetId://{other.asset_id}")
            return done

        named = await asset_for(one, library="seedance2", run=overtaken, **wanted)
        assert [named] == theirs
        assert await referenced(two, "seedance2", wanted) == named
    assert len(world.assets()) == 2


class Died(BaseException):
    pass


async def test_a_process_that_dies_while_it_waits_leaves_the_asset_to_the_next(
    world: World,
) -> None:
    async def dies_waiting(task, *args, **kwargs):
        if task.name == "asset_status":
            raise Died
        return await straight(task, *args, **kwargs)

    async with world.studio() as studio:
        wanted = await put(studio)
        with pytest.raises(Died):
            await asset_for(studio, library="kyy_video2", run=dies_waiting, **wanted)
    async with world.studio() as studio:
        await referenced(studio, "kyy_video2", wanted)
    assert len(world.assets()) == 1


async def test_an_upload_whose_answer_is_lost_costs_nothing_and_is_made_again(
    world: World,
) -> None:
    world.chaos({"fault": "lose_answer", "route": "asset_upload"})
    async with world.studio() as studio:
        wanted = await put(studio)
        with pytest.raises(PollFailed) as caught:
            await referenced(studio, "kyy_video2", wanted)
        assert (caught.value.charged, caught.value.retry_is_free) == ("no", True)
        assert caught.value.who_acts == "nobody"
        named = await referenced(studio, "kyy_video2", wanted)
    assert named == f"asset://{world.assets()[1]['id']}"


async def test_forgetting_deletes_where_the_library_can(world: World) -> None:
    async with world.studio() as studio:
        wanted = await put(studio)
        for library in LIBRARIES:
            await referenced(studio, library, wanted)
        for library in LIBRARIES:
            gone = await forget(studio, library=library, sha256=wanted["sha256"], run=straight)
            assert gone is not None
            assert gone.library == library
        assert await known_assets(studio) == ()
        again = await forget(studio, library="kyy_video2", sha256=wanted["sha256"], run=straight)
        assert again is None
        assert await studio.store.get(wanted["key"]) is not None
    states = {asset["library"]: asset["state"] for asset in world.assets()}
    assert states == {"kyy_video2": "deleted", "sd2_manxue": "active", "seedance2": "active"}


async def test_forgetting_what_the_library_has_forgotten(world: World) -> None:
    async with world.studio() as studio:
        wanted = await put(studio)
        await referenced(studio, "kyy_video2", wanted)
        (record,) = await known_assets(studio)
        await studio.client.assets.delete("kyy_video2", record.asset_id)
        sha256 = wanted["sha256"]
        assert await forget(studio, library="kyy_video2", sha256=sha256, run=straight) == record
        assert await known_assets(studio) == ()


@flow
async def own_flow(wanted: dict) -> dict[str, Any]:
    """What a user may write."""
    async with open_studio() as studio:
        named = await asset_for(studio, library="kyy_video2", **wanted)
        made = await asset_upload(studio, "seedance2", wanted["key"], "image", name="fox")
        seen = await asset_status(studio, "seedance2", made.asset_id, wait_seconds=60)
        look = await asset_status(studio, "seedance2", made.asset_id)
        await asset_delete(studio, "kyy_video2", named.removeprefix("asset://"))
    return {"statuses": [seen.status, look.status], "asset": made.asset_id, "named": named}


@pytest.mark.stack
async def test_each_call_shows_as_a_task_run_without_any_url(pipeline: Pipeline) -> None:
    key = "b/fox/inputs/face.png"
    pipeline.put(key, FACE)
    wanted = {"key": key, "sha256": hashlib.sha256(FACE).hexdigest(), "kind": "image"}
    state = await own_flow(wanted, return_state=True)
    told = await state.result()
    assert told["statuses"] == ["active", "active"]
    run_id = str(state.state_details.flow_run_id)
    rows = pipeline.task_runs(run_id, 6)
    shown = sorted(row["name"] for row in rows)
    asset_id = told["named"].removeprefix("asset://")
    assert shown == sorted(
        [
            f"upload {key} to kyy_video2",
            f"look at {asset_id} in kyy_video2",
            f"upload {key} to seedance2",
            f"look at {told['asset']} in seedance2",
            f"look at {told['asset']} in seedance2",
            f"delete {asset_id} from kyy_video2",
        ]
    )
    for text in (*pipeline.logs(run_id), json.dumps(rows)):
        _holds_no_url(text)
