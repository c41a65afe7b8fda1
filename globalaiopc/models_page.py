"""The page of models, docs/models.md, told from the catalogue.

`python -m globalaiopc.models_page` writes it to standard output, with `--write` into docs/.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from globalaiopc.catalogue import Catalogue, ModelRow

PAGE = Path(__file__).resolve().parents[1] / "docs" / "models.md"
COMMAND = "python -m globalaiopc.models_page --write"

_AREAS: dict[str, tuple[str, ...]] = {
    "Text": (
        *("chat_completions", "messages", "responses"),
        *("generate_content", "stream_generate_content"),
    ),
    "Images": ("nano_banana", "gpt_image_2"),
    "Video": (
        *("sora", "veo", "seedance_1_5", "seedance_2_0", "seedance_x1", "seedance_special"),
        *("seedance_discount", "vidu", "grok", "starvideos", "videos", "sd2_manxue", "luxvid"),
        *("omni_flash", "happyhorse_t2v", "happyhorse_i2v", "happyhorse_r2v", "happyhorse_edit"),
    ),
    "Lip-sync and voice": ("digital_human", "voice_clone", "speech"),
    "Model center": ("model_center",),
}

_BEGINNING = f"""# Models

Every model that can be named in a flow, a brief or a call, and what it takes. What is outside a
row is refused before anything is spent, with the field, what is allowed and models that can.
This page is written from [`catalogue.toml`](../globalaiopc/catalogue.toml) by `{COMMAND}`.

## Naming a model

- **`name`**: `openAiSora2Plus`. Capital letters count.
- **`endpoint/name`**: `model_center/videos_stable`. A few models are offered at two endpoints with
  other limits at each; the bare name means the documented one, and the tables show what to write.
- **`endpoint/any-new-name`**: `veo/veo_4_fast`. A model that has no row yet works at an endpoint
  that is named. Nothing is known of its limits, so whatever is asked for is passed on unchecked.
  (At `model_center` it is taken for a video model; give one that makes images a row.)

Text models come from several supplies: the bare name is the standard one, `-official` the official
one, `-hc` AWS or premium accounts, `-fd` a mixed pool, `-low` the cheapest.

## Reading the tables

- What is **bold** is what is made when nothing is asked for. Spelling matters: `720p`, `720P`.
- *Frames* are pictures that a video begins and ends with; *references* are media that it is to look
  or sound like. One request has frames or references, not both, and reference audio only beside a
  picture or a video, unless the row says otherwise. `1-9 images` means that one is needed.
- *How long* is what a job usually takes. It goes on when the wait is given up and can be looked up.
- *Billed by*: what is counted; no prices are published. `?` = not known.
- *Evidence*: `docs` = the provider's documentation; `docs-old` = an older page of it, which a newer
  one no longer lists; `integrators` = other people's code: how it behaves for them, no promise.
"""

_ENDING = """## Adding a model

A new model, or another limit for a known one, is a row in a file of your own; no code changes.

```toml
[[model]]
names = ["viduq4-pro", "viduq4-turbo"]  # the exact ids
endpoint = "vidu"                       # which call makes it: path, polling, unit are from there
seconds = ["4-8", 12]                   # 4, 5, 6, 7, 8 or 12
default_seconds = 8                     # what is made when a brief asks for nothing
ratios = ["16:9", "9:16", "1:1"]
default_ratio = "16:9"
resolutions = ["1080p", "4k"]           # spelled as the provider wants it
default_resolution = "1080p"
first_frame = "yes"                     # "no", "yes" or "needed"
last_frame = "yes"                      # beside a first frame
prompt_limit = 4000
typical_seconds = [60, 120]
evidence = "integrators"

# One that is as an existing family ([family.NAME] in catalogue.toml) but for what is said here.
[[model]]
names = ["nano-banana-3"]
family = "nano-banana"
resolutions = ["1k", "2k", "8k"]
default_resolution = "2k"
```

Save it as `models.toml` and use it:

- **in flows**: `GLOBALAIOPC_CATALOGUE=models.toml python -m blocks` keeps the rows in the
  connection's block, where every worker finds them; the block's form in the Prefect UI shows them
  as *Models of your own*;
- **in Python**: `GlobalAIOPCClient(catalogue=Catalogue.load("models.toml"))`;
- **in the sandbox**: `python -m sandbox --catalogue models.toml`, which holds to the same limits.

A row needs `names` and an `endpoint` or a `family`; what it leaves out comes from there. A row for
a name that the endpoint already has replaces the built-in row *as a whole*, so name the family too.
`lenient = true` switches the checks of a row off. A wrong row is refused when the file is read:

```text
The catalogue models.toml: row 1 (viduq4-pro), row: default_seconds is not among the allowed values.
```

Everything that a row may hold is told at the top of
[`catalogue.toml`](../globalaiopc/catalogue.toml).
"""

_SUPPLIES = ("-official", "-hc", "-fd", "-low")
_NONE = "-"
Cell = Callable[[ModelRow], str]


def page(catalogue: Catalogue) -> str:
    """The whole page, Markdown."""
    return "\n".join((_BEGINNING, *_areas(catalogue), _ENDING))


def _areas(catalogue: Catalogue) -> Iterator[str]:
    told = {name for names in _AREAS.values() for name in names}
    others = tuple(name for name in catalogue.endpoints if name not in told)
    for area, names in {**_AREAS, **({"Others": others} if others else {})}.items():
        yield f"## {area}\n"
        for name in names:
            yield from _endpoint(catalogue, name)


def _endpoint(catalogue: Catalogue, name: str) -> Iterator[str]:
    rows = [row for row in catalogue if row.endpoint == name]
    at = catalogue.endpoints[name]
    yield f"### {name}\n\n`POST {at.path}`{_polling(rows)}\n"
    yield from _table(catalogue, rows)
    if notes := list(_notes(catalogue, rows)):
        yield "\n".join(notes) + "\n"


def _polling(rows: list[ModelRow]) -> str:
    looks = {row.makes: _span(*row.poll_every) for row in rows if row.makes != "text"}
    if len(set(looks.values())) > 1:
        return f", then looked at every {', '.join(f'{every} ({k})' for k, every in looks.items())}"
    return f", then looked at every {next(iter(looks.values()))}" if looks else ""


def _table(catalogue: Catalogue, rows: list[ModelRow]) -> Iterator[str]:
    """One line for all the models whose cells are equal; no column that says nothing."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        cells = tuple(cell(row) for cell in _COLUMNS.values())
        lines.setdefault(cells, []).append(catalogue.id_of(row))
    shown = [
        number for number in range(len(_COLUMNS)) if any(cells[number] != _NONE for cells in lines)
    ]
    heads = [list(_COLUMNS)[number] for number in shown]
    yield f"| model | {' | '.join(heads)} |"
    yield f"| --- {'| --- ' * len(heads)}|"
    for cells, names in lines.items():
        yield f"| {_named(names)} | {' | '.join(cells[number] for number in shown)} |"
    yield ""


def _notes(catalogue: Catalogue, rows: list[ModelRow]) -> Iterator[str]:
    """What has no column, once for all the models that it is true of."""
    said: dict[str, list[str]] = {}
    for row in rows:
        if note := " ".join(_more(row)):
            said.setdefault(note, []).append(catalogue.id_of(row))
    for note, names in said.items():
        whose = "" if len(names) == len(rows) else f"{_named(names)}: "
        yield f"- {whose}{note}"


def _named(names: list[str]) -> str:
    """The names; those that only differ by their supply as one: `gpt-5.4` (`-hc`, `-low`)."""
    told: dict[str, list[str]] = {}
    for name in names:
        stem = next((name.removesuffix(end) for end in _SUPPLIES if name.endswith(end)), name)
        if stem in told:
            told[stem].append(f"`{name.removeprefix(stem)}`")
        else:
            told[name] = []
    return ", ".join(
        f"`{name}` ({', '.join(supplies)})" if supplies else f"`{name}`"
        for name, supplies in told.items()
    )


def _more(row: ModelRow) -> Iterator[str]:
    yield from _prompt(row)
    yield from _pixels(row)
    if row.needs_voice:
        yield "Needs the id of a cloned voice."
    if row.qualities:
        yield f"Qualities: {', '.join(row.qualities)}."
    if row.video_decides:
        yield "With a reference video, length and ratio are the video's and cannot be asked for."
    if row.seeds is not None:
        yield f"Seed: {row.seeds[0]} to {row.seeds[1]}."
    if row.makes != "text" and row.inline_media:
        yield "Media may be base64."
    if row.asset_library:
        when = "always go" if row.asset_step == "always" else "go, where faces need a review,"
        yield f"Media {when} through the asset library `{row.asset_library}`."
    if row.notes:
        yield row.notes


def _pixels(row: ModelRow) -> Iterator[str]:
    if row.sizes:
        yield f"Exact pixels: {', '.join(row.sizes)}."
    if row.any_size:
        yield "Exact pixels may be asked for, such as 2048x2048."
    if row.pixel_sizes:
        pixels = ", ".join(f"{size} ({ratio})" for ratio, size in row.pixel_sizes.items())
        yield f"Output: {pixels}."


def _prompt(row: ModelRow) -> Iterator[str]:
    if row.prompt_limit == 0:
        yield "Takes no prompt."
        return
    limits = {
        "characters": row.prompt_limit,
        "Chinese characters": row.prompt_limit_chinese,
        "words": row.prompt_limit_words,
    }
    told = [f"{limit:,} {what}" for what, limit in limits.items() if limit is not None]
    if told:
        yield f"Prompt: at most {' and '.join(told)}."


def _choices(values: Iterable[str], default: str | None) -> str:
    listed = [f"**{value}**" if value == default else value for value in values]
    return ", ".join(listed) or _NONE


def _seconds(row: ModelRow) -> str:
    numbers, default = row.seconds, row.default_seconds
    if not numbers:
        return _NONE
    first, last = numbers[0], numbers[-1]
    if len(numbers) > 3 and numbers == tuple(range(first, last + 1)):
        return f"{first}-{last}, **{default}**" if default is not None else f"{first}-{last}"
    return _choices(map(str, numbers), str(default))


def _frames(row: ModelRow) -> str:
    first = {"no": "", "yes": "first", "needed": "first (needed)"}[row.first_frame]
    last = {
        "no": "",
        "yes": "last",
        "paired": "last (both or none)",
        "alone": "last (also alone)",
        "needed": "last (needed)",
    }[row.last_frame]
    return ", ".join(filter(None, (first, last))) or _NONE


def _references(row: ModelRow) -> str:
    if row.makes == "text":
        return _NONE
    told = [_counted(kind, row) for kind in ("image", "video", "audio") if row.references.get(kind)]
    if row.references and row.takes_first_frame and not row.frames_exclude_references:
        told.append("also beside frames")
    if row.needs_media:
        told.append("a frame or a reference is needed")
    return ", ".join(told) or _NONE


def _counted(kind: str, row: ModelRow) -> str:
    least, most = (
        next((count for name, count in table.items() if name == kind), 0)
        for table in (row.references_needed, row.references)
    )
    number = f"{least}-{most}" if 0 < least < most else str(most)
    if kind == "image" and row.images_beside_video is not None:
        return f"{number} images ({row.images_beside_video} beside a video)"
    plural = "s" if most > 1 and kind != "audio" else ""
    return f"{number} {kind}{plural}{' (needed)' if least == most else ''}"


def _reads(row: ModelRow) -> str:
    """What a text model looks at: no page says how many, so neither does this one."""
    if row.makes != "text":
        return _NONE
    return ", ".join(("text", *(f"{kind}s" for kind in row.references)))


def _span(low: float, high: float) -> str:
    if high <= 60:
        return f"{low:g}-{high:g} s"
    minutes = f"{high / 60:g} min"
    return f"{low / 60:g}-{minutes}" if low >= 60 else f"{low:g} s to {minutes}"


_COLUMNS: dict[str, Cell] = {
    "makes": lambda row: row.makes,
    "reads": _reads,
    "seconds": _seconds,
    "ratios": lambda row: _choices(row.ratios, row.default_ratio),
    "resolutions": lambda row: _choices(row.resolutions, row.default_resolution),
    "frames": _frames,
    "references": _references,
    "sound": lambda row: "on or off" if row.sound else _NONE,
    "how long": lambda row: _span(*row.typical_seconds),
    "billed by": lambda row: "?" if row.unit == "unknown" else row.unit,
    "evidence": lambda row: row.evidence,
}


def main(arguments: list[str]) -> int:
    """`--write` puts the page into docs/; without it the page is standard output."""
    text = page(Catalogue.load())
    if arguments == ["--write"]:
        PAGE.write_text(text, "utf-8")
        return 0
    if arguments:
        sys.stderr.write(f"usage: {COMMAND}\n")
        return 2
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
