"""From words to a voice, from a voice to speech, from speech to a talking head."""

from dataclasses import dataclass
from datetime import timedelta

from prefect.logging import get_run_logger
from pydantic import JsonValue

from flows.asking import Writing, keep, written
from flows.errors import VoiceUnknown
from flows.landing import landed
from flows.orchestration import orchestrated
from flows.spoken import SAMPLE_SECONDS, SpokenBrief, SpokenWork
from flows.words import (
    StoredWords,
    parse_words,
    words_asked,
    words_messages,
    words_repair,
)
from globalaiopc import Catalogue, GlobalAIOPCError, InvalidRequest
from ledger import Landed, Receipt
from ledger.receipt import check_asked, fingerprint
from tasks import PAID, Bought, Order, Studio
from tasks.asked import CloneAsked, SpeechAsked, TalkingAsked
from tasks.inputs import Input, land_input
from tasks.ordering import dry_request, order_for

VOICE_LIVES = timedelta(days=3)
"""How long a cloned voice lives that has never spoken; for ever afterwards (docs: sound-clone)."""

_MODELS = ("clone_model", "speech_model", "video_model")
_TO_BE_CLONED = "to-be-cloned"


@dataclass(frozen=True)
class Brought:
    """The media of a brief, landed in its folder."""

    sample: Input | None = None
    person: Input | None = None


@dataclass(frozen=True)
class Voice:
    """A cloned voice. `receipt` is of the job that cloned it; None for one that the brief names."""

    id: str
    receipt: Receipt | None = None


def plainly_named(brief: SpokenBrief, catalogue: Catalogue) -> SpokenBrief:
    """The brief with its models as the catalogue calls them.

    Receipts keep that name: "speech/soundCloningAudio" asks for what "soundCloningAudio" does.
    """
    rows = {field: catalogue.get(getattr(brief, field)) for field in _MODELS}
    return brief.model_copy(
        update={field: catalogue.id_of(row) for field, row in rows.items() if row is not None}
    )


async def bring(studio: Studio, work: SpokenWork, *, person: bool) -> Brought:
    """Land what the brief brings, before anything is spent. Free.

    Raises `InvalidRequest` naming the field of a medium that is not there or cannot be used.
    """
    brief = work.brief
    sample = None
    if brief.voice_sample:
        sample = await land_input(studio, brief.voice_sample, work.folder, "audio", "voice_sample")
        _check_length(sample)
    if not (person and brief.person):
        return Brought(sample)
    seen = await land_input(studio, brief.person, work.folder, "video", "person")
    return Brought(sample, seen)


def _check_length(sample: Input) -> None:
    """A sample of the wrong length is refused by the provider only after it was queued."""
    shortest, longest = SAMPLE_SECONDS
    allowed = f"longer than {shortest:g} and shorter than {longest:g} seconds"
    if sample.seconds is None:
        problem = "The voice sample is too long a file to be measured"
    elif sample.seconds <= shortest:
        problem = f"The voice sample is too short: {sample.seconds:.1f} seconds"
    elif sample.seconds >= longest:
        problem = f"The voice sample is too long: {sample.seconds:.1f} seconds"
    else:
        return
    raise InvalidRequest(f"{problem}; it has to be {allowed}.", field="voice_sample")


async def make_words(studio: Studio, work: SpokenWork) -> str:
    """Return the brief's words: its own, the ones stored, or new ones that are then stored."""
    brief = work.brief
    if brief.text:
        await keep(studio, work, StoredWords(brief_id=brief.id, speech=brief.text).to_bytes())
        return brief.text
    catalogue = studio.client.catalogue
    models = [catalogue.id_of(catalogue.model(name)) for _, name in brief.text_models]
    return await written(studio, work, [_writing(brief, one) for one in dict.fromkeys(models)])


def _writing(brief: SpokenBrief, model: str) -> Writing[str]:
    return Writing(
        asked=words_asked(brief, model),
        messages=words_messages(brief),
        parse=parse_words,
        repair=words_repair,
        stored=lambda speech, reply: StoredWords.of(brief, speech, reply, model).to_bytes(),
        read=lambda body: StoredWords.from_bytes(body).speech,
    )


def check_words(studio: Studio, brief: SpokenBrief, words: str) -> None:
    """Raise `InvalidRequest` for words that cannot be asked for, before a voice is cloned."""
    asked = speech_asked(brief, words, brief.voice or _TO_BE_CLONED)
    try:
        dry_request(asked, studio.client.catalogue)
        check_asked(asked.to_asked())
    except InvalidRequest as error:
        error.advice = "Give the brief a text of its own instead of the topic."
        raise


async def make_voice(studio: Studio, work: SpokenWork, sample: Input | None) -> Voice:
    """The voice that the brief names, or one cloned from its sample, whose preview is landed."""
    if work.brief.voice:
        return Voice(work.brief.voice)
    if sample is None:
        raise InvalidRequest("There is no voice sample.", field="voice_sample")
    asked = clone_asked(work.brief, sample.sha256)
    order = order_for(studio, work.job("voice"), asked, [sample], run=orchestrated)
    failure: GlobalAIOPCError | None = None
    try:
        await landed(studio, await _buy(studio, order))
    except GlobalAIOPCError as error:
        failure = error
    held = await studio.ledger.look(order.key)
    receipt = held.receipt if held else None
    ours = receipt is not None and receipt.fingerprint == fingerprint(order.asked)
    if receipt is None or not ours or not receipt.voice_id:
        raise failure or VoiceUnknown(
            "A voice was cloned, but the provider did not say its id.",
            task_id=receipt.task_id if receipt else None,
        )
    if failure is not None:  # the voice is there: it is only its preview that is not
        get_run_logger().warning("%s: no preview of the voice. %s", order.key, failure.message)
    return Voice(receipt.voice_id, receipt)


async def make_speech(studio: Studio, work: SpokenWork, words: str, voice: Voice) -> Landed:
    """Have the voice say the words, and land what it says."""
    asked = speech_asked(work.brief, words, voice.id)
    order = order_for(studio, work.job("speech"), asked, run=orchestrated)
    try:
        bought = await _buy(studio, order)
    except GlobalAIOPCError as error:
        if error.charged == "no" and not error.retry_is_free:
            error.advice = _about(studio, voice, error.advice)
        raise
    return await landed(studio, bought)


def _about(studio: Studio, voice: Voice, advice: str) -> str:
    """The advice for a speech that was refused, when it may be its voice that is gone."""
    hours = VOICE_LIVES.days * 24
    if voice.receipt is None:
        return (
            f"{advice} If the voice is not known: a cloned voice belongs to one account and dies "
            f"after {hours} hours if it has never spoken. Give voice_sample instead."
        ).strip()
    made = voice.receipt.times.get("completed") or voice.receipt.times.get("submitted")
    if made is None or studio.ledger.now() < made + VOICE_LIVES:
        return advice
    return (
        f"The voice was cloned on {made:%Y-%m-%d}; one that has not spoken within {hours} hours is "
        "gone. Ask for a new take: it clones the voice again, and is paid again."
    )


async def make_head(
    studio: Studio, work: SpokenWork, speech: Landed, person: Input | None
) -> Landed:
    """Have the person say the landed speech, and land the video with its poster."""
    if person is None:
        raise InvalidRequest("There is no video of a person.", field="person")
    heard = Input.of(speech)
    asked = talking_asked(work.brief, audio=heard.sha256, video=person.sha256)
    media = [heard, person]
    order = order_for(studio, work.job("video"), asked, media, run=orchestrated)
    return await landed(studio, await _buy(studio, order))


def clone_asked(brief: SpokenBrief, sample: str) -> CloneAsked:
    """`sample` is the hash of the landed voice sample."""
    return CloneAsked.model_validate(
        {"model": brief.clone_model, "sample": sample, "version": brief.sound_version}
    )


def speech_asked(brief: SpokenBrief, words: str, voice: str) -> SpeechAsked:
    """`voice` is the id of the voice that says the `words`."""
    subtitles: dict[str, JsonValue] = {"subtitleEnable": True} if brief.subtitles else {}
    return SpeechAsked.model_validate(
        {
            "model": brief.speech_model,
            "text": words,
            "voice": voice,
            "version": brief.sound_version,
            "language": brief.language,
            "emotion": brief.emotion,
            "speed": brief.speed,
            "volume": brief.volume,
            "pitch": brief.pitch,
            "extra": subtitles,
        }
    )


def talking_asked(brief: SpokenBrief, *, audio: str, video: str) -> TalkingAsked:
    """`audio` and `video` are the hashes of the landed speech and of the person's video."""
    return TalkingAsked.model_validate(
        {
            "model": brief.video_model,
            "audio": audio,
            "video": video,
            "version": brief.model_version,
            "side_face": 1 if brief.side_face else None,
            "tilted_face": 1 if brief.tilted_face else None,
        }
    )


async def _buy(studio: Studio, order: Order) -> Bought:
    return await orchestrated(PAID[order.request.endpoint], studio, order)
