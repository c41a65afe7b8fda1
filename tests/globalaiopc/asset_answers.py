"""What the asset libraries were seen to answer."""

from globalaiopc.answer import Answer
from tests.globalaiopc.doubles import (
    body,
)

URL = "https://bucket.test/inputs/face.png?X-Amz-Signature=canary"
ID = "asset-20260330142158-q75m8"
LIBRARIES = ("kyy_video2", "sd2_manxue", "seedance2")

A1 = {"assetId": ID, "assetType": "Image", "url": URL, "status": "PROCESSING", "name": None,
      "errorMessage": None}  # fmt: skip
A2 = {"code": 0, "msg": None, "data": {"assetId": ID, "assetType": "Image",
      "materialStatus": "PROCESSING", "status": "NONE"}}  # fmt: skip
A3 = {"code": 0, "msg": None, "data": {"assetId": ID, "materialStatus": "FAILED",
      "status": "FAILED", "errorMessage": "unsupported media"}}  # fmt: skip
A5 = {"code": 0, "msg": None, "data": {"assetId": ID}}
A6 = {"code": "0", "data": {"items": [{"assetType": "Image", "originalUrl": URL, "assetId": ID,
      "status": "submitted"}], "failedItems": []}}  # fmt: skip
E6 = {"code": 1001, "msg": "素材 URL 无法访问", "data": None}
E8 = {"code": -1, "msg": None, "data": None}
LOGIN = {"code": "204", "msg": "登录验证失败"}


def answer(payload: object, status: int = 200) -> Answer:
    return Answer(status, body(payload), {})


def detail(status: str, **more: object) -> dict[str, object]:
    return {"code": 0, "msg": None, "data": {"assetId": ID, "status": status, **more}}


def batch(*items: object, failed: tuple[object, ...] = ()) -> dict[str, object]:
    return {"code": "0", "msg": None, "data": {"items": list(items), "failedItems": list(failed)}}
