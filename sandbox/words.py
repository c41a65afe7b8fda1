"""What a text model says: the JSON of the script step or of a speech, or plain prose.

The same words give the same reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from sandbox import seeded
from sandbox.schemas import example
from sandbox.text_asked import TextAsked

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


def reply(asked: TextAsked, seed: int, images: Sequence[tuple[int, int]] = ()) -> str:
    """The assistant's text; prose tells the size of each image, as proof that it was looked at."""
    topic = topic_of(asked)
    if '"speech"' in asked.system:
        return json.dumps({"speech": speech(topic)}, ensure_ascii=False)
    if asked.schema:
        return json.dumps(example(asked.schema, script(topic, seed), topic), ensure_ascii=False)
    if asked.schema is not None or "image_prompt" in asked.system:
        return json.dumps(script(topic, seed), ensure_ascii=False)
    said = f"This is the sandbox's {asked.model}. You said: {topic}"
    seen = ", ".join(f"{width}x{height}" for width, height in images)
    return f"{said} You showed: {seen}." if seen else said


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


def speech(topic: str) -> str:
    """What somebody says about the topic, which it holds word for word."""
    if _CJK.search(topic):
        return f"大家好，今天我们来聊一聊{topic}。听我慢慢说，一定会有收获。谢谢大家，再见。"
    return f"Hello! Let me tell you about this: {topic}. It is worth a closer look. Thank you."


def topic_of(asked: TextAsked) -> str:
    """The first user message: a later one may be a request to repair an earlier reply."""
    first = next((text for role, text in asked.turns if role == "user"), "")
    line = _TOPIC_LINE.search(first)
    return " ".join((line.group(1) if line else first).split())[:_TOPIC_LIMIT]


def tokens(text: str) -> int:
    """About what a tokenizer would count: a Chinese character each, else four letters each."""
    chinese = len(_CJK.findall(text))
    return chinese + (len(text) - chinese + 3) // 4


def shortened(text: str, limit: int | None) -> str:
    """As much of the text as the tokens allow."""
    if limit is None or tokens(text) <= limit:
        return text
    # No token holds more than four letters, so nothing longer than this can fit.
    length = 4 * limit
    while tokens(text[:length]) > limit:
        length -= 1
    return text[:length]
