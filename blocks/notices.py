"""What people are told of, and in which words: one automation for each kind of trouble.

The words are Jinja templates that the Prefect server fills in. `event` is the event that set the
automation off; a run's state changes are events too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture, TriggerTypes

from blocks.events import BEGUN, BUDGET_REACHED, ENDED, JOB_UNKNOWN, LANDED, TAG, VERDICT

SILENT = timedelta(minutes=5)
"""A run without a heartbeat for so long is called Crashed. Workers send two a minute."""
ONCE_IN = timedelta(minutes=10)
"""The shards of a batch meet the same trouble at the same time: one message for all."""
TWICE_IN = timedelta(minutes=1)
"""A busy server may note the same end twice, when its client did not get the first answer."""

_OURS = {"prefect.resource.id": f"prefect.tag.{TAG}"}
_EACH = {"prefect.resource.id"}
_RUN = "prefect.flow-run"
_BEGUN = {f"{_RUN}.{name}" for name in ("Pending", "Running", "Cancelling", "Cancelled")}


@dataclass(frozen=True)
class Patience:
    """How long nothing may land after a batch began, and a run may stay unstarted."""

    nothing_landed: timedelta = timedelta(hours=2)
    late: timedelta = timedelta(minutes=10)


@dataclass(frozen=True)
class Notice:
    """One automation: what sets it off, and what people are told then."""

    name: str
    description: str
    trigger: TriggerTypes
    subject: str
    body: str

    def automation(self, targets: Sequence[UUID]) -> AutomationCore:
        """`targets` are the notification blocks to send to."""
        body = f"{self.body}\n\n{_LINK}"
        return AutomationCore(
            name=self.name,
            description=self.description,
            tags=[TAG],
            trigger=self.trigger,
            actions=[
                SendNotification(block_document_id=target, subject=self.subject, body=body)
                for target in targets
            ],
        )


def automations(targets: Sequence[UUID], patience: Patience) -> tuple[AutomationCore, ...]:
    """All that there are, with names that tell ours from those of other people."""
    return (*(one.automation(targets) for one in notices(patience)), _silent_runs())


def notices(patience: Patience) -> tuple[Notice, ...]:
    return (*_of_runs(patience), *_of_batches(patience))


_NAME = "GlobalAI OPC: "
# A server that was not told its own address has no links to give.
_LINK = (
    "{% if flow_run %}Run: {{ (flow_run | ui_url) or flow_run.id }}{% else %}"
    "Runs: {{ (event | ui_resource_events_url) or event.resource.id }}{% endif %}"
)
_SAID = "{{ event.resource['prefect.state-message'] }}"
_BATCH = "{{ event.payload.batch_id }}"
_LANDED_OF = "{{ event.payload.landed }} of {{ event.payload.briefs }}"
_SO_FAR = f"{_LANDED_OF} briefs have landed so far, cost {{{{ event.payload.cost }}}}."


def _of_runs(patience: Patience) -> tuple[Notice, ...]:
    name = "{{ flow_run.name }}"
    return (
        Notice(
            f"{_NAME}a run failed",
            "A run ended with nothing to show, or was refused.",
            _run_state({"prefect.state-type": StateType.FAILED.value}),
            f"{name} failed: {{{{ event.resource['prefect.state-name'] }}}}",
            f"{_SAID}\n\nRefused and NotReady mean that nothing was sent: correct what is named, "
            "and start it again. Else just start it again: what has landed is not paid again.",
        ),
        Notice(
            f"{_NAME}a run crashed",
            "The process of a run is gone.",
            _run_state({"prefect.state-type": StateType.CRASHED.value}),
            f"{name} crashed",
            f"{_SAID}\n\nNothing that was paid for is lost. Start the same batch again: it goes on "
            "within a minute, and pays for nothing twice. See that a worker is there: `prefect "
            "worker start --pool globalaiopc`.",
        ),
        Notice(
            f"{_NAME}approval is waiting",
            "A run waits for a person, and spends nothing meanwhile.",
            _run_state({"prefect.state-type": StateType.PAUSED.value}),
            f"{name} waits for your approval",
            f"{_SAID}\n\nOpen the run, look at the sheet among its artifacts, press Resume and "
            "answer. Until then nothing more is paid for.",
        ),
        Notice(
            f"{_NAME}a run is late",
            "A run that was due is begun by no worker.",
            EventTrigger(
                match={"prefect.resource.id": f"{_RUN}.*"},
                match_related=_OURS,
                after={f"{_RUN}.Late"},
                expect=_BEGUN,
                for_each=_EACH,
                posture=Posture.Proactive,
                within=patience.late,
            ),
            f"{name} is late",
            "It was due at {{ flow_run.expected_start_time }} and no worker has begun it. Start "
            "one: `prefect worker start --pool globalaiopc`. The run is begun then, under the date "
            "that it was meant for; start none by hand.",
        ),
    )


def _of_batches(patience: Patience) -> tuple[Notice, ...]:
    return (
        Notice(
            f"{_NAME}a batch landed in part",
            "A batch ended, and some of its briefs did not land.",
            _event(ENDED, {VERDICT: "some"}),
            f"Batch {_BATCH}: {_LANDED_OF} landed",
            "{{ event.payload.message }}\n\nWhat went wrong with each brief stands in the table "
            "among the run's artifacts.",
        ),
        Notice(
            f"{_NAME}a budget is reached",
            "A batch leaves out briefs that its budget does not pay for.",
            _event(BUDGET_REACHED, within=ONCE_IN),
            f"Batch {_BATCH}: the budget is reached",
            "The budget of {{ event.payload.limit }} {{ event.payload.currency }} does not pay for "
            "all briefs; those that it pays for go on. To make the rest, run the batch again with "
            f"a higher budget.\n\n{_SO_FAR}",
        ),
        Notice(
            f"{_NAME}a job is unknown",
            "The answer to a paid request was lost.",
            _event(JOB_UNKNOWN, within=ONCE_IN),
            f"Batch {_BATCH}: {{{{ event.payload.unknown }}}} with an unknown outcome",
            "The answer to a paid request was lost: perhaps it was charged. It is not sent again "
            "by itself. Run the rescue flow for this batch: its table says what is known of each "
            "job, and you decide there, resubmit or abandon. The other briefs go on.\n\n"
            f"{_SO_FAR}",
        ),
        Notice(
            f"{_NAME}nothing has landed",
            "A batch began, and nothing of it has landed for a long time.",
            EventTrigger(
                match_related=_OURS,
                after={BEGUN},
                expect={LANDED, ENDED},
                for_each=_EACH,
                posture=Posture.Proactive,
                within=patience.nothing_landed,
            ),
            f"Batch {_BATCH}: nothing has landed",
            "It began at {{ event.occurred }} with {{ event.payload.briefs }} briefs, and none has "
            "landed since. Its status page, among the run's artifacts, says what they wait for: "
            "the provider's queue, a limit, or a worker that died.",
        ),
    )


def _run_state(match: dict[str, str]) -> EventTrigger:
    return EventTrigger(
        match={"prefect.resource.id": f"{_RUN}.*", **match},
        match_related=_OURS,
        expect={f"{_RUN}.*"},
        for_each=_EACH,
        posture=Posture.Reactive,
        within=TWICE_IN,
    )


def _event(
    name: str, match: dict[str, str] | None = None, within: timedelta = TWICE_IN
) -> EventTrigger:
    return EventTrigger(
        match={"prefect.resource.id": "globalaiopc.batch.*", **(match or {})},
        match_related=_OURS,
        expect={name},
        for_each=_EACH,
        posture=Posture.Reactive,
        within=within,
    )


def _silent_runs() -> AutomationCore:
    """A machine that is gone says nothing: the run is called Crashed, which people are told of."""
    actions: list[ActionTypes] = [
        ChangeFlowRunState(
            state=StateType.CRASHED,
            name="Crashed",
            message=(
                f"It gave no sign of life for {SILENT.seconds // 60} minutes. A run that lives all "
                "the same, as after an outage of this server, goes on and says itself how it ends."
            ),
        )
    ]
    return AutomationCore(
        name=f"{_NAME}a run is silent",
        description="A run without heartbeats is called Crashed.",
        tags=[TAG],
        trigger=EventTrigger(
            match={"prefect.resource.id": f"{_RUN}.*"},
            match_related=_OURS,
            after={f"{_RUN}.heartbeat"},
            expect={f"{_RUN}.*"},
            for_each=_EACH,
            posture=Posture.Proactive,
            within=SILENT,
        ),
        actions=actions,
    )
