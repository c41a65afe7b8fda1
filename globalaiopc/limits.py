"""What a model's row says against a generation, before it costs a call."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from globalaiopc.catalogue import Catalogue, ModelRow
from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.requests.checks import quoted
from globalaiopc.rows import Medium

_WORD: dict[Medium, str] = {"image": "images", "video": "videos", "audio": "audios"}
_NEAREST = 3
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_FEW = 3


@dataclass(frozen=True)
class Problem:
    """One thing that the model does not do: which word, why, and what it would take instead."""

    field: str
    message: str
    allowed: str = ""


def check(row: ModelRow, wish: Generation, catalogue: Catalogue | None = None) -> None:
    """Raise `InvalidRequest` for the first problem; with a catalogue, name models that can."""
    problem = next(problems(row, wish), None)
    if problem is None:
        return
    able = models_that_can(catalogue, row, wish) if catalogue is not None else []
    raise InvalidRequest(
        problem.message,
        field=problem.field,
        allowed=problem.allowed,
        advice=f"These can: {', '.join(able)}." if able else "",
    )


def models_that_can(catalogue: Catalogue, row: ModelRow, wish: Generation) -> list[str]:
    """The nearest few models that make the same and have nothing against the generation."""
    able = [
        other
        for other in catalogue
        if other.makes == row.makes and not other.lenient and not any(problems(other, wish))
    ]
    able.sort(
        key=lambda other: (
            other.endpoint != row.endpoint,
            -difflib.SequenceMatcher(None, row.name, other.name).ratio(),
        )
    )
    return list(dict.fromkeys(catalogue.id_of(other) for other in able))[:_NEAREST]


def problems(row: ModelRow, wish: Generation) -> Iterator[Problem]:
    """Everything that is wrong, in the order of the words; nothing for an undescribed model."""
    if row.lenient:
        return
    yield from _prompt(row, wish)
    yield from _choice(row, "seconds", wish.seconds, row.seconds)
    yield from _choice(row, "ratio", wish.ratio, row.ratios)
    yield from _choice(row, "resolution", row.spelt_resolution(wish.resolution), row.resolutions)
    if not row.any_size:
        yield from _choice(row, "size", wish.size, (*row.sizes, *row.pixel_sizes.values()))
    yield from _choice(row, "quality", wish.quality, row.qualities)
    yield from _frames(row, wish)
    yield from _references(row, wish)
    yield from _rest(row, wish)


def _prompt(row: ModelRow, wish: Generation) -> Iterator[Problem]:
    if row.needs_prompt and not wish.prompt.strip():
        yield Problem("prompt", "The prompt is empty.")
    if row.prompt_limit == 0 and wish.prompt:
        yield Problem("prompt", f"{row.name} takes no prompt; leave it empty.")
        return
    chinese = len(_CHINESE.findall(wish.prompt))
    for what, count, limit in (
        ("characters", len(wish.prompt), row.prompt_limit),
        ("Chinese characters", chinese, row.prompt_limit_chinese),
        ("words", len(wish.prompt.split()), row.prompt_limit_words),
    ):
        if limit is not None and count > limit:
            yield Problem(
                "prompt",
                f"The prompt has {count:,} {what}; {row.name} takes {limit:,}.",
                f"at most {limit:,} {what}",
            )


def _choice(
    row: ModelRow, field: str, value: str | int | None, allowed: tuple[str, ...] | tuple[int, ...]
) -> Iterator[Problem]:
    if value is None or value in allowed:
        return
    if not allowed:
        yield Problem(field, f"{row.name} has no choice of {field}; leave it empty.")
        return
    choices = _listed(allowed)
    said = quoted(value)
    yield Problem(field, f"{row.name} does not take {field} {said}; it takes {choices}.", choices)


def _listed(allowed: tuple[str, ...] | tuple[int, ...]) -> str:
    """`4, 8, 12`, or `4 to 15` for whole numbers without a gap."""
    first, last = allowed[0], allowed[-1]
    if isinstance(first, int) and isinstance(last, int) and last - first == len(allowed) - 1 > _FEW:
        return f"{first} to {last}"
    return ", ".join(str(choice) for choice in allowed)


def _frames(row: ModelRow, wish: Generation) -> Iterator[Problem]:
    if wish.first_frame and row.first_frame == "no":
        yield Problem("first_frame", f"{row.name} does not start from a picture.")
    if not wish.first_frame and row.first_frame == "needed":
        yield Problem("first_frame", f"{row.name} needs a picture to start from.")
    if wish.last_frame and row.last_frame == "no":
        yield Problem("last_frame", f"{row.name} does not take a last frame.")
    if not wish.last_frame and row.last_frame == "needed":
        yield Problem("last_frame", f"{row.name} needs a last frame.")
    if wish.last_frame and not wish.first_frame and row.last_frame in {"yes", "paired"}:
        yield Problem("last_frame", f"{row.name} takes a last frame only beside a first one.")
    if wish.first_frame and not wish.last_frame and row.last_frame == "paired":
        yield Problem("last_frame", f"{row.name} takes a first frame only beside a last one.")
    given = next((_WORD[kind] for kind, count in wish.references().items() if count), None)
    if given and row.frames_exclude_references and (wish.first_frame or wish.last_frame):
        yield Problem(
            given, f"{row.name} takes a first or last frame, or reference media, not both."
        )


def _references(row: ModelRow, wish: Generation) -> Iterator[Problem]:
    given = wish.references()
    for kind, count in given.items():
        most, least = row.references.get(kind, 0), row.references_needed.get(kind, 0)
        if count > most:
            yield Problem(
                _WORD[kind],
                f"{row.name} takes at most {most} reference {kind}s, {count} were given.",
                f"at most {most}",
            )
        if count < least:
            yield Problem(_WORD[kind], f"{row.name} needs a reference {kind}.", f"at least {least}")
    beside = row.images_beside_video
    if beside is not None and given["video"] and given["image"] > beside:
        yield Problem(
            "images",
            f"{row.name} takes at most {beside} reference images beside a reference video.",
            f"at most {beside}",
        )
    if row.video_decides and given["video"]:
        for word in ("seconds", "ratio"):
            if getattr(wish, word) is not None:
                yield Problem(
                    word, f"{row.name} takes the {word} of the reference video; leave it empty."
                )
    seen = given["image"] or given["video"] or wish.first_frame or wish.last_frame
    if row.needs_media and not seen and not given["audio"]:
        yield Problem("images", f"{row.name} makes nothing of text alone.", "a frame or reference")
    if given["audio"] and not seen and not row.audio_alone:
        yield Problem("audios", f"{row.name} takes reference audio only beside a picture or video.")


def _rest(row: ModelRow, wish: Generation) -> Iterator[Problem]:
    if wish.sound is not None and not row.sound:
        yield Problem("sound", f"{row.name} has no switch for sound; leave it empty.")
    if wish.seed is not None:
        yield from _seed(row, wish.seed)
    if row.needs_voice and not wish.voice:
        yield Problem("voice", f"{row.name} needs the id of a cloned voice.")
    if wish.voice and not row.needs_voice:
        yield Problem("voice", f"{row.name} does not speak with a cloned voice.")
    for word, address in wish.media():
        # Not named: the address may be presigned, and base64 is long.
        if address.startswith("data:") and not row.inline_media:
            yield Problem(
                word,
                f"{row.name} takes media by their address, not as base64 text.",
                "http:// or https:// URLs",
            )


def _seed(row: ModelRow, seed: int) -> Iterator[Problem]:
    if row.seeds is None:
        yield Problem("seed", f"{row.name} does not take a seed.")
    elif not row.seeds[0] <= seed <= row.seeds[1]:
        allowed = f"{row.seeds[0]} to {row.seeds[1]}"
        yield Problem("seed", f"{row.name} takes a seed from {allowed}.", allowed)
