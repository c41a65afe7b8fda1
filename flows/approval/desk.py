"""Where answers come from: the run's `approval` parameter, and Prefect's form for suspended runs.

A suspended run is no process and holds no worker. Prefect runs the flow again from its top when
somebody resumes it, with what that person typed kept under the run.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, FlowRunInput, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import FlowRunContext
from prefect.exceptions import Pause
from prefect.input import RunInput, keyset_from_paused_state
from prefect.logging import get_run_logger
from prefect.states import Suspended
from pydantic import Field, create_model

from flows.approval.records import Answer, Row, Sheet
from flows.approval.replies import ALLOWED, Best, Reply, Span
from flows.errors import ReplyRefused
from flows.orchestration import server_is_back

Decide = Callable[[str, Reply], Awaitable[Answer]]
"""From a reply's text and meaning to what it decides. Raises `ReplyRefused`."""

MOST_REPLIES = 200


class SheetReply(RunInput):
    """The form in which a suspended run asks."""

    reply: str = Field(
        min_length=1,
        title="Reply",
        description=f"{ALLOWED}. Each again on a line of its own.",
        examples=["1,4,7-9"],
    )


@dataclass(frozen=True)
class Given:
    """The `approval` parameter: an answer to the sheets that the run comes to.

    The run may be started again with the same parameter, so it means the same each time: numbers
    are those of the batch, and wait for the sheet that has them; the count and the money of `best`
    are those of the batch, with what is approved already; a picture that it had made again is for a
    person to see.
    """

    text: str
    reply: Reply

    @classmethod
    def parse(cls, text: str, briefs: int) -> Self:
        """Raises `ReplyRefused`, also for a number beyond the batch's briefs."""
        reply = Reply.parse(text)
        for span in reply.numbers():
            if not 1 <= span.first <= span.last <= briefs:
                span.place.refuse(f"the batch has no {span.last}", f"the numbers 1-{briefs}")
        return cls(text, reply)

    async def answer(self, sheet: Sheet, decide: Decide, approved: Sequence[Row]) -> Answer | None:
        """`approved` is what the batch's earlier sheets were answered with."""
        if sheet.repeats is not None and self.reply.again:
            return None
        here = self._here(sheet, approved)
        return await decide(self.text, here) if here else None

    def _here(self, sheet: Sheet, approved: Sequence[Row]) -> Reply | None:
        """What of it is about this sheet."""
        numbers = {row.number for row in sheet.rows}
        again = tuple(one for one in self.reply.again if one.number in numbers)
        match self.reply.choice:
            case Best(count, under):
                spent = sum((row.cost or Decimal(0) for row in approved), Decimal(0))
                rest = Best(max(0, count - len(approved)), max(Decimal(0), under - spent))
                return Reply(rest, again)
            case None:
                return Reply(None, again) if again else None
            case "all" | "none" as word:
                return Reply(word, again)
            case spans:
                single = tuple(
                    Span(number, number, span.place)
                    for span in spans
                    for number in sorted(numbers)
                    if span.first <= number <= span.last
                )
                return Reply(single, again) if single or again else None


@dataclass
class Form:
    """Prefect's form of the present run. `refusal`: why the last reply to the sheet was refused.

    `waited`: seconds between the asking and the reply that this process found.
    """

    run: FlowRun
    refusal: str = ""
    waited: float = 0.0

    async def answer(self, sheet: Sheet, decide: Decide) -> Answer | None:
        """The first reply that can be read; one that cannot is kept for the next asking."""
        self.refusal = ""
        asked, replies = await self._inputs(sheet)
        for reply in replies:
            said = reply.decoded_value.get("reply", "")
            try:
                found = await decide(said, Reply.parse(said))
            except ReplyRefused as error:
                self.refusal = error.message
                get_run_logger().warning("Sheet %d: %s", sheet.number, self.refusal)
                continue
            since = asked.get(reply.key.removesuffix("-response"))
            if since and reply.created:
                self.waited += max(0.0, reply.created.timestamp() - since)
            return found
        return None

    async def ask(self, sheet: Sheet, message: str, page: str) -> None:
        """Suspend the run until somebody replies; raises Prefect's `Pause`, which ends the process.

        Returns only when Prefect does not take the state, which another process of the run has
        moved. `page` is shown above the form.
        """
        state: State[None] = Suspended(
            pause_key=f"{_key(sheet)}-{secrets.token_hex(4)}", message=message
        )
        keys = keyset_from_paused_state(state)
        state.state_details.run_input_keyset = {str(kind): key for kind, key in keys.items()}
        form = create_model("SheetReply", __base__=SheetReply)
        form._description = page  # where Prefect's `with_initial_data` puts it
        await server_is_back()
        # Before the state: a run that is suspended without its form could not be resumed.
        await form.asave(keys, self.run.id)
        async with get_client() as client:
            result = await client.set_flow_run_state(self.run.id, state)
        if result.status == SetStateStatus.ACCEPT and result.state is not None:
            raise Pause(state=result.state)
        get_run_logger().warning("The run could not be suspended: %s", result.status.value)

    async def _inputs(self, sheet: Sheet) -> tuple[dict[str, float], list[FlowRunInput]]:
        """When it was asked about the sheet, by key, and the replies, the oldest first."""
        prefix = f"suspended-{_key(sheet)}-"
        await server_is_back()
        async with get_client() as client:
            found = await client.filter_flow_run_input(
                flow_run_id=self.run.id, key_prefix=prefix, limit=MOST_REPLIES, exclude_keys=set()
            )
        asked = {
            one.key.removesuffix("-schema"): one.created.timestamp()
            for one in found
            if one.key.endswith("-schema") and one.created
        }
        replies = {
            one.created: one for one in found if one.key.endswith("-response") and one.created
        }
        return asked, [replies[at] for at in sorted(replies)]


def form_of_this_run() -> Form | None:
    """None where Prefect cannot suspend the run: only one of a deployment comes back by itself."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or run.deployment_id is None or run.parent_task_run_id is not None:
        return None
    return Form(run)


def _key(sheet: Sheet) -> str:
    return f"sheet-{sheet.number}"
