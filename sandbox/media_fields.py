"""The media of a request, from its own fields or from `content[]`, checked against the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pydantic import JsonValue

from globalaiopc.catalogue import ModelRow
from sandbox import answers
from sandbox.asked import Kind, Medium, Role
from sandbox.endpoints.shape import Endpoint
from sandbox.fields import Body, Rejected, addresses, invalid, missing, one

Resolve = Callable[[str], str | None]
"""The address behind an asset's reference; None for one that is not there."""

KINDS: tuple[Kind, ...] = ("image", "video", "audio")
_LONGEST_INLINE = 10_000_000
_ROLES: dict[str, tuple[Kind, Role]] = {
    "first_frame": ("image", "first"),
    "last_frame": ("image", "last"),
    "reference_image": ("image", "reference"),
    "reference_video": ("video", "reference"),
    "reference_audio": ("audio", "reference"),
}


def from_fields(endpoint: Endpoint, body: Body) -> tuple[Medium, ...]:
    spelling = endpoint.spelling
    found: list[Medium] = []
    for slot, role in ((spelling.first, "first"), (spelling.last, "last")):
        name, value = one(body, slot)
        urls = addresses(name, value)
        if len(urls) > 1:
            raise invalid(f"{name} takes one image.")
        found += [Medium("image", _role(role), url) for url in urls]
    slots = (spelling.images, spelling.videos, spelling.audios)
    for kind, slot in zip(KINDS, slots, strict=True):
        name, value = one(body, slot)
        found += [Medium(kind, "reference", url) for url in addresses(name, value)]
    if spelling.frame_list:
        urls = addresses(spelling.frame_list, body.get(spelling.frame_list))[:2]
        roles = (_role("first"), _role("last"))
        found += [Medium("image", role, url) for role, url in zip(roles, urls, strict=False)]
    if endpoint.api == "v2" and body.get("reference_mode") == "frame":
        found = _as_frames(found)
    return tuple(found)


def _role(name: str) -> Role:
    return "first" if name == "first" else "last"


def _as_frames(media: list[Medium]) -> list[Medium]:
    """`reference_mode` "frame": the reference images are the first and the last frame."""
    images = [medium for medium in media if (medium.kind, medium.role) == ("image", "reference")]
    if len(images) > 2:
        raise invalid("reference_mode frame takes at most 2 reference_images.")
    roles = {id(image): _role(name) for image, name in zip(images, ("first", "last"), strict=False)}
    return [replace(medium, role=roles.get(id(medium), medium.role)) for medium in media]


def from_content(endpoint: Endpoint, body: Body) -> tuple[str, tuple[Medium, ...]]:
    """The text and the media of `content[]`."""
    parts = body.get("content")
    if not parts:
        raise missing(endpoint, "content")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise invalid("content must be an array of parts.")
    texts: list[str] = []
    media: list[Medium] = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        if part.get("type") == "text":
            texts.append(_text_of(part))
        else:
            media.append(_medium_of(part))
    if len(texts) > 1:
        raise invalid("content takes exactly one text item.")
    return "".join(texts), _one_of_each_frame(media)


def _text_of(part: Mapping[str, JsonValue]) -> str:
    value = part.get("text")
    if not isinstance(value, str):
        raise invalid("content: a text item needs text.")
    return value


def _medium_of(part: Mapping[str, JsonValue]) -> Medium:
    """An image without a role is the first frame."""
    named = part.get("type")
    kind = next((kind for kind in KINDS if named == f"{kind}_url"), None)
    if kind is None:
        raise invalid(f"content: unknown type {named!r}.")
    holder = part.get(f"{kind}_url")
    url = holder.get("url") if isinstance(holder, dict) else None
    if not isinstance(url, str) or not url:
        raise invalid(f"content: {named} needs an object with a url.")
    role = part.get("role")
    if role is None:
        return Medium(kind, "first" if kind == "image" else "reference", url)
    if not isinstance(role, str) or role not in _ROLES or _ROLES[role][0] != kind:
        raise invalid(f"content: {role!r} is no role of {named}.")
    return Medium(kind, _ROLES[role][1], url)


def _one_of_each_frame(media: list[Medium]) -> tuple[Medium, ...]:
    for role in ("first", "last"):
        if sum(medium.role == role for medium in media) > 1:
            raise invalid(
                f"content: only one image can be the {role} frame; give the others roles."
            )
    return tuple(media)


def check(endpoint: Endpoint, row: ModelRow, media: tuple[Medium, ...]) -> None:
    """Refuses what the model does not take; nothing is known of a lenient row's model."""
    if endpoint.needs_media and not media:
        raise invalid("content needs at least one image or reference item.")
    if row.lenient:
        return
    frames: set[Role] = {medium.role for medium in media if medium.role != "reference"}
    _check_frames(row, frames)
    counts = {kind: sum(m.kind == kind and m.role == "reference" for m in media) for kind in KINDS}
    if frames and any(counts.values()) and row.frames_exclude_references:
        raise invalid("Frames and reference media cannot be used together.")
    for kind, count in counts.items():
        _check_count(row, kind, count)
    beside = row.images_beside_video
    if beside is not None and counts["video"] and counts["image"] > beside:
        raise invalid(f"At most {beside} reference images beside a reference video.")
    seen = frames or counts["image"] or counts["video"]
    if counts["audio"] and not seen and not row.audio_alone:
        raise invalid("Reference audio needs a reference image or video.")


def _check_frames(row: ModelRow, frames: set[Role]) -> None:
    if "first" in frames and row.first_frame == "no":
        raise invalid(f"{row.name} takes no first frame.")
    if "last" in frames and row.last_frame == "no":
        raise invalid(f"{row.name} takes no last frame.")
    if "first" not in frames and row.first_frame == "needed":
        raise invalid("first_image is required.")
    if "last" not in frames and row.last_frame == "needed":
        raise invalid("last_image is required.")
    if "first" in frames and "last" not in frames and row.last_frame == "paired":
        raise invalid("first_image and last_image must be given together.")
    if "last" in frames and "first" not in frames and row.last_frame != "alone":
        raise invalid("last_image needs first_image.")


def _check_count(row: ModelRow, kind: Kind, count: int) -> None:
    most, least = row.references.get(kind, 0), row.references_needed.get(kind, 0)
    if count > most:
        raise invalid(f"{row.name} takes at most {most} {kind}(s) as reference.")
    if count < least:
        raise invalid(f"{row.name} needs at least {least} reference {kind}(s).")


def found_at(
    endpoint: Endpoint, row: ModelRow, media: tuple[Medium, ...], resolve: Resolve
) -> tuple[Medium, ...]:
    """The same media with addresses that can be fetched."""
    return tuple(_found(endpoint, row, medium, resolve) for medium in media)


def _found(endpoint: Endpoint, row: ModelRow, medium: Medium, resolve: Resolve) -> Medium:
    url = medium.url
    if url.startswith(("http://", "https://")):
        return medium
    if url.startswith("data:") and medium.kind == "image" and (row.inline_media or row.lenient):
        if len(url) > _LONGEST_INLINE:
            raise Rejected(answers.envelope(500, "数据异常"))
        return medium
    if url.startswith(endpoint.asset_schemes or "\0"):
        address = resolve(url)
        if address is None:
            raise invalid(f"asset not found: {url[:100]}")
        return replace(medium, url=address)
    raise invalid(f"Reference {medium.kind}s must be public http(s) URLs.")
