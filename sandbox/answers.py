"""Every body the sandbox answers with, apart from chat replies.

Shapes as documented or as integrators saw them: errors arrive under HTTP 200 in an envelope, a
create's `object` differs from its result's, and lengths are decimals such as 4.000000.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from starlette.responses import Response

Body = Mapping[str, object]
_DECIMAL = "\x02decimal:"
_DECIMAL_JSON = re.compile(r'"\\u0002decimal:([0-9.]+)"')


def dump(body: object) -> bytes:
    """JSON in which a Decimal is a number with all its digits (`json` itself has no way to)."""
    text = json.dumps(body, ensure_ascii=False, default=lambda value: f"{_DECIMAL}{value}")
    return _DECIMAL_JSON.sub(r"\1", text).encode()


class Answer(Response):
    """A JSON answer whose parsed form stays at hand for the faults that bend it."""

    media_type = "application/json"

    def __init__(
        self, content: Body, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.content = content
        super().__init__(dump(content), status_code, headers)


def no_handler(method: str, path: str) -> Answer:
    """A wrong path. GET was seen as 404 with `message`, POST as HTTP 200 with an envelope."""
    text = f"No handler found for {method} {path}"
    if method == "GET":
        return Answer({"code": 404, "message": text}, 404)
    return envelope(500, text)


def wrong_method(method: str) -> Answer:
    return envelope(500, f"Request method '{method}' not supported")


def envelope(code: int | str, msg: str) -> Answer:
    """A business error under HTTP 200."""
    return Answer({"code": code, "data": None, "msg": msg})


def login_failed() -> Answer:
    return Answer({"code": "204", "msg": "登录验证失败"})


def missing(field: str) -> Answer:
    return Answer({"msg": f"缺少必填参数: {field}"})


def invalid(text: str) -> Answer:
    return Answer(
        {"error": {"code": "HTTP_400_C400999", "message": f"[SY_ERR:60] HTTP 400: {text}"}}, 400
    )


def model_unavailable(status: int) -> Answer:
    """400: no such model here. 403: this key's group may not use it."""
    return Answer({"error": {"message": "模型不可用"}}, status)


def unknown_task(task_id: str) -> Answer:
    return Answer({"code": 404, "message": f"task not found: {task_id}"}, 404)


def openai_error(
    status: int, text: str, code: str | None = None, param: str | None = None
) -> Answer:
    """An error of the text host, where no dialect of its own says otherwise."""
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    error = {"message": text, "type": kind, "param": param, "code": code}
    return Answer({"error": error}, status)


def seconds_number(seconds: float) -> Decimal:
    return Decimal(str(seconds)).quantize(Decimal("1.000000"))
