"""`health`: whether all is well, for people and for monitors."""

from flows.cli.answers import Answer
from flows.cli.exits import Exit
from flows.cli.logs import quiet
from flows.cli.screen import Screen
from flows.cli.tables import Rows
from flows.health import Health, Level, publish
from flows.health import health as look

_EXITS: dict[Level, Exit] = {"ok": Exit.DONE, "degraded": Exit.FAILED, "down": Exit.REFUSED}


async def health(screen: Screen, *, connection: str, bucket: str) -> Answer:
    """Raises nothing: a part that cannot be asked is down."""
    quiet(screen)
    screen.busy("Asking the Prefect server, the provider and the bucket")
    found = await look(connection, bucket)
    publish(found)
    return Answer(
        _EXITS[found.level],
        found.level,
        _sentence(found),
        result=found.model_dump(mode="json"),
        shown=(Rows([_row(one.name, one.level, one.detail, one.advice) for one in found.checks]),),
    )


def _sentence(found: Health) -> str:
    wrong = [one for one in found.checks if one.level == found.level]
    if found.level == "ok":
        return f"All is well: {len(found.checks)} checks."
    return f"{found.level}: {', '.join(dict.fromkeys(one.name for one in wrong))}."


def _row(name: str, level: str, detail: str, advice: str) -> dict[str, str]:
    return {"state": level, "what": name, "found": detail, "what to do": advice}
