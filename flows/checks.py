"""Everything that is wrong with a brief, found before anything is spent."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from flows.briefs import MEDIA_FIELDS, PROMPT_CAP, Brief, Makes, unsendable
from flows.cells import UNSEEN
from flows.errors import BriefProblem, shown
from flows.script import Script
from flows.stages import (
    Choice,
    Media,
    Model,
    Picture,
    Stages,
    brief_videos,
    named_models,
    offered,
    picture_of,
    shared_words,
    takes,
)
from globalaiopc.catalogue import Catalogue
from globalaiopc.dialects import request_for
from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.limits import Problem, models_that_can, problems
from ledger.receipt import RESERVED_BRIEF_IDS, check_asked, check_id

Chosen = tuple[tuple[Choice, ...], list[BriefProblem]]

_PROMPTS = ("topic", "image_prompt", "video_prompt")
_WORDS = (
    *("image_model", "video_model", "text_model", "ratio", "resolution", "quality"),
    *("image_fallbacks", "video_fallbacks", "text_fallbacks"),
)
"""Fields that hold a word or a few; of an undescribed model, any word is passed on."""
_LONGEST_WORD = 200
_WEB = ("https://", "http://", "s3://")
WHERE = "https://…, s3://bucket/key, or a key in the bucket"
_THERE = "https://input.invalid/there"  # stands for media that have no address yet


def refuse_typed(brief: Brief, *, row: int | None = None) -> list[BriefProblem]:
    """What is wrong with a private brief that stands among a run's parameters."""
    if not brief.private:
        return []
    message = (
        "A private brief cannot be given in a run's form or call: Prefect keeps what is given "
        "there. Nothing was sent. Name it in a file (s3://…), and delete this run in the UI."
    )
    return [BriefProblem(message=message, field="private", id=brief.id, row=row)]


def validate_brief(
    brief: Brief,
    catalogue: Catalogue,
    *,
    makes: Makes = "video",
    row: int | None = None,
    line: int | None = None,
) -> list[BriefProblem]:
    """Everything that is wrong with a brief, before anything is spent; empty when it can be made.

    `makes` says what the flow makes of it: a brief for `text_to_image` needs neither a video prompt
    nor a video model.
    """
    found = [*own_problems(brief), *model_problems(brief, catalogue, makes)]
    return placed(found, brief, row, line)


def placed(
    found: Iterable[BriefProblem], brief: Brief, row: int | None, line: int | None
) -> list[BriefProblem]:
    """Each problem once, and with the place of its brief."""
    where = {"id": brief.id, "row": row, "line": line}
    return [problem.model_copy(update=where) for problem in dict.fromkeys(found)]


def own_problems(brief: Brief) -> list[BriefProblem]:
    """What is wrong with a brief whatever its models are: its id, its texts, its media."""
    media = source_problems(_all_sources(brief))
    return [*id_problems(brief.id), *_text_problems(brief), *media]


def model_problems(brief: Brief, catalogue: Catalogue, makes: Makes) -> list[BriefProblem]:
    """What its models have against it, and what they lack.

    Of the texts only the measures count, of the media only how many there are, and the id, the
    tags and the take not at all: `flows.bulk_checks` relies on it.
    """
    found: list[BriefProblem] = []
    if brief.topic:
        found += _chosen(brief, "text", catalogue)[1]
    videos: Chosen = _chosen(brief, "video", catalogue) if makes == "video" else ((), [])
    if makes == "video" and not videos[0]:  # not known yet: it will want a picture, as most do
        picture: Picture = "given" if brief.image else "made"
    else:
        picture = picture_of(brief, videos[0][0] if videos[0] else None)
    images: Chosen = _chosen(brief, "image", catalogue) if picture == "made" else ((), [])
    found += _content_problems(brief, makes, picture, videos[0])
    found += [*images[1], *videos[1]]
    stages = Stages(brief, picture, images[0], videos[0])
    if not (images[1] or videos[1]):
        found += _shared_problems(stages)
    found += _wish_problems(stages, catalogue)
    return found


def check_script(stages: Stages, script: Script) -> None:
    """Raise `InvalidRequest` for a prompt that its model does not take, or its receipt cannot keep.

    Before anything is paid: no picture is bought for a video that can never be asked for.
    """
    media = _placeholders(stages.brief, stages)
    wishes = [(one, stages.image_wish(one, script.image_prompt, media)) for one in stages.image]
    wishes += [(one, stages.video_wish(one, script.video_prompt, media)) for one in stages.video]
    for choice, wish in wishes:
        for problem in problems(choice.row, wish):
            raise InvalidRequest(
                f"{choice.name}: {problem.message}",
                field=problem.field,
                allowed=problem.allowed,
                advice="Give the brief a prompt of its own that fits, or choose another model.",
            )
    used = {"image_prompt": stages.image, "video_prompt": stages.video}
    try:
        check_asked({field: getattr(script, field) for field, models in used.items() if models})
    except InvalidRequest as exc:
        exc.advice = "Give the brief an image_prompt and a video_prompt of its own."
        raise


def id_problems(brief_id: str) -> Iterator[BriefProblem]:
    """What is wrong with the id of a brief of any kind."""
    try:
        check_id(brief_id, "id")
    except InvalidRequest as exc:
        yield BriefProblem(field="id", message=exc.message, allowed=exc.allowed)
    if brief_id in RESERVED_BRIEF_IDS:
        yield BriefProblem(field="id", message=f"{brief_id} is the name of the batch's own file.")


def _text_problems(brief: Brief) -> Iterator[BriefProblem]:
    texts = {field: getattr(brief, field) or "" for field in _PROMPTS}
    tags = [("tags", tag) for tag in brief.tags]
    yield from _word_problems(brief)
    yield from unsendable_problems([*texts.items(), *_all_sources(brief), *tags])
    for field, text in texts.items():
        if text:
            yield from unkeepable_problems(field, text)
            yield from long_problems(field, text)


def unsendable_problems(texts: Iterable[tuple[str, str]]) -> Iterator[BriefProblem]:
    """Of fields and their texts: characters that cannot be sent."""
    for field, text in texts:
        if why := unsendable(text):
            yield BriefProblem(field=field, message=why)


def unkeepable_problems(field: str, text: str) -> Iterator[BriefProblem]:
    """What is asked for is kept in the bucket for others to read."""
    try:
        check_asked({field: text})
    except InvalidRequest as exc:
        yield BriefProblem(field=field, message=exc.message, allowed=exc.allowed)


def long_problems(field: str, text: str) -> Iterator[BriefProblem]:
    """More than a model is told at once."""
    if len(text) > PROMPT_CAP:
        message = f"The text has {len(text):,} characters."
        yield BriefProblem(field=field, message=message, allowed=f"at most {PROMPT_CAP:,}")


def _word_problems(brief: Brief) -> Iterator[BriefProblem]:
    for field, word in ((name, one) for name in _WORDS for one in sources(brief, name)):
        if not word.isprintable() or len(word) > _LONGEST_WORD:
            yield BriefProblem(
                field=field,
                message=f"{shown(word)} is no word of this field.",
                allowed=f"printable, at most {_LONGEST_WORD} characters",
            )


def sources(brief: Brief, field: str) -> tuple[str, ...]:
    """Where the media of one field lie, or what the words of another are."""
    value = getattr(brief, field)
    return (value,) if isinstance(value, str) else tuple(value or ())


def _all_sources(brief: Brief) -> list[tuple[str, str]]:
    """Field and place of each medium. Most briefs have none, and there may be a million of them."""
    given = [field for field in MEDIA_FIELDS if getattr(brief, field)]
    return [(field, one) for field in given for one in sources(brief, field)]


def source_problems(sources_of: Iterable[tuple[str, str]]) -> Iterator[BriefProblem]:
    """Of fields and the places of their media: those that no medium can be read from."""
    for field, source in sources_of:
        if why := bad_source(source):
            yield BriefProblem(field=field, message=why, allowed=WHERE)


def bad_source(source: str) -> str | None:
    """Why no medium can be read from there, or None."""
    # The address itself stays out of the message: it may be presigned.
    if hiding := UNSEEN.search(source.replace("\n", "\r")):
        code = ord(hiding.group())
        return f"Character {hiding.start() + 1} (U+{code:04X}) is part of no address."
    if source.startswith(_WEB):
        bare = source.split("://", 1)[1]
        return None if bare.strip("/") else "The address names no file."
    if ":" in source.split("/", 1)[0]:
        return "This kind of address cannot be fetched by the provider."
    if source.startswith("/") and Path(source).is_file():
        return None
    if source.startswith("/") or ".." in source.split("/"):
        return (
            "This is a path on one machine, and no file of the one that runs this flow; upload "
            "it and give its key."
        )
    return None


def _content_problems(
    brief: Brief, makes: Makes, picture: Picture, videos: tuple[Choice, ...]
) -> Iterator[BriefProblem]:
    if brief.topic:
        return
    if makes == "image":
        if not brief.image_prompt:
            yield BriefProblem(
                field="topic", message="The prompt is empty: give topic or image_prompt."
            )
        return
    needed = not videos or videos[0].row.needs_prompt
    if needed and not brief.video_prompt:
        also = "video_prompt" if picture == "none" else "image_prompt and video_prompt"
        yield BriefProblem(
            field="video_prompt" if brief.image_prompt else "topic",
            message=f"The prompt is empty: give topic, or {also}.",
        )
    elif picture == "made" and not brief.image_prompt:
        yield BriefProblem(
            field="image_prompt",
            message="There is a video_prompt but no picture: give topic, image_prompt or image.",
        )


def _chosen(brief: Brief, makes: Model, catalogue: Catalogue) -> Chosen:
    """The models that the brief names for a stage, and what is wrong with the others."""
    found: dict[str, Choice] = {}
    wrong: list[BriefProblem] = []
    for field, name in named_models(brief, makes):
        try:
            choice = Choice.of(field, name, makes, catalogue)
        except InvalidRequest as exc:
            wrong.append(BriefProblem(field=exc.field, message=exc.message, allowed=exc.allowed))
            if field.endswith("_model"):  # without the first one, nothing is known of the others
                return (), wrong
        else:
            found.setdefault(choice.name, choice)
    return tuple(found.values()), wrong


def _wish_problems(stages: Stages, catalogue: Catalogue) -> Iterator[BriefProblem]:
    """What the models' rows have against what they will be asked for."""
    brief = stages.brief
    media = _placeholders(brief, stages)
    for choice in stages.image:
        wish = stages.image_wish(choice, _prompt(brief.image_prompt), media)
        yield from _refusals(brief, choice, wish, catalogue, {"prompt": "image_prompt"})
    words = {
        "prompt": "video_prompt",
        "first_frame": "image",
        "last_frame": "last_image",
        "videos": "video" if brief.video else "reference_videos",
    }
    for choice in stages.video:
        wish = stages.video_wish(choice, _prompt(brief.video_prompt), media)
        yield from _refusals(brief, choice, wish, catalogue, words)
        if brief.asset_review and not (choice.row.asset_library or choice.row.lenient):
            message = f"{choice.name} has no asset library to review pictures in."
            yield BriefProblem(field=_field_of(choice, "asset_review"), message=message)


def _prompt(own: str | None) -> str:
    """The brief's own prompt, which has been measured already; else one that will be written."""
    return own[:PROMPT_CAP] if own else "to be written"


def _placeholders(brief: Brief, stages: Stages) -> Media:
    return Media(
        picture=_THERE if stages.picture != "none" else None,
        last_image=_THERE if brief.last_image else None,
        images=tuple(_THERE for _ in brief.reference_images),
        videos=tuple(_THERE for _ in brief_videos(brief)),
        audios=tuple(_THERE for _ in brief.reference_audios),
    )


def _refusals(
    brief: Brief,
    choice: Choice,
    wish: Generation,
    catalogue: Catalogue,
    words: dict[str, str],
) -> Iterator[BriefProblem]:
    found = (*problems(choice.row, wish),) or _untranslatable(wish, catalogue)
    # What this project asks for by itself is no reason for another model not to be able.
    needed = wish.model_copy(update={"seconds": brief.seconds})
    able = models_that_can(catalogue, choice.row, needed) if found else []
    hint = f" These can: {', '.join(able)}." if able else ""
    for problem in found:
        field = {"images": "reference_images", "audios": "reference_audios", **words}.get(
            problem.field, problem.field
        )
        yield BriefProblem(
            field=_field_of(choice, field),
            message=problem.message + hint,
            allowed=problem.allowed,
        )


def _untranslatable(wish: Generation, catalogue: Catalogue) -> tuple[Problem, ...]:
    """A word that the model's endpoint has no field for."""
    try:
        request_for(wish, catalogue)
    except InvalidRequest as exc:
        return (Problem(exc.field, exc.message, exc.allowed),)
    return ()


def _field_of(choice: Choice, field: str) -> str:
    """A fallback's problem is told where the brief names the fallback."""
    return choice.field if choice.field.endswith("_fallbacks") else field


def _shared_problems(stages: Stages) -> Iterator[BriefProblem]:
    """Words for whichever model takes them, which none of the brief's models takes."""
    rows = [chosen[0].row for chosen in (stages.image, stages.video) if chosen]
    names = " or ".join(row.name for row in rows)
    for word, value in shared_words(stages.brief):
        if not rows or any(takes(row, word, value) for row in rows):
            continue
        choices_there = dict.fromkeys(one for row in rows for one in offered(row, word))
        if word == "seed" or not choices_there:
            message = f"{names} has no choice of {word}; leave it empty."
            yield BriefProblem(field=word, message=message)
            continue
        yield BriefProblem(
            field=word,
            message=f"{shown(value)} is not possible for {names}.",
            allowed=", ".join(choices_there),
        )
