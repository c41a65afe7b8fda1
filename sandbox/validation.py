"""Refuses what the provider's pages say it refuses; the limits come from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from starlette.responses import Response

from globalaiopc.catalogue import Catalogue, ModelRow
from sandbox import answers
from sandbox.asked import Asked
from sandbox.endpoints import IMAGE_SIZES, RESOLUTION_FACTORS, Endpoint

Body = Mapping[str, JsonValue]


class Rejected(Exception):
    """The request is refused with `answer`; nothing was accepted or charged."""

    def __init__(self, answer: Response) -> None:
        super().__init__("rejected")
        self.answer = answer


def check(endpoint: Endpoint, body: Body, catalogue: Catalogue) -> Asked:
    """The request in one form, or `Rejected`."""
    model, prompt = _text(body, "model"), _text(body, "prompt")
    row = catalogue.get(model)
    if row is None or row.path != endpoint.path:
        raise Rejected(answers.model_unavailable(400))
    if row.prompt_limit is not None and len(prompt) > row.prompt_limit:
        raise _invalid(f"Prompt must not exceed {row.prompt_limit} characters.")
    ratio = _ratio(endpoint, body, row)
    resolution = _resolution(endpoint, body, row)
    return Asked(
        model=model,
        prompt=prompt,
        size=_pixels(row, ratio, resolution),
        ratio=ratio,
        seconds=_seconds(endpoint, body, row),
        resolution=resolution,
        references=_references(endpoint, body, row),
        body=body,
    )


def _invalid(text: str) -> Rejected:
    return Rejected(answers.invalid(text))


def _text(body: Body, field: str) -> str:
    value = body.get(field)
    if value is None or value == "":
        raise Rejected(answers.missing(field))
    if not isinstance(value, str):
        raise _invalid(f"{field} must be a string.")
    return value


def _one_of(body: Body, fields: tuple[str, ...]) -> tuple[str, JsonValue]:
    """The one spelling that was used, or ("", None)."""
    given = [name for name in fields if body.get(name) not in (None, [], "")]
    if len(given) > 1:
        raise _invalid(f"{given[0]} and {given[1]} cannot be used together.")
    return (given[0], body[given[0]]) if given else ("", None)


def _ratio(endpoint: Endpoint, body: Body, row: ModelRow) -> str:
    name, value = _one_of(body, endpoint.ratio_fields)
    if value is None:
        return row.default_ratio or next(iter(row.ratios), "16:9")
    by_pixels = {pixels: ratio for ratio, pixels in row.pixel_sizes.items()}
    # A video's `size` is in pixels and its `aspect_ratio` is a ratio; an image's `size` is a ratio.
    known = by_pixels if name == "size" and by_pixels else {ratio: ratio for ratio in row.ratios}
    if not isinstance(value, str) or value not in known:
        raise _invalid(f"{name} must be one of {', '.join(known)}.")
    return known[value]


def _seconds(endpoint: Endpoint, body: Body, row: ModelRow) -> int:
    name, value = _one_of(body, endpoint.seconds_fields)
    if value is None:
        return int(row.default_seconds or next(iter(row.seconds), 0))
    asked = int(value) if isinstance(value, str) and value.isdigit() else value
    if isinstance(asked, bool) or not isinstance(asked, int) or asked not in row.seconds:
        allowed = ", ".join(map(str, row.seconds))
        raise _invalid(f"{name} must be one of {allowed}.")
    return asked


def _resolution(endpoint: Endpoint, body: Body, row: ModelRow) -> str | None:
    name, value = _one_of(body, endpoint.resolution_fields)
    if value is None:
        return row.default_resolution
    if not isinstance(value, str) or value not in row.resolutions:
        raise _invalid(f"{name} must be one of {', '.join(row.resolutions)}.")
    return value


def _references(endpoint: Endpoint, body: Body, row: ModelRow) -> tuple[str, ...]:
    name, value = _one_of(body, endpoint.reference_fields)
    if value is None:
        return ()
    urls = value if isinstance(value, list) else [value]
    limit = row.references.get("image", 0)
    if len(urls) > limit:
        raise _invalid(f"{name} takes at most {limit} image(s).")
    found = tuple(url for url in urls if isinstance(url, str) and _is_web_url(url))
    if len(found) != len(urls):
        raise _invalid(f"{name} must hold public http(s) URLs.")
    return found


def _is_web_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _pixels(row: ModelRow, ratio: str, resolution: str | None) -> tuple[int, int]:
    if ratio in row.pixel_sizes:
        width, height = row.pixel_sizes[ratio].split("x")
        return int(width), int(height)
    width_1k, height_1k = IMAGE_SIZES.get(ratio, IMAGE_SIZES["1:1"])
    factor = RESOLUTION_FACTORS.get(resolution or "1k", 1)
    return width_1k * factor, height_1k * factor
