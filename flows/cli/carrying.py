"""Carries a command out: the screen, Ctrl-C, what may go wrong, the answer and its exit code."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.text import Text

from flows.cells import printable
from flows.cli.answers import Answer, Document
from flows.cli.exits import Exit
from flows.cli.screen import Screen
from globalaiopc.errors import ConfigurationError, GlobalAIOPCError, InvalidRequest

Work = Callable[[Screen], Awaitable[Answer]]

_PIPED_COLUMNS = 140
_STYLES = {Exit.DONE: "green", Exit.PARTLY: "yellow", Exit.INTERRUPTED: "yellow"}


def carry_out(command: str, work: Work, *, as_json: bool) -> int:
    """Do it, print the answer, and return the exit code.

    A person's mistake, and a server that is away, end in a sentence. Anything else is a defect of
    ours and raises.
    """
    # Prefect reads it when it is imported; its own 20 s are too short for a first start.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
    screen = Screen(console(sys.stderr.isatty(), stderr=True))
    with screen:
        answer = asyncio.run(_interruptible(screen, work))
    if as_json:
        sys.stdout.write(Document.of(command, answer).document() + "\n")
    else:
        show(console(sys.stdout.isatty()), answer)
    return int(answer.exit)


def console(terminal: bool, *, stderr: bool = False) -> Console:
    """Without markup: what is printed has brackets of its own. Rich itself heeds NO_COLOR."""
    width = None if terminal or "COLUMNS" in os.environ else _PIPED_COLUMNS
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def show(console: Console, answer: Answer) -> None:
    """For people: what happened, the details, and how to go on."""
    console.print(Text(printable(answer.message), style=_STYLES.get(answer.exit, "red")))
    for part in answer.shown:
        # A line, such as a link, is not broken: it is there to be copied, as commands are.
        told = printable(part) if isinstance(part, str) else part
        console.print(told, soft_wrap=isinstance(part, str))
    if answer.next:
        console.print(Text("To go on:", style="bold"))
        for command in answer.next:
            console.print(Text(f"  {printable(command)}"), soft_wrap=True)


async def _interruptible(screen: Screen, work: Work) -> Answer:
    """Ctrl-C breaks the work off in good order, a second one at once."""
    task = asyncio.create_task(_done(screen, work))

    def interrupt() -> None:
        if screen.stopping:
            screen.leave()
            screen.say("Left at once. What was bought is noted in the bucket, or is held there.")
            os._exit(Exit.INTERRUPTED)
        screen.stopping = True
        screen.say("Stopping: what is being sent is noted first. Ctrl-C again leaves at once.")
        task.cancel()

    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, interrupt)
    return await task


async def _done(screen: Screen, work: Work) -> Answer:
    try:
        return await work(screen)
    except asyncio.CancelledError:
        return interrupted()
    except (InvalidRequest, ConfigurationError) as error:
        return Answer.refused(error)
    except GlobalAIOPCError as error:
        refused = Answer.refused(error)
        if error.code == "studio_not_ready":
            return refused
        return Answer(Exit.FAILED, "Failed", refused.message, error=error.info())
    except Exception as error:
        if answer := _away(error):
            return answer
        raise


def interrupted(batch_id: str = "", again: str = "") -> Answer:
    """What is safe, and how to go on. Without a batch: nothing had begun."""
    if not batch_id:
        return Answer(Exit.INTERRUPTED, "Interrupted", "Interrupted before anything was bought.")
    return Answer(
        Exit.INTERRUPTED,
        "Interrupted",
        f"Interrupted. Nothing is lost: what batch {batch_id} has bought is noted in the bucket, "
        "jobs go on at the provider, and the next run takes them up without paying again.",
        result={"batch_id": batch_id},
        next=(again,) if again else (),
    )


def _away(error: Exception) -> Answer | None:
    """The answer when the Prefect server cannot be asked; None for what is no such error."""
    # Imported when it is needed: it takes seconds, and most of them are for Prefect.
    import httpx  # noqa: PLC0415

    from blocks.reaching import unreachable  # noqa: PLC0415

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, httpx.HTTPError):
        cause = cause.__cause__ or cause.__context__
    if not isinstance(cause, httpx.HTTPError):
        return None
    return Answer(Exit.FAILED, "Unreachable", f"{unreachable(cause)} Nothing was sent.")
