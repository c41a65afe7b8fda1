"""What a run would meet at each stage of a brief: the run's own questions, nothing written."""

import hashlib
from collections.abc import Mapping

from pydantic import JsonValue

from flows.briefs import resolution_for
from flows.errors import ScriptUnreadable
from flows.making import image_asked, video_asked, video_seconds
from flows.plan import PlannedBrief, PlannedStep
from flows.script import Script, StoredScript, script_of
from flows.work import Work
from flows.writing import STAGE as SCRIPT
from flows.writing import script_asked
from globalaiopc import ChatRequest, GlobalAIOPCError, InvalidRequest
from globalaiopc import NanoBananaRequest as Image
from globalaiopc import SoraRequest as Video
from ledger import JobUnknown, PriceBook, Quote, ReceiptUnreadable, RequestChanged
from ledger.foresight import Foreseen, foresee
from tasks import KeptError, Studio, media_stem
from tasks.adopt import missing, place_of, refuse_made_image
from tasks.landing import already_landed

WORDS = {
    "landed": "it has landed",
    "completed": "it is paid for and waits to be landed",
    "submitted": "it is paid for and being made",
    "intent": "another run is just sending it",
}


class Foreseer:
    """Goes through a brief's stages as the run does, and stops where the run would stop."""

    def __init__(self, studio: Studio, prices: PriceBook) -> None:
        self._studio = studio
        self._prices = prices

    async def brief(self, work: Work) -> PlannedBrief:
        """The plan of one brief. Raises `StoreError` only."""
        steps: list[PlannedStep] = []
        try:
            script = await self._script(work, steps)
            first_frame = await self._image(work, script, steps)
            await self._video(work, script, first_frame, steps)
        except _Stop:
            pass
        except (InvalidRequest, ReceiptUnreadable, RequestChanged, ScriptUnreadable) as error:
            steps.append(_blocked((SCRIPT, "image", "video")[len(steps)], error))
        return PlannedBrief.of(work.brief.id, steps)

    async def _script(self, work: Work, steps: list[PlannedStep]) -> Script | None:
        """The prompts; None when they are not written yet."""
        brief = work.brief
        if own := script_of(brief):
            steps.append(PlannedStep(stage=SCRIPT, verdict="reuse", why="its own prompts"))
            return own
        seen = await self._foreseen(work, SCRIPT, ChatRequest.endpoint, script_asked(brief))
        quote = self._prices.quote(brief.text_model, seconds=None)
        if seen.meets == "other request":
            _add(steps, SCRIPT, brief.text_model, seen, quote)
        stored = await self._studio.store.get(work.script_key)
        if stored is not None:
            script = StoredScript.from_bytes(stored.body).script
            steps.append(PlannedStep(stage=SCRIPT, verdict="reuse", model=brief.text_model))
            return script
        if seen.state == "unknown":  # a text call is asked again without a person's word
            seen = Foreseen("nothing")
        elif seen.state == "landed":
            raise ScriptUnreadable(f"{self._studio.store.uri(work.script_key)} is gone.")
        _add(steps, SCRIPT, brief.text_model, seen, quote)
        return None

    async def _image(
        self, work: Work, script: Script | None, steps: list[PlannedStep]
    ) -> str | None:
        """The hash of the picture that the video starts from; None when it is not there yet."""
        brief = work.brief
        if brief.image:
            return await self._adopted(work, brief.image, steps)
        row = self._studio.client.catalogue.model(brief.image_model)
        resolution = resolution_for(brief, row)
        quote = self._prices.quote(brief.image_model, seconds=None, resolution=resolution)
        if script is None:
            steps.append(PlannedStep.bought("image", brief.image_model, quote))
            return None
        asked = image_asked(brief, script, row).to_asked()
        seen = await self._foreseen(work, "image", Image.endpoint, asked)
        _add(steps, "image", brief.image_model, seen, quote)
        media = seen.receipt.media if seen.receipt else None
        return media.sha256 if media else None

    async def _adopted(self, work: Work, image: str, steps: list[PlannedStep]) -> str | None:
        await refuse_made_image(self._studio, work.job("image"))
        if image.startswith(("https://", "http://")):
            # The run reads it anew; a plan takes it that the picture there has not changed.
            landed = await already_landed(self._studio.store, media_stem(work.job("image")))
            sha256 = landed.sha256 if landed else None
        else:
            store, key = place_of(self._studio, image)
            stored = await store.get(key)
            if stored is None:
                raise missing(store, key)
            sha256 = hashlib.sha256(stored.body).hexdigest()
        steps.append(PlannedStep(stage="image", verdict="reuse", why="its own start image"))
        return sha256

    async def _video(
        self,
        work: Work,
        script: Script | None,
        first_frame: str | None,
        steps: list[PlannedStep],
    ) -> None:
        brief = work.brief
        row = self._studio.client.catalogue.model(brief.video_model)
        quote = self._prices.quote(brief.video_model, seconds=video_seconds(brief, row))
        if script is None or first_frame is None:
            steps.append(PlannedStep.bought("video", brief.video_model, quote))
            return
        asked = video_asked(brief, script, first_frame, row).to_asked()
        seen = await self._foreseen(work, "video", Video.endpoint, asked)
        _add(steps, "video", brief.video_model, seen, quote)

    async def _foreseen(
        self, work: Work, stage: str, endpoint: str, asked: Mapping[str, JsonValue]
    ) -> Foreseen:
        return await foresee(
            self._studio.ledger,
            work.job(stage),
            endpoint=endpoint,
            model=str(asked["model"]),
            asked=asked,
        )


class _Stop(Exception):
    """The run would not get beyond the last step."""


def _add(steps: list[PlannedStep], stage: str, model: str, seen: Foreseen, quote: Quote) -> None:
    """Add the stage's step; raises `_Stop` when the run would end there."""
    steps.append(planned(stage, model, seen, quote))
    if steps[-1].verdict in ("blocked", "changed"):
        raise _Stop


def planned(stage: str, model: str, seen: Foreseen, quote: Quote) -> PlannedStep:
    """One stage, by what a claim of it would meet."""
    if seen.receipt is None:
        return PlannedStep.bought(stage, model, quote)
    if seen.meets == "other request":
        return PlannedStep(
            stage=stage,
            verdict="changed",
            model=model,
            changes=seen.changes,
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
    return PlannedStep(
        stage=stage, verdict="blocked", why=f"{error.message} {error.advice}".strip()
    )
