"""The routes of the three asset libraries, each answering in its own documented shape.

kyy_video2: `code` is a number on upload and detail, and the string "0" on delete (docs).
sd2_manxue: batches, with `items` and `failedItems`; `code` is the string "0" (docs).
seedance2: sometimes bare, sometimes in `data` (integrators); here each asset's answers alternate.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import answers
from sandbox.answers import Answer
from sandbox.asked import Kind
from sandbox.assets import Asset, Deposit, State
from sandbox.chaos import Occasion
from sandbox.faults import spoil
from sandbox.references import Unusable
from sandbox.settings import MEDIA_BASE
from sandbox.world import World, json_object, text_field, world_of

Body = Mapping[str, JsonValue]

KYY, MANXUE, SEEDANCE = "kyy_video2", "sd2_manxue", "seedance2"
_KYY_PATH = "/kyyVideo2/asset"
_MANXUE_PATH = "/asset/sd2Manxue"
_SEEDANCE_PATH = "/asset/seedance2"

_KINDS = {"Image": "image", "Video": "video", "Audio": "audio"}
_TYPES = {kind: word for word, kind in _KINDS.items()} | {"document": "Document"}
_PROBED: Mapping[str, Kind] = {"image": "image", "video": "video", "audio": "audio"}
_BATCHES = {"imageUrls": "image", "videoUrls": "video", "audioUrls": "audio"}
# kyy_video2 and sd2_manxue know three states; an expired asset is none they ever showed.
_TITLE_CASE: Mapping[State, str] = {
    "processing": "Processing",
    "active": "Active",
    "failed": "Failed",
}
_UNREACHABLE = "素材 URL 无法访问"
_UNSUPPORTED = "unsupported media"
# sd2_manxue takes only such images (docs).
_RATIOS, _SIDES = (0.4, 2.5), (300, 6000)
_MATERIAL: Mapping[State, str] = {"processing": "PROCESSING", "failed": "FAILED"}


async def _answered(
    request: Request, occasion: Occasion, work: Callable[[World], Awaitable[Answer]]
) -> Response:
    """The right answer, or the fault that strikes it."""
    world = world_of(request)
    hit = world.chaos.answer_fault(occasion)
    if hit is not None and not hit.accepted:
        return spoil(hit, None)
    if not world.knows_key(request):
        return answers.login_failed()
    right = await work(world)
    return right if hit is None else spoil(hit, right)


def _occasion(route: str, asked: Deposit) -> Occasion:
    """`match` looks at the name and the URL, `model` at the library."""
    return Occasion(
        frozenset({"asset", route, "*"}),
        kind=asked.kind,
        model=asked.library,
        prompt=f"{asked.name} {asked.bare_url}",
    )


def _about(world: World, route: str, library: str, asset_id: str) -> Occasion:
    asset = world.assets.find(library, asset_id)
    return _occasion(route, asset.asked if asset else Deposit(library, "", ""))


async def _keep(world: World, asked: Deposit) -> Asset:
    """Fetch the medium as the provider does; `Unusable` when it cannot be fetched."""
    flaw = await _flaw(world, asked)
    unique = world.assets.unique(world.settings.seed, asked)
    return world.assets.add(
        asked,
        unique,
        seconds=world.book.duration("asset", *unique),
        fate=world.chaos.fate(_occasion("asset_upload", asked)),
        flaw=flaw,
    )


async def _flaw(world: World, asked: Deposit) -> str | None:
    """Why the library does not take what lies at the URL, or None."""
    if not asked.url.startswith(("http://", "https://")):
        raise Unusable(_UNREACHABLE)
    kind = _PROBED.get(asked.kind)
    try:
        found = await world.references.fetch(asked.url, kind or "image")
    except Unusable as exc:
        if str(exc).startswith(_UNREACHABLE):
            raise
        return _UNSUPPORTED if kind else None
    if asked.library != MANXUE or kind != "image":
        return None
    if not _RATIOS[0] <= found.width / found.height <= _RATIOS[1]:
        return f"image ratio must be between {_RATIOS[0]} and {_RATIOS[1]}"
    if min(found.width, found.height) < _SIDES[0] or max(found.width, found.height) > _SIDES[1]:
        return f"image sides must be between {_SIDES[0]} and {_SIDES[1]} px"
    return None


def _ok(data: object, code: int | str = 0, msg: str | None = None) -> Answer:
    return Answer({"code": code, "msg": msg, "data": data})


def _unreachable() -> Answer:
    return answers.envelope(1001, _UNREACHABLE)


def _unknown() -> Answer:
    return Answer({"code": -1, "msg": None, "data": None})


async def _single_upload(
    request: Request, library: str, kinds: Mapping[str, str], shape: Callable[[Asset], Answer]
) -> Response:
    """An upload of one medium, as kyy_video2 and seedance2 take it."""
    body = await json_object(request) or {}
    word = text_field(body, "assetType")
    asked = Deposit(library, kinds.get(word, ""), text_field(body, "url"), text_field(body, "name"))

    async def work(world: World) -> Answer:
        for name in ("assetType", "url"):
            if not text_field(body, name):
                return answers.missing(name)
        if not asked.kind:
            return answers.envelope(400, f"assetType must be one of {', '.join(kinds)}")
        try:
            return shape(await _keep(world, asked))
        except Unusable:
            return _unreachable()

    world_of(request).book.posts[request.url.path.removeprefix(MEDIA_BASE)] += 1
    return await _answered(request, _occasion("asset_upload", asked), work)


async def _kyy_upload(request: Request) -> Response:
    kinds = _KINDS | {"Document": "document"}
    return await _single_upload(request, KYY, kinds, lambda asset: _ok({"assetId": asset.id}))


async def _kyy_detail(request: Request) -> Response:
    asset_id = request.path_params["asset_id"]

    async def work(world: World) -> Answer:
        seen = world.assets.look(KYY, asset_id)
        if seen is None or seen[1] not in _TITLE_CASE:
            return _unknown()
        asset, state = seen
        return _ok(
            {
                "name": asset.asked.name or None,
                "assetId": asset.id,
                "status": _TITLE_CASE[state],
                "assetType": _TYPES[asset.asked.kind],
                "url": asset.asked.url,
                "createTime": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(asset.created)),
            }
        )

    occasion = _about(world_of(request), "asset_status", KYY, asset_id)
    return await _answered(request, occasion, work)


async def _kyy_delete(request: Request) -> Response:
    asset_id = request.path_params["asset_id"]

    async def work(world: World) -> Answer:
        asset = world.assets.find(KYY, asset_id)
        if asset is None or asset.deleted:
            return _unknown()
        asset.deleted = True
        return _ok(None, code="0", msg="删除成功")

    occasion = _about(world_of(request), "asset_delete", KYY, asset_id)
    return await _answered(request, occasion, work)


async def _manxue_upload(request: Request) -> Response:
    body = await json_object(request) or {}
    asked = [
        Deposit(MANXUE, kind, url)
        for field, kind in _BATCHES.items()
        for url in _texts(body, field)
    ]

    async def work(world: World) -> Answer:
        if not asked:
            return answers.missing("imageUrls")
        items: list[object] = []
        failed: list[object] = []
        for deposit in asked:
            entry = {"assetType": _TYPES[deposit.kind], "originalUrl": deposit.url}
            try:
                asset = await _keep(world, deposit)
            except Unusable:
                failed.append({**entry, "errorMessage": _UNREACHABLE})
            else:
                items.append({**entry, "assetId": asset.id, "status": "submitted"})
        return _ok({"items": items, "failedItems": failed}, code="0")

    world_of(request).book.posts[request.url.path.removeprefix(MEDIA_BASE)] += 1
    first = asked[0] if asked else Deposit(MANXUE, "", "")
    return await _answered(request, _occasion("asset_upload", first), work)


async def _manxue_status(request: Request) -> Response:
    asset_ids = _texts(await json_object(request) or {}, "assetIds")

    async def work(world: World) -> Answer:
        if not asset_ids:
            return answers.missing("assetIds")
        items: list[object] = []
        failed: list[object] = []
        for asset_id in asset_ids:
            seen = world.assets.look(MANXUE, asset_id)
            if seen is None or seen[1] not in _TITLE_CASE:
                failed.append({"assetId": asset_id, "errorMessage": "asset not found"})
            else:
                items.append({"assetId": asset_id, "status": _TITLE_CASE[seen[1]]})
        return _ok({"items": items, "failedItems": failed}, code="0")

    first = asset_ids[0] if asset_ids else ""
    occasion = _about(world_of(request), "asset_status", MANXUE, first)
    return await _answered(request, occasion, work)


async def _seedance_upload(request: Request) -> Response:
    def shape(asset: Asset) -> Answer:
        return _bare_or_wrapped(asset, "failed" if asset.flaw else None)

    return await _single_upload(request, SEEDANCE, _KINDS, shape)


async def _seedance_detail(request: Request) -> Response:
    asset_id = text_field(await json_object(request), "assetId")

    async def work(world: World) -> Answer:
        if not asset_id:
            return answers.missing("assetId")
        seen = world.assets.look(SEEDANCE, asset_id)
        return _unknown() if seen is None else _bare_or_wrapped(*seen)

    occasion = _about(world_of(request), "asset_status", SEEDANCE, asset_id)
    return await _answered(request, occasion, work)


def _bare_or_wrapped(asset: Asset, state: State | None) -> Answer:
    """`state` is None for an upload that was only just accepted."""
    error = asset.error if state == "failed" else None
    known = state or "processing"
    if (asset.number + asset.looks) % 2:
        return Answer(
            {
                "assetId": asset.id,
                "assetType": _TYPES[asset.asked.kind],
                "url": asset.asked.url,
                "status": known.upper(),
                "name": asset.asked.name or None,
                "errorMessage": error,
            }
        )
    data: dict[str, object] = {
        "assetId": asset.id,
        "assetType": _TYPES[asset.asked.kind],
        "materialStatus": _MATERIAL.get(known, "READY"),
        "status": state.upper() if state else "NONE",
    }
    return _ok(data | ({"errorMessage": error} if error else {}))


def _texts(body: Body, name: str) -> list[str]:
    """The strings of a list, each once: there is no id of the client's to tell them apart."""
    value = body.get(name)
    listed = value if isinstance(value, list) else []
    return list(dict.fromkeys(text for text in listed if isinstance(text, str) and text))


ROUTES = [
    Route(f"{MEDIA_BASE}{_KYY_PATH}/upload", _kyy_upload, methods=["POST"]),
    Route(f"{MEDIA_BASE}{_KYY_PATH}/{{asset_id}}", _kyy_detail, methods=["GET"]),
    Route(f"{MEDIA_BASE}{_KYY_PATH}/{{asset_id}}", _kyy_delete, methods=["DELETE"]),
    Route(f"{MEDIA_BASE}{_MANXUE_PATH}/assetUpload", _manxue_upload, methods=["POST"]),
    Route(f"{MEDIA_BASE}{_MANXUE_PATH}/assetStatus", _manxue_status, methods=["POST"]),
    Route(f"{MEDIA_BASE}{_SEEDANCE_PATH}/assetUpload", _seedance_upload, methods=["POST"]),
    Route(f"{MEDIA_BASE}{_SEEDANCE_PATH}/assetDetail", _seedance_detail, methods=["POST"]),
]
