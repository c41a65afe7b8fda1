"""Asks a sandbox for a job and waits for its end."""

from io import BytesIO
from typing import Any

import av

from sandbox.settings import MEDIA_BASE
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.good_requests import media
from tests.sandbox.running import Running

CENTER = MEDIA_BASE + "/v2/model-center/tasks"


def found_at(host: ReferenceHost, value: Any) -> Any:
    """The body with addresses in place of the placeholders."""
    if isinstance(value, dict):
        return {name: found_at(host, item) for name, item in value.items()}
    if isinstance(value, list):
        return [found_at(host, item) for item in value]
    if isinstance(value, str) and value in media():
        return host.put(value.strip("<>"), media()[value])
    return value


def finished(box: Running, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The task object of a job that was asked for here, unwrapped."""
    created = box.http.post(MEDIA_BASE + path, json=body).json()
    assert "id" in created or "data" in created, created
    task_id = created.get("id") or created["data"]["projectId"]
    route = CENTER if path.startswith("/v2") else MEDIA_BASE + "/v1/result"
    for _ in range(2000):
        task = box.http.get(f"{route}/{task_id}").json()
        task = task.get("data", task)
        if task["status"] in ("completed", "failed"):
            return dict(task)
    raise AssertionError(f"{task_id} did not end")


def link_of(task: dict[str, Any]) -> str:
    names = ("video_url", "image_url", "audioUrl", "result_url")
    return str(next(task[name] for name in names if task.get(name)))


def sound_seconds(data: bytes) -> float:
    with av.open(BytesIO(data)) as container:
        if not container.streams.audio:
            return 0
        stream = container.streams.audio[0]
        return sum(frame.samples for frame in container.decode(stream)) / stream.rate
