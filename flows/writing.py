"""The script stage: a chat model turns a topic into two prompts, once and for all."""

from pydantic import JsonValue

from flows.asking import STAGE, Writing, keep, written
from flows.briefs import Brief
from flows.script import (
    Script,
    StoredScript,
    parse_script,
    repair_messages,
    script_messages,
    script_of,
)
from flows.stages import Stages, choices
from flows.work import Work
from tasks import Studio

__all__ = ["STAGE", "make_script", "script_asked"]


async def make_script(studio: Studio, work: Work, stages: Stages) -> Script:
    """Return the brief's prompts: its own, the ones stored, or new ones that are then stored."""
    brief = work.brief
    own = script_of(brief, stages.picture)
    if own is not None:
        await keep(studio, work, StoredScript(brief_id=brief.id, script=own).to_bytes())
        return own
    models = [one.name for one in choices(brief, "text", studio.client.catalogue)]
    return await written(studio, work, [_writing(studio, work, stages, one) for one in models])


def script_asked(brief: Brief, model: str) -> dict[str, JsonValue]:
    """What the receipt of the script keeps."""
    return {"model": model, "topic": brief.topic}


def _writing(studio: Studio, work: Work, stages: Stages, model: str) -> Writing[Script]:
    brief = work.brief
    row = studio.client.catalogue.get(brief.video_model)
    seconds = row.default_seconds if row else None
    return Writing(
        asked=script_asked(brief, model),
        messages=script_messages(brief, stages.picture, seconds=seconds),
        parse=parse_script,
        repair=repair_messages,
        stored=lambda script, reply: StoredScript.of(brief, script, reply, model).to_bytes(),
        read=lambda body: StoredScript.from_bytes(body).script,
    )
