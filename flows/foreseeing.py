"""What a run would meet at each stage of a brief: the run's own questions, nothing written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from flows.briefs import MEDIA_FIELDS
from flows.checks import sources
from flows.errors import ScriptUnreadable
from flows.fallback import costs_nothing, turn
from flows.making import image_asked, video_asked
from flows.plan import PlannedBrief, PlannedStep
from flows.running import words_of
from flows.script import Script, StoredScript, script_of
from flows.spending import wanted
from flows.stages import Choice, Media, Stages, choices, stages_of
from flows.work import Work
from flows.writing import STAGE as SCRIPT
from flows.writing import script_asked
from globalaiopc import GlobalAIOPCError, InvalidRequest
from ledger import JobUnknown, PriceBook, Quote, Receipt, ReceiptUnreadable, RequestChanged
from ledger.foresight import Foreseen, foresee
from tasks import KeptError, Studio, media_stem
from tasks.adopt import refuse_made_image
from tasks.asked import Asked
from tasks.landing import already_landed
from tasks.private import keep_private, withhold, without_words
from tasks.sources import hash_of

WORDS = {
    "landed": "it has landed",
    "completed": "it is paid for and waits to be landed",
    "submitted": "it is paid for and being made",
    "intent": "another run is just sending it",
}

ON_THE_WEB = "0" * 64
"""Stands for the hash of a medium that only a run reads."""


class Foreseer:
    """Goes through a brief's stages as the run does, and stops where the run would stop."""

    def __init__(self, studio: Studio, prices: PriceBook) -> None:
        self._studio = studio
        self._prices = prices

    async def brief(self, work: Work) -> PlannedBrief:
        """The plan of one brief. Raises `StoreError` only."""
        stages = stages_of(work.brief, "video", self._studio.client.catalogue)
        with words_of(work):
            steps = await _Walk(self._studio, self._prices, work, stages).steps()
        return PlannedBrief.of(work.brief.id, steps)


class _Walk:
    """One brief's way through its stages."""

    def __init__(self, studio: Studio, prices: PriceBook, work: Work, stages: Stages) -> None:
        self._studio = studio
        self._prices = prices
        self._work = work
        self._stages = stages
        self._steps: list[PlannedStep] = []

    async def steps(self) -> list[PlannedStep]:
        try:
            media = await self._media()
            script = await self._script()
            await self._video(script, await self._picture(script, media))
        except _Stop:
            pass
        except (InvalidRequest, ReceiptUnreadable, RequestChanged, ScriptUnreadable) as error:
            stage = (SCRIPT, *self._stages.names)[len(self._steps)]
            self._steps.append(_blocked(stage, error))
        return self._steps

    async def _media(self) -> Media:
        """The hashes of what the brief brings; those on the web are read by a run only."""
        found: dict[str, tuple[str, ...]] = {}
        for field in MEDIA_FIELDS[1:]:
            hashes = [
                await hash_of(self._studio, source, field)
                for source in sources(self._work.brief, field)
            ]
            found[field] = tuple(one or ON_THE_WEB for one in hashes)
        return Media(
            last_image=next(iter(found["last_image"]), None),
            images=found["reference_images"],
            videos=(*found["video"], *found["reference_videos"]),
            audios=found["reference_audios"],
        )

    async def _script(self) -> Script | None:
        """The prompts; None when they are not written yet."""
        brief = self._work.brief
        if own := script_of(brief, self._stages.picture):
            self._steps.append(PlannedStep(stage=SCRIPT, verdict="reuse", why="its own prompts"))
            return own
        models = [one.name for one in choices(brief, "text", self._studio.client.catalogue)]
        held = await self._studio.ledger.look(self._work.job(SCRIPT))
        model = models[turn(held.receipt if held else None, models, ()) or 0]
        asked = script_asked(brief, model)
        row = self._studio.client.catalogue.model(model)
        seen = await self._foreseen(SCRIPT, row.endpoint, asked)
        quote = self._prices.quote(model, seconds=None)
        if seen.meets == "other request":
            self._add(SCRIPT, model, seen, quote)
        stored = await self._studio.store.get(self._work.script_key)
        if stored is not None:
            script = StoredScript.from_bytes(stored.body).script
            keep_private(script.image_prompt, script.video_prompt)
            self._steps.append(PlannedStep(stage=SCRIPT, verdict="reuse", model=model))
            return script
        if seen.state == "unknown":  # a text call is asked again without a person's word
            seen = Foreseen("nothing")
        elif seen.state == "landed":
            raise ScriptUnreadable(f"{self._studio.store.uri(self._work.script_key)} is gone.")
        self._add(SCRIPT, model, seen, quote)
        return None

    async def _picture(self, script: Script | None, media: Media) -> Media | None:
        """What the video is made from, its picture included; None when that is not there yet."""
        match self._stages.picture:
            case "none":
                return media
            case "given":
                sha256 = await self._adopted(self._work.brief.image or "")
                return None if sha256 is None else replace(media, picture=sha256)

        def asked(choice: Choice, written: Script) -> Asked:
            return image_asked(self._stages, choice, written, media)

        receipt = await self._bought("image", self._stages.image, script, asked)
        landed = receipt.media if receipt else None
        return None if landed is None else replace(media, picture=landed.sha256)

    async def _adopted(self, image: str) -> str | None:
        await refuse_made_image(self._studio, self._work.job("image"))
        sha256 = await hash_of(self._studio, image, "image")
        if sha256 is None:
            # The run reads it anew; a plan takes it that the picture there has not changed.
            landed = await already_landed(self._studio.store, media_stem(self._work.job("image")))
            sha256 = landed.sha256 if landed else None
        self._steps.append(PlannedStep(stage="image", verdict="reuse", why="its own start image"))
        return sha256

    async def _video(self, script: Script | None, media: Media | None) -> None:
        def asked(choice: Choice, written: Script) -> Asked:
            return video_asked(self._stages, choice, written, media or Media())

        known = script if media is not None else None
        await self._bought("video", self._stages.video, known, asked)

    async def _bought(
        self,
        stage: str,
        models: Sequence[Choice],
        script: Script | None,
        asked: Callable[[Choice, Script], Asked],
    ) -> Receipt | None:
        """One paid stage; its receipt, if there is one that a run would go on from.

        `script` None: what will be asked for is not known yet, so it has not been asked for.
        """
        if script is None:
            self._steps.append(self._to_buy(stage, models, 0))
            return None
        held = await self._studio.ledger.look(self._work.job(stage))
        receipt = held.receipt if held else None
        refused: set[str] = set()
        while True:
            at = turn(receipt, [one.name for one in models], refused) or 0
            choice = models[at]
            words = _as_received(asked(choice, script).to_asked(), receipt)
            seen = await self._foreseen(stage, choice.row.endpoint, words)
            refused.add(choice.name)
            in_vain = seen.receipt is not None and costs_nothing(seen.receipt)
            if seen.meets == "other request" or not in_vain or len(refused) == len(models):
                break
        if seen.receipt is None:
            self._steps.append(self._to_buy(stage, models, at))
        else:
            self._add(stage, choice.name, seen, self._quote(stage, choice))
        return seen.receipt

    def _to_buy(self, stage: str, models: Sequence[Choice], at: int) -> PlannedStep:
        quote = self._quote(stage, models[at])
        then = tuple(one.name for one in models[at + 1 :])
        return PlannedStep.bought(stage, models[at].name, quote, then=then)

    def _quote(self, stage: str, choice: Choice) -> Quote:
        job = wanted(self._work, self._stages, stage, choice)
        return job.quote(self._prices)

    async def _foreseen(
        self, stage: str, endpoint: str, asked: Mapping[str, JsonValue]
    ) -> Foreseen:
        return await foresee(
            self._studio.ledger,
            self._work.job(stage),
            endpoint=endpoint,
            model=str(asked["model"]),
            asked=asked,
        )

    def _add(self, stage: str, model: str, seen: Foreseen, quote: Quote) -> None:
        """Add the stage's step; raises `_Stop` when the run would end there."""
        self._steps.append(planned(stage, model, seen, quote))
        if self._steps[-1].verdict in ("blocked", "changed"):
            raise _Stop


def _as_received(asked: dict[str, JsonValue], receipt: Receipt | None) -> dict[str, JsonValue]:
    """What is asked for, with media of the web taken to be what they were for the receipt."""
    known = receipt.asked if receipt else {}
    for word, value in asked.items():
        old = known.get(word)
        if value == ON_THE_WEB and isinstance(old, str):
            asked[word] = old
        elif isinstance(value, list) and isinstance(old, list) and len(value) == len(old):
            pairs = zip(value, old, strict=True)
            asked[word] = [was if new == ON_THE_WEB else new for new, was in pairs]
    return asked


class _Stop(Exception):
    """The run would not get beyond the last step."""


def planned(stage: str, model: str, seen: Foreseen, quote: Quote) -> PlannedStep:
    """One stage, by what a claim of it would meet."""
    if seen.receipt is None:
        return PlannedStep.bought(stage, model, quote)
    if seen.meets == "other request":
        return PlannedStep(
            stage=stage,
            verdict="changed",
            model=model,
            changes={
                name: (without_words(old), without_words(new))
                for name, (old, new) in seen.changes.items()
            },
            why="Another request was paid for under this name; a new take is asked for by `take`.",
        )
    error = seen.receipt.error
    match seen.state:
        case "unknown":
            return _blocked(stage, JobUnknown(seen.receipt))
        case "failed" if error is not None:
            return _blocked(stage, KeptError(error))
        case "landed":
            return PlannedStep(stage=stage, verdict="reuse", model=model, why=WORDS["landed"])
        case state:
            why = WORDS.get(state or "", "")
            return PlannedStep(stage=stage, verdict="continue", model=model, why=why)


def _blocked(stage: str, error: GlobalAIOPCError) -> PlannedStep:
    withhold(error)
    return PlannedStep(
        stage=stage, verdict="blocked", why=f"{error.message} {error.advice}".strip()
    )
