"""The sandbox's asset libraries, asked as another program would: shapes, times, faults."""

from __future__ import annotations

import re
import struct
import wave
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest

from sandbox.settings import MEDIA_BASE
from tests.landing.makers import mp4, picture
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.running import Running

KYY, MANXUE, SEEDANCE = "/kyyVideo2/asset", "/asset/sd2Manxue", "/asset/seedance2"
UNKNOWN = {"code": -1, "msg": None, "data": None}
UNREACHABLE = {"code": 1001, "data": None, "msg": "素材 URL 无法访问"}


class Libraries:
    """The seven calls, and the account of them."""

    def __init__(self, box: Running) -> None:
        self.box = box

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        return self.box.http.request(method, MEDIA_BASE + path, json=body)

    def upload(self, path: str, url: str, **more: object) -> Any:
        body = {"assetType": "Image", "url": url, **more}
        name = "upload" if path == KYY else "assetUpload"
        return self.call("POST", f"{path}/{name}", body).json()

    def audit(self, **urls: list[str]) -> Any:
        return self.call("POST", f"{MANXUE}/assetUpload", urls).json()

    def kyy(self, asset_id: str) -> Any:
        return self.call("GET", f"{KYY}/{asset_id}").json()

    def manxue(self, *asset_ids: str) -> Any:
        return self.call("POST", f"{MANXUE}/assetStatus", {"assetIds": list(asset_ids)}).json()

    def seedance(self, asset_id: str) -> Any:
        return self.call("POST", f"{SEEDANCE}/assetDetail", {"assetId": asset_id}).json()

    def account(self) -> list[dict[str, Any]]:
        return list(self.box.plain.get("/sandbox/assets").json()["assets"])


@pytest.fixture
def libraries(box: Running) -> Libraries:
    """Assets are reviewed as soon as they are uploaded."""
    return Libraries(box)


@pytest.fixture(scope="module")
def _slow() -> Iterator[Running]:
    running = Running.start("--asset-seconds", "3600")
    yield running
    assert running.stop() == 0


@pytest.fixture
def slow(_slow: Running) -> Libraries:
    """Assets that nobody lives to see reviewed."""
    _slow.reset()
    return Libraries(_slow)


@pytest.fixture
def face(host: ReferenceHost) -> str:
    """The (signed) address of a picture that every library takes."""
    return host.put("face.png?sig=canary", picture(width=640, height=360))


def sound() -> bytes:
    held = BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<800h", *range(800)))
    return held.getvalue()


def own(answer: dict[str, Any]) -> dict[str, Any]:
    """The asset in an answer of seedance2, bare or wrapped."""
    return answer if "assetId" in answer else dict(answer["data"])


def test_the_first_library_in_its_documented_shapes(libraries: Libraries, face: str) -> None:
    made = libraries.upload(KYY, face, name="Cat Image")
    asset_id = made["data"]["assetId"]
    assert made == {"code": 0, "msg": None, "data": {"assetId": asset_id}}
    assert re.fullmatch(r"asset-\d{14}-[0-9a-f]+", asset_id)
    seen = libraries.kyy(asset_id)
    created = seen["data"].pop("createTime")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", created)
    assert seen == {
        "code": 0,
        "msg": None,
        "data": {
            "name": "Cat Image",
            "assetId": asset_id,
            "status": "Active",
            "assetType": "Image",
            "url": face,
        },
    }
    gone = libraries.call("DELETE", f"{KYY}/{asset_id}").json()
    assert gone == {"code": "0", "msg": "删除成功", "data": None}
    assert libraries.kyy(asset_id) == UNKNOWN
    assert libraries.call("DELETE", f"{KYY}/{asset_id}").json() == UNKNOWN


def test_the_second_library_takes_and_tells_batches(
    libraries: Libraries, host: ReferenceHost, face: str
) -> None:
    film, noise = host.put("a.mp4", mp4()), host.put("a.wav", sound())
    nowhere = f"{host.base}/nowhere.png"
    made = libraries.audit(imageUrls=[face, face, nowhere], videoUrls=[film], audioUrls=[noise])
    assert (made["code"], made["msg"]) == ("0", None)
    items = made["data"]["items"]
    assert [(item["assetType"], item["originalUrl"], item["status"]) for item in items] == [
        ("Image", face, "submitted"),
        ("Video", film, "submitted"),
        ("Audio", noise, "submitted"),
    ]
    assert made["data"]["failedItems"] == [
        {"assetType": "Image", "originalUrl": nowhere, "errorMessage": "素材 URL 无法访问"}
    ]
    ids = [item["assetId"] for item in items]
    assert libraries.manxue(*ids, "asset_img_nobody") == {
        "code": "0",
        "msg": None,
        "data": {
            "items": [{"assetId": asset_id, "status": "Active"} for asset_id in ids],
            "failedItems": [{"assetId": "asset_img_nobody", "errorMessage": "asset not found"}],
        },
    }


def test_the_third_library_answers_bare_and_wrapped(libraries: Libraries, face: str) -> None:
    uploads = [libraries.upload(SEEDANCE, face) for _ in range(4)]
    bare = [answer for answer in uploads if "assetId" in answer]
    wrapped = [answer for answer in uploads if "data" in answer]
    assert (len(bare), len(wrapped)) == (2, 2)
    assert all(answer["status"] == "PROCESSING" for answer in bare)
    assert all(answer["errorMessage"] is None for answer in bare)
    for answer in wrapped:
        assert (answer["code"], answer["msg"]) == (0, None)
        data = answer["data"]
        assert (data["materialStatus"], data["status"]) == ("PROCESSING", "NONE")
    looks = [libraries.seedance(own(uploads[0])["assetId"]) for _ in range(2)]
    assert {"data" in look for look in looks} == {True, False}
    assert {own(look)["status"] for look in looks} == {"ACTIVE"}
    assert {own(look).get("materialStatus", "READY") for look in looks} == {"READY"}
    assert libraries.seedance("asset-nobody") == UNKNOWN


def test_an_asset_takes_its_time(slow: Libraries, face: str) -> None:
    first = slow.upload(KYY, face)["data"]["assetId"]
    assert slow.kyy(first)["data"]["status"] == "Processing"
    second = slow.audit(imageUrls=[face])["data"]["items"][0]["assetId"]
    assert slow.manxue(second)["data"]["items"][0]["status"] == "Processing"
    third = own(slow.upload(SEEDANCE, face))["assetId"]
    assert own(slow.seedance(third))["status"] == "PROCESSING"
    assert [asset["state"] for asset in slow.account()] == ["processing"] * 3
    slow.box.chaos({"fault": "slow", "route": "asset_upload", "factor": 0})
    quick = slow.upload(KYY, face)["data"]["assetId"]
    assert slow.kyy(quick)["data"]["status"] == "Active"


def test_an_address_that_cannot_be_fetched(libraries: Libraries, host: ReferenceHost) -> None:
    closed = "http://127.0.0.1:9/face.png"
    inline = "data:image/png;base64,AAAA"
    for url in (f"{host.base}/nowhere.png", host.put("secret.png", 403), closed, inline):
        assert libraries.upload(KYY, url) == UNREACHABLE
        assert libraries.upload(SEEDANCE, url) == UNREACHABLE
    assert libraries.account() == []


def test_media_that_no_library_can_use(libraries: Libraries, host: ReferenceHost) -> None:
    text = host.put("face.txt", b"not a picture")
    at_once = own(libraries.upload(SEEDANCE, text))
    assert (at_once["status"], at_once["errorMessage"]) == ("FAILED", "unsupported media")
    asset_id = libraries.upload(KYY, text)["data"]["assetId"]
    assert libraries.kyy(asset_id)["data"]["status"] == "Failed"
    film = host.put("silent.mp4", mp4())
    assert own(libraries.upload(SEEDANCE, film, assetType="Audio"))["status"] == "FAILED"
    paper = libraries.upload(KYY, text, assetType="Document")["data"]["assetId"]
    assert libraries.kyy(paper)["data"]["status"] == "Active"


@pytest.mark.parametrize(("width", "height"), [(1200, 400), (299, 400)])
def test_the_audit_takes_only_pictures_of_a_size(
    libraries: Libraries, host: ReferenceHost, width: int, height: int
) -> None:
    odd = host.put("odd.png", picture(width=width, height=height))
    made = libraries.audit(imageUrls=[odd])["data"]["items"][0]["assetId"]
    assert libraries.manxue(made)["data"]["items"][0]["status"] == "Failed"
    other = libraries.upload(KYY, odd)["data"]["assetId"]
    assert libraries.kyy(other)["data"]["status"] == "Active"


CALLS = [
    ("POST", f"{KYY}/upload", "asset_upload"),
    ("GET", f"{KYY}/asset-1", "asset_status"),
    ("DELETE", f"{KYY}/asset-1", "asset_delete"),
    ("POST", f"{MANXUE}/assetUpload", "asset_upload"),
    ("POST", f"{MANXUE}/assetStatus", "asset_status"),
    ("POST", f"{SEEDANCE}/assetUpload", "asset_upload"),
    ("POST", f"{SEEDANCE}/assetDetail", "asset_status"),
]


@pytest.mark.parametrize(("method", "path", "route"), CALLS)
def test_every_call_wants_the_key_and_its_fields(
    libraries: Libraries, method: str, path: str, route: str
) -> None:
    answer = libraries.box.plain.request(method, MEDIA_BASE + path)
    assert (answer.status_code, answer.json()["code"]) == (200, "204")
    if method == "POST":
        assert "缺少必填参数" in libraries.call(method, path, {}).json()["msg"]
        wrong = libraries.call("PATCH", path).json()
        assert wrong["msg"] == "Request method 'PATCH' not supported"


@pytest.mark.parametrize(("method", "path", "route"), CALLS)
def test_the_general_faults_strike_every_call(
    libraries: Libraries, method: str, path: str, route: str
) -> None:
    body = {"assetType": "Image", "url": "http://127.0.0.1:9/", "assetId": "x", "assetIds": ["x"]}
    body["imageUrls"] = ["http://127.0.0.1:9/"]
    rules = [
        {"fault": "error", "route": route, "status": 503},
        {"fault": "rate_limited", "route": "asset", "retry_after": "3"},
        {"fault": "html", "route": "*"},
        {"fault": "error_envelope", "route": route},
        {"fault": "truncated_json", "route": route},
        {"fault": "reset", "route": route},
    ]
    libraries.box.chaos(*rules)
    statuses = [libraries.call(method, path, body).status_code for _ in rules[:3]]
    assert statuses == [503, 429, 502]
    assert libraries.call(method, path, body).json()["code"] == 500
    with pytest.raises(ValueError, match=r"JSON|Expecting|Unterminated"):
        libraries.call(method, path, body).json()
    with pytest.raises(httpx.TransportError):
        libraries.call(method, path, body)
    assert libraries.call(method, path, body).status_code == 200


def test_an_upload_whose_answer_is_lost_is_in_the_library(libraries: Libraries, face: str) -> None:
    libraries.box.chaos({"fault": "lose_answer", "route": "asset_upload"})
    with pytest.raises(httpx.TransportError):
        libraries.upload(KYY, face)
    assert [asset["state"] for asset in libraries.account()] == ["active"]
    libraries.box.chaos({"fault": "reset", "route": "asset_upload"})
    with pytest.raises(httpx.TransportError):
        libraries.upload(KYY, face)
    assert len(libraries.account()) == 1


def test_a_failed_review_in_the_words_of_each_library(libraries: Libraries, face: str) -> None:
    libraries.box.chaos({"fault": "asset_failed", "times": None})
    asset_id = libraries.upload(KYY, face)["data"]["assetId"]
    assert libraries.kyy(asset_id)["data"]["status"] == "Failed"
    audited = libraries.audit(imageUrls=[face])["data"]["items"][0]["assetId"]
    assert libraries.manxue(audited)["data"]["items"][0]["status"] == "Failed"
    reviewed = own(libraries.upload(SEEDANCE, face))
    assert reviewed["status"] in ("NONE", "PROCESSING")
    seen = own(libraries.seedance(reviewed["assetId"]))
    assert (seen["status"], seen["errorMessage"]) == ("FAILED", "审核未通过")


def test_faults_of_an_asset_can_be_aimed(
    libraries: Libraries, host: ReferenceHost, face: str
) -> None:
    other = host.put("other.png", picture())
    libraries.box.chaos(
        {"fault": "asset_failed", "match": "other.png", "message": "too dark"},
        {"fault": "asset_gone", "model": "seedance2"},
    )
    states = {
        own(libraries.upload(SEEDANCE, other))["assetId"]: "FAILED",
        own(libraries.upload(SEEDANCE, face))["assetId"]: None,
    }
    for asset_id, status in states.items():
        seen = libraries.seedance(asset_id)
        assert seen == UNKNOWN if status is None else own(seen)["errorMessage"] == "too dark"
    fine = libraries.upload(KYY, face)["data"]["assetId"]
    assert libraries.kyy(fine)["data"]["status"] == "Active"


def test_assets_that_expire_or_get_lost_after_some_looks(libraries: Libraries, face: str) -> None:
    libraries.box.chaos(
        {"fault": "asset_expired", "after": 2}, {"fault": "asset_gone", "after": 1, "nth": 2}
    )
    expires = own(libraries.upload(SEEDANCE, face))["assetId"]
    statuses = [own(libraries.seedance(expires))["status"] for _ in range(3)]
    assert statuses == ["ACTIVE", "ACTIVE", "EXPIRED"]
    libraries.box.chaos({"fault": "asset_gone", "after": 1})
    lost = libraries.upload(KYY, face)["data"]["assetId"]
    assert libraries.kyy(lost)["data"]["status"] == "Active"
    assert libraries.kyy(lost) == UNKNOWN


def test_the_account_of_assets_shows_no_signature_and_is_reset(
    libraries: Libraries, face: str
) -> None:
    libraries.upload(KYY, face, name="Cat Image")
    (asset,) = libraries.account()
    assert (asset["library"], asset["kind"], asset["name"]) == ("kyy_video2", "image", "Cat Image")
    assert asset["url"] == face.partition("?")[0]
    assert asset["looks"] == 0
    assert libraries.box.account()["posts"] == {"/kyyVideo2/asset/upload": 1}
    assert libraries.box.account()["totals"]["amount"] == 0
    libraries.box.reset()
    assert libraries.account() == []


def test_a_video_is_made_from_an_asset_and_refused_without_one(
    libraries: Libraries, face: str
) -> None:
    def asked(reference: str) -> httpx.Response:
        body = {
            "model": "seedance_2_0_pro",
            "prompt": "she smiles",
            "duration": 5,
            "aspect_ratio": "16:9",
            "first_image": reference,
        }
        return libraries.call("POST", "/v1/kyyvideo2/videos", body)

    asset_id = libraries.upload(KYY, face)["data"]["assetId"]
    task = libraries.box.finished(asked(f"asset://{asset_id}"))
    assert task["status"] == "completed", task
    for wrong in (f"assetId://{asset_id}", "asset://asset-nobody"):
        assert "id" not in asked(wrong).json()
    libraries.call("DELETE", f"{KYY}/{asset_id}")
    assert "id" not in asked(f"asset://{asset_id}").json()
