"""Refuses what the provider's pages say it refuses; the limits come from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from globalaiopc.catalogue import Catalogue, ModelRow
from sandbox import answers, media_fields, sizes
from sandbox.asked import Asked, Follows, Kind, Medium
from sandbox.endpoints import Endpoint
from sandbox.endpoints.center import RATIO_IN_SIZE
from sandbox.endpoints.shape import NONE, Spelling, chinese_in
from sandbox.endpoints.voices import ONLY_V2
from sandbox.fields import (
    Body,
    Rejected,
    invalid,
    is_given,
    missing,
    one,
    text,
    whole_number,
)
from sandbox.media_fields import Resolve

__all__ = ["Rejected", "Rules", "check", "row_of"]

_SECONDS_UNSAID = 5


@dataclass(frozen=True)
class Rules:
    """`any_model`: a name that the catalogue does not know is accepted, its limits unchecked."""

    catalogue: Catalogue
    resolve: Resolve
    any_model: bool = False


def row_of(endpoint: Endpoint, model: str, rules: Rules) -> ModelRow | None:
    """The model's row at this endpoint, by the name that stands in requests."""
    name = model.removesuffix(endpoint.video_suffix) if endpoint.video_suffix else model
    if not rules.any_model and (endpoint.row_name, name) not in _described(rules.catalogue):
        return None
    return rules.catalogue.get(f"{endpoint.row_name}/{name}")


@lru_cache(maxsize=4)
def _described(catalogue: Catalogue) -> frozenset[tuple[str, str]]:
    """The catalogue answers with a lenient row for names that it does not have."""
    return frozenset((row.endpoint, row.name) for row in catalogue)


def check(endpoint: Endpoint, body: Body, rules: Rules) -> Asked:
    """The request in one form, or `Rejected`."""
    model = text(endpoint, body, "model", endpoint.default_model)
    row = row_of(endpoint, model, rules)
    if row is None:
        raise Rejected(answers.model_unavailable(400))
    spelling = _spelling(endpoint, model)
    _check_plain_fields(endpoint, row, body)
    prompt, media = _prompt_and_media(endpoint, row, body)
    media_fields.check(endpoint, row, media)
    _check_video_suffix(endpoint, model, media)
    ratio, pixels = _ratio(spelling, body, row), _pixels(spelling, body, row)
    resolution = _resolution(endpoint, body, row)
    asked = Asked(
        model=model,
        prompt=prompt,
        makes=endpoint.kind or _makes(row),
        size=(0, 0),
        ratio=ratio,
        seconds=_seconds(endpoint, body, row),
        resolution=resolution,
        body=body,
        media=media_fields.found_at(endpoint, row, media, rules.resolve),
        quality=_quality(spelling, body, row),
        sound=_sound(spelling, body, row),
        follows=_follows(endpoint, spelling, body, row, media),
        old_style=_old_style(endpoint, row, body),
    )
    return replace(asked, size=pixels or _size(endpoint, row, asked))


def _spelling(endpoint: Endpoint, model: str) -> Spelling:
    """An endpoint has one, but for one group of models of the model center."""
    spelling = endpoint.spelling
    if endpoint.api == "v2" and model.startswith(RATIO_IN_SIZE):
        # Their size is a ratio; aspect_ratio is not theirs and passes unseen.
        return replace(spelling, ratio=spelling.pixels, pixels=NONE)
    return spelling


def _makes(row: ModelRow) -> Kind:
    return "image" if row.makes == "image" else "video" if row.makes == "video" else "audio"


def _check_plain_fields(endpoint: Endpoint, row: ModelRow, body: Body) -> None:
    for field in endpoint.required:
        if not is_given(body, field):
            raise missing(endpoint, field)
    for field in endpoint.refused:
        if field in body:
            raise invalid(f"{field} is not supported.")
    for field, wrong in endpoint.extras.items():
        if is_given(body, field) and (why := wrong(body[field])):
            raise invalid(f"{field} {why}.")
    seed = body.get("seed")
    if row.seeds and "seed" in endpoint.extras and is_given(body, "seed"):
        low, high = row.seeds
        if not low <= int(str(seed)) <= high:
            raise invalid(f"seed must be between {low} and {high}.")
    if body.get("language") in ONLY_V2 and body.get("soundVersion", "v1") == "v1":
        raise invalid("language needs soundVersion v2.")


def _prompt_and_media(
    endpoint: Endpoint, row: ModelRow, body: Body
) -> tuple[str, tuple[Medium, ...]]:
    spelling = endpoint.spelling
    if spelling.content:
        prompt, media = media_fields.from_content(endpoint, body)
        field = "content"
    else:
        field, media = spelling.prompt, media_fields.from_fields(endpoint, body)
        prompt = text(endpoint, body, field) if field and is_given(body, field) else ""
    if row.needs_prompt and not row.lenient and field and not prompt.strip():
        raise missing(endpoint, field)
    _check_length(row, prompt)
    return prompt, media


def _check_length(row: ModelRow, prompt: str) -> None:
    for most, count, what in (
        (row.prompt_limit, len(prompt), "characters"),
        (row.prompt_limit_chinese, chinese_in(prompt), "Chinese characters"),
        (row.prompt_limit_words, len(prompt.split()), "words"),
    ):
        if most is not None and count > most:
            raise invalid(f"Prompt must not exceed {most} {what}.")


def _check_video_suffix(endpoint: Endpoint, model: str, media: tuple[Medium, ...]) -> None:
    suffix = endpoint.video_suffix
    if suffix and model.endswith(suffix) != any(medium.kind == "video" for medium in media):
        raise invalid(f"The model's name ends in {suffix} exactly when reference videos are sent.")


def _ratio(spelling: Spelling, body: Body, row: ModelRow) -> str:
    name, value = one(body, spelling.ratio)
    if value is None:
        return row.default_ratio or next(iter(row.ratios), "16:9")
    by_pixels = {pixels: ratio for ratio, pixels in row.pixel_sizes.items()}
    # Sora's `size` is in pixels and its `aspect_ratio` is a ratio; Nano Banana's size is a ratio.
    known = by_pixels if name == "size" and by_pixels else {ratio: ratio for ratio in row.ratios}
    if row.lenient and isinstance(value, str):
        return known.get(value, value)
    if not isinstance(value, str) or (known and value not in known):
        raise invalid(f"{name} must be one of {', '.join(known)}.")
    return known.get(value, value)


def _pixels(spelling: Spelling, body: Body, row: ModelRow) -> sizes.Size | None:
    """The exact size that was asked for. It wins over ratio and resolution, as was seen."""
    name, value = one(body, spelling.pixels)
    if value is None:
        return None
    allowed = (*row.sizes, *row.pixel_sizes.values())
    open_to_any = row.lenient or row.any_size
    if not isinstance(value, str) or not (open_to_any or value in allowed):
        listed = ", ".join(allowed) or "left out for this model"
        raise invalid(
            f"{name} must be one of {listed}." if allowed else f"{name} must be {listed}."
        )
    size = sizes.parse(value)
    if size is None:
        raise invalid(f"{name} must be WIDTHxHEIGHT in pixels.")
    return sizes.capped(size) if row.makes == "video" else size


def _seconds(endpoint: Endpoint, body: Body, row: ModelRow) -> int:
    name, value = one(body, endpoint.spelling.seconds)
    usual = row.default_seconds or next(iter(row.seconds), 0)
    if row.makes != "video":
        return 0
    if value is None:
        return usual or _SECONDS_UNSAID
    allowed = ", ".join(map(str, row.seconds)) or "those of this model"
    asked = whole_number(endpoint.spelling, name, value, allowed)
    if asked == -1 and endpoint.auto_seconds:
        return usual or _SECONDS_UNSAID
    if row.lenient:
        return max(1, asked)
    if asked not in row.seconds:
        raise invalid(f"{name} must be one of {allowed}.")
    return asked


def _resolution(endpoint: Endpoint, body: Body, row: ModelRow) -> str | None:
    name, value = one(body, endpoint.spelling.resolution)
    if value is None:
        return row.default_resolution
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string.")
    if row.lenient:
        return value
    # Where the resolution is in the model's name there is no such field, and it passes unseen.
    known = {known.lower() if endpoint.any_case else known: known for known in row.resolutions}
    found = known.get(value.lower() if endpoint.any_case else value)
    if known and found is None:
        raise invalid(f"{name} must be one of {', '.join(row.resolutions)}.")
    return found


def _quality(spelling: Spelling, body: Body, row: ModelRow) -> str:
    name, value = one(body, spelling.quality)
    if value is None:
        return ""
    # A model without qualities ignores the field, as its page says.
    if row.qualities and value not in row.qualities:
        raise invalid(f"{name} must be one of {', '.join(row.qualities)}.")
    return str(value)


def _sound(spelling: Spelling, body: Body, row: ModelRow) -> bool:
    name, value = one(body, spelling.sound)
    if value is None:
        return False
    as_text = value in ("true", "false") and name == "generate_audio"
    if not isinstance(value, bool) and not as_text:
        raise invalid(f"{name} must be true or false.")
    return value in (True, "true") and (row.sound or row.lenient)


def _follows(
    endpoint: Endpoint, spelling: Spelling, body: Body, row: ModelRow, media: tuple[Medium, ...]
) -> Follows:
    kinds = {medium.kind for medium in media}
    if endpoint.row_name == "digital_human":
        return "audio"
    timeless = not row.seconds and not row.lenient and row.makes == "video"
    if "video" in kinds and (endpoint.follows_video or timeless):
        return "video"
    _, ratio = one(body, spelling.ratio)
    shapeless = ratio is None and not row.ratios and not row.pixel_sizes
    adaptive = (ratio or row.default_ratio) == "adaptive"
    return "picture" if "image" in kinds and (adaptive or shapeless) else ""


def _old_style(endpoint: Endpoint, row: ModelRow, body: Body) -> bool:
    old_names = any(is_given(body, name) for name in endpoint.spelling.old_names)
    return bool(endpoint.old_prefix) and (old_names or row.name in endpoint.old_models)


def _size(endpoint: Endpoint, row: ModelRow, asked: Asked) -> sizes.Size:
    exact = row.pixel_sizes.get(asked.ratio)
    if exact is not None and (found := sizes.parse(exact)):
        return found if asked.makes == "image" else sizes.capped(found)
    if asked.makes == "image":
        return sizes.image(asked.ratio, asked.resolution)
    return sizes.video(asked.ratio, asked.resolution, asked.model, narrow=endpoint.narrow)
