"""Text replies: the script step's JSON, or plain prose. The same words give the same reply."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pydantic import JsonValue

from sandbox import seeded

Body = Mapping[str, JsonValue]

_TOPIC_LINE = re.compile(r"^\W*(?:topic|subject|主题|题目)\W*[:：]\s*(.+)$", re.I | re.M)
_CJK = re.compile(r"[\u3400-\u9fff]")
_TOPIC_LIMIT = 600

_LIGHT = ("golden hour light", "soft morning mist", "a clear blue hour", "low winter sun",
          "light after rain", "a warm dusk glow")  # fmt: skip
_LENS = ("35 mm, deep focus", "anamorphic wide shot", "85 mm, soft background",
         "24 mm, low angle", "50 mm, eye level")  # fmt: skip
_MOVES = ("a slow push-in", "a gentle drift to the right", "a steady rise of the camera",
          "a slow pull-back that opens the scene")  # fmt: skip
_LIGHT_ZH = ("金色的夕照", "清晨的薄雾", "雨后的柔光", "深蓝的暮色", "冬日的斜阳")
_LENS_ZH = ("35毫米镜头，景深清晰", "宽银幕构图", "85毫米镜头，浅景深", "低机位广角")
_MOVES_ZH = ("镜头缓缓推近", "镜头轻轻右移", "镜头平稳上升", "镜头慢慢拉远，展开全景")


def reply(body: Body, seed: int) -> str:
    """The assistant's text for a chat request."""
    topic = topic_of(body)
    if wants_script(body):
        return json.dumps(script(topic, seed), ensure_ascii=False)
    return f"This is the sandbox's {body.get('model')}. You said: {topic}"


def wants_script(body: Body) -> bool:
    """Whether the JSON with the image and motion prompts is asked for."""
    system = " ".join(text for role, text in messages(body) if role in ("system", "developer"))
    wanted = body.get("response_format")
    as_json = isinstance(wanted, dict) and str(wanted.get("type", "")).startswith("json")
    return as_json or "image_prompt" in system


def script(topic: str, seed: int) -> dict[str, str]:
    """An image prompt and a motion prompt; both hold the topic word for word."""
    if _CJK.search(topic):
        light, lens, move = (
            seeded.choose(words, seed, topic, words) for words in (_LIGHT_ZH, _LENS_ZH, _MOVES_ZH)
        )
        return {
            "image_prompt": f"{topic}，{light}，{lens}，电影质感，层次丰富，色彩自然",
            "video_prompt": f"{topic}：{move}，光影随之流动，节奏舒缓，画面连贯",
        }
    light, lens, move = (
        seeded.choose(words, seed, topic, words) for words in (_LIGHT, _LENS, _MOVES)
    )
    return {
        "image_prompt": f"{topic}, {light}, {lens}, cinematic, rich layers, natural colour",
        "video_prompt": f"{topic}: {move}, the light shifts with it, calm pace, one take",
    }


def topic_of(body: Body) -> str:
    """The first user message: a later one may be a request to repair an earlier reply."""
    asked = next((text for role, text in messages(body) if role == "user"), "")
    line = _TOPIC_LINE.search(asked)
    return " ".join((line.group(1) if line else asked).split())[:_TOPIC_LIMIT]


def messages(body: Body) -> list[tuple[str, str]]:
    """(role, text) of each message; of content parts, the texts."""
    given = body.get("messages")
    found = []
    for message in given if isinstance(given, list) else []:
        if isinstance(message, dict):
            found.append((str(message.get("role")), _text(message.get("content"))))
    return found


def tokens(text: str) -> int:
    """About what a tokenizer would count: a Chinese character each, else four letters each."""
    chinese = len(_CJK.findall(text))
    return chinese + (len(text) - chinese + 3) // 4


def completion(call_id: str, created: float, body: Body, text: str) -> dict[str, object]:
    """The documented (OpenAI's) shape."""
    asked = tokens(" ".join(content for _, content in messages(body)))
    usage = {"prompt_tokens": asked, "completion_tokens": tokens(text)}
    message = {"role": "assistant", "content": text}
    return {
        "id": call_id,
        "object": "chat.completion",
        "created": int(created),
        "model": body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage | {"total_tokens": sum(usage.values())},
    }


def _text(content: JsonValue) -> str:
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return " ".join(str(part) for part in parts if part)
    return content if isinstance(content, str) else ""
