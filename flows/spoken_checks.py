"""Everything that is wrong with a spoken brief, found before anything is spent."""

from collections.abc import Iterator
from typing import Literal

from flows.checks import (
    WHERE,
    id_problems,
    long_problems,
    source_problems,
    unkeepable_problems,
    unsendable_problems,
)
from flows.errors import BriefProblem, shown
from flows.saying import clone_asked, speech_asked, talking_asked
from flows.spoken import SpokenBrief
from flows.stages import Choice
from globalaiopc import InvalidRequest
from globalaiopc.catalogue import Catalogue
from tasks.asked import Asked
from tasks.ordering import dry_request

Spoken = Literal["speech", "video"]

_NO_HASH = "0" * 64  # stands for media that have not been looked at yet
_TEXTS = ("topic", "text", "voice")
_MEDIA = ("voice_sample", "person")
_TO_BE_WRITTEN = "to be written"
_VERSIONS: dict[str, tuple[str | int, ...]] = {
    "sound_version": ("v1", "v2"),
    "model_version": (1, 2),
}
_FIELDS = {
    # of a request, or of what is asked: of the brief
    **{"contentText": "text", "prompt": "text", "vol": "volume", "modelId": "voice"},
    **{"soundVersion": "sound_version", "version": "sound_version"},
    **{"audios": "voice_sample", "sample": "voice_sample", "fileUrl": "voice_sample"},
}
_FIELDS_OF_A_HEAD = {
    **{"version": "model_version", "modelVersion": "model_version"},
    **{"videos": "person", "video": "person", "videoUrl": "person"},
    **{"sideFace": "side_face", "tiltedFace": "tilted_face"},
}


def validate_spoken(brief: SpokenBrief, catalogue: Catalogue, makes: Spoken) -> list[BriefProblem]:
    """Empty when it can be made; `makes` says whether a talking head is to come of it."""
    found = [*_texts(brief), *_words(brief), *_who(brief, makes), *_versions(brief)]
    found += _models(brief, catalogue, makes)
    if not any(problem.field.endswith(("_model", "_fallbacks", "_version")) for problem in found):
        found += _requests(brief, catalogue, makes)
    told = [problem.model_copy(update={"id": brief.id}) for problem in found]
    return list(dict.fromkeys(told))


def _texts(brief: SpokenBrief) -> Iterator[BriefProblem]:
    texts = {field: getattr(brief, field) or "" for field in _TEXTS}
    yield from id_problems(brief.id)
    yield from unsendable_problems([*texts.items(), *_sources(brief)])
    for field, text in texts.items():
        yield from unkeepable_problems(field, text)
    yield from long_problems("topic", texts["topic"])


def _sources(brief: SpokenBrief) -> list[tuple[str, str]]:
    """Field and place of each medium."""
    return [(field, source) for field in _MEDIA if (source := getattr(brief, field))]


def _words(brief: SpokenBrief) -> Iterator[BriefProblem]:
    if brief.text and brief.topic:
        yield BriefProblem(field="text", message="Give topic or text, not both.")
    if not (brief.text or brief.topic):
        yield BriefProblem(field="topic", message="Nothing is to be said: give topic or text.")
    if brief.seconds is not None and brief.text:
        message = "The words are given: how long they take is a matter of speed."
        yield BriefProblem(field="seconds", message=message)
    elif brief.seconds is not None and brief.seconds < 1:
        yield BriefProblem(field="seconds", message="This is no length.", allowed="1 or more")


def _who(brief: SpokenBrief, makes: Spoken) -> Iterator[BriefProblem]:
    """The voice, and the person who says it."""
    if brief.voice and brief.voice_sample:
        yield BriefProblem(field="voice", message="Give voice or voice_sample, not both.")
    if not (brief.voice or brief.voice_sample):
        message = "There is no voice: give voice (the id of a cloned one) or voice_sample."
        yield BriefProblem(field="voice_sample", message=message)
    if makes == "video" and not brief.person:
        message = "There is no video of the person who is to say it."
        yield BriefProblem(field="person", message=message, allowed=WHERE)
    yield from source_problems(_sources(brief))


def _versions(brief: SpokenBrief) -> Iterator[BriefProblem]:
    for field, allowed in _VERSIONS.items():
        value = getattr(brief, field)
        if value not in (None, *allowed):
            message = f"{shown(value)} is none of the versions."
            known = ", ".join(str(version) for version in allowed)
            yield BriefProblem(field=field, message=message, allowed=known)


def _models(brief: SpokenBrief, catalogue: Catalogue, makes: Spoken) -> Iterator[BriefProblem]:
    wanted = [("speech_model", "speech")]
    if brief.voice_sample:
        wanted.append(("clone_model", "voice_clone"))
    if makes == "video":
        wanted.append(("video_model", "digital_human"))
    for field, endpoint in wanted:
        try:
            row = catalogue.model(getattr(brief, field))
        except InvalidRequest as exc:
            yield BriefProblem(field=field, message=exc.message, allowed=exc.allowed)
            continue
        if row.endpoint != endpoint:
            known = [catalogue.id_of(one) for one in catalogue if one.endpoint == endpoint]
            message = f"{row.name} is a model of {row.endpoint}."
            allowed = f"a model of {endpoint}, such as {', '.join(known)}"
            yield BriefProblem(field=field, message=message, allowed=allowed)
    for field, name in brief.text_models if brief.topic else ():
        try:
            Choice.of(field, name, "text", catalogue)
        except InvalidRequest as exc:
            yield BriefProblem(field=exc.field, message=exc.message, allowed=exc.allowed)


def _requests(brief: SpokenBrief, catalogue: Catalogue, makes: Spoken) -> Iterator[BriefProblem]:
    """What the requests themselves would refuse."""
    said = brief.text or _TO_BE_WRITTEN
    speech = speech_asked(brief, said, brief.voice or "to-be-cloned")
    yield from _refused(speech, catalogue, _FIELDS)
    if brief.voice_sample:
        yield from _refused(clone_asked(brief, _NO_HASH), catalogue, _FIELDS)
    if makes == "video":
        asked = talking_asked(brief, audio=_NO_HASH, video=_NO_HASH)
        yield from _refused(asked, catalogue, _FIELDS_OF_A_HEAD)


def _refused(asked: Asked, catalogue: Catalogue, fields: dict[str, str]) -> Iterator[BriefProblem]:
    try:
        dry_request(asked, catalogue)
    except InvalidRequest as exc:
        field = fields.get(exc.field, exc.field)
        yield BriefProblem(field=field, message=exc.message, allowed=exc.allowed)
