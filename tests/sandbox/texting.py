"""The real SDKs pointed at a sandbox, and what the tests of the text host show it."""

import base64
from io import BytesIO
from typing import Any

import anthropic
import httpx
import openai
from PIL import Image

from sandbox.settings import DEMO_KEY, TEXT_BASE
from tests.sandbox.running import Running

GPT, CLAUDE, GEMINI = "gpt-5.4", "claude-sonnet-4-6", "gemini-3.1-pro-preview"
HELLO = "Hello, introduce yourself"
ASKED: Any = [{"role": "user", "content": HELLO}]


def openai_client(box: Running, key: str = DEMO_KEY, max_retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(
        api_key=key,
        base_url=f"{box.base}{TEXT_BASE}/v1",
        max_retries=max_retries,
        http_client=httpx.Client(trust_env=False),
        _strict_response_validation=True,
    )


def anthropic_client(box: Running, key: str = DEMO_KEY) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        auth_token=key,
        base_url=f"{box.base}{TEXT_BASE}",
        max_retries=0,
        http_client=httpx.Client(trust_env=False),
        _strict_response_validation=True,
    )


def png(width: int, height: int) -> bytes:
    data = BytesIO()
    Image.new("RGB", (width, height), "teal").save(data, "PNG")
    return data.getvalue()


def png_base64(width: int, height: int) -> str:
    return base64.b64encode(png(width, height)).decode()


def png_data_uri(width: int, height: int) -> str:
    return f"data:image/png;base64,{png_base64(width, height)}"


def the_text(box: Running) -> dict[str, Any]:
    """The one text call on the account."""
    account = box.account()
    (call,) = account["texts"]
    assert sum(account["posts"].values()) == account["totals"]["texts"] == 1
    return dict(call)


def gemini(box: Running, verb: str, model: str = GEMINI, **changes: Any) -> httpx.Response:
    body = {"contents": [{"role": "user", "parts": [{"text": HELLO}]}]}
    return box.http.post(f"{TEXT_BASE}/v1/models/{model}:{verb}", json=body | changes)


def gemini_said(reply: dict[str, Any]) -> str:
    return "".join(part["text"] for part in reply["candidates"][0]["content"]["parts"])
