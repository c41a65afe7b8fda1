"""A sandbox as a child process, and the few calls that its tests make."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import av
import httpx
from PIL import ImageChops, ImageStat

from sandbox.settings import DEMO_KEY, MEDIA_BASE, TEXT_BASE

FAST = tuple(f"--{kind}-seconds=0" for kind in ("text", "image", "video", "asset"))
IMAGE = {"model": "nano-banana-2", "prompt": "a lighthouse on a cliff", "size": "16:9"}
VIDEO = {
    "model": "openAiSora2Plus",
    "prompt": "a lighthouse, slow push-in",
    "size": "1280x720",
    "duration": 4,
}
SCRIPT = {
    "model": "gpt-5.4",
    "messages": [
        {"role": "system", "content": "Answer JSON with image_prompt and video_prompt."},
        {"role": "user", "content": "a lighthouse on a cliff"},
    ],
}


@dataclass
class Running:
    """`http` sends the key; `plain` does not (for media links)."""

    process: subprocess.Popen[str]
    base: str
    http: httpx.Client = field(init=False)
    plain: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        key = {"Authorization": f"Bearer {DEMO_KEY}"}
        self.http = httpx.Client(base_url=self.base, headers=key, timeout=20, trust_env=False)
        self.plain = httpx.Client(base_url=self.base, timeout=20, trust_env=False)

    @classmethod
    def start(cls, *arguments: str) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("sandbox on http://127.0.0.1:"):
            process.kill()
            process.wait()
            raise AssertionError(f"the sandbox did not start: {line!r}")
        return cls(process, line.split()[-1])

    def stop(self) -> int:
        self.http.close()
        self.plain.close()
        self.process.terminate()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(10)

    def image(self, **changes: Any) -> httpx.Response:
        return self.http.post(MEDIA_BASE + "/v1/banana/images", json=IMAGE | changes)

    def video(self, **changes: Any) -> httpx.Response:
        return self.http.post(MEDIA_BASE + "/v1/sora/videos", json=VIDEO | changes)

    def chat(self, **changes: Any) -> httpx.Response:
        return self.http.post(TEXT_BASE + "/v1/chat/completions", json=SCRIPT | changes)

    def look(self, task_id: str) -> httpx.Response:
        return self.http.get(f"{MEDIA_BASE}/v1/result/{task_id}")

    def finished(self, created: httpx.Response) -> dict[str, Any]:
        """Looks until the job has ended; the times are those of the command line."""
        task_id, give_up = created.json()["id"], time.monotonic() + 20
        while time.monotonic() < give_up:
            task = self.look(task_id).json()
            if task["status"] in ("completed", "failed"):
                return dict(task)
            time.sleep(0.01)
        raise AssertionError(f"{task_id} did not end")

    def account(self) -> dict[str, Any]:
        return dict(self.plain.get("/sandbox/jobs").json())

    def chaos(self, *rules: dict[str, Any]) -> None:
        self.plain.post("/sandbox/chaos", json=list(rules)).raise_for_status()

    def reset(self) -> None:
        self.plain.post("/sandbox/reset").raise_for_status()


def frames_of(data: bytes) -> list[Any]:
    """Every frame of a video as an RGB picture; raises when it does not decode whole."""
    with av.open(BytesIO(data)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def difference(one: Any, other: Any) -> float:
    """Mean absolute difference per channel, 0 to 255."""
    means: Iterable[float] = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / 3
