"""What can go wrong before and around the paid steps.

GlobalAIOPCError
├── InvalidRequest
│   ├── BadBriefs           a list of briefs refused as a whole     not charged   user
│   ├── ReplyRefused        a sheet's answer that cannot be read    not charged   user
│   └── ApprovedOtherwise   approved was another request than this  not charged   user
├── OutcomeUnknown
│   └── ScriptUnanswered    a script was asked for, and none came   unknown       user
├── ScriptInvalid           the text model wrote no usable script   charged       user
│   └── SpeechInvalid       the text model wrote no words to say    charged       user
├── DeadlinePassed
│   ├── ShardStopped        its shard's run was cancelled           unknown       user
│   └── AwaitingApproval    its video waits for a person's word     not charged   user
│       └── Declined        a person wants no video of it           not charged   nobody
├── VoiceUnknown            a voice was cloned, its id never came   charged       provider
├── ScriptUnreadable        script.json is not one of ours          not charged   operator
├── ApprovalUnreadable      a sheet or an answer is not one of ours not charged   operator
├── NotAsLanded             files are not those that landed         charged       user
└── NothingLanded           a run ended with nothing to show        unknown       user
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from globalaiopc.errors import (
    Charged,
    DeadlinePassed,
    ErrorInfo,
    GlobalAIOPCError,
    InvalidRequest,
    OutcomeUnknown,
    WhoActs,
)

SHOWN_PROBLEMS = 20
SHOWN_KINDS = 5


class BriefProblem(BaseModel):
    """One thing that is wrong with one brief.

    `row` counts the briefs of the source from 1 (a header is not a row, a blank row is one), `line`
    is where the row begins in the file. Both are None when the source as a whole is wrong.
    """

    model_config = ConfigDict(frozen=True)

    message: str
    field: str = ""
    allowed: str = ""
    id: str | None = None
    row: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = []
        if self.row is not None:
            where.append(f"row {self.row}" + (f" (line {self.line})" if self.line else ""))
        if self.id:
            where.append(f"brief {shown(self.id)}")
        if self.field:
            where.append(self.field)
        said = not self.allowed or self.allowed in self.message
        allowed = "" if said else f" Allowed: {self.allowed}."
        return ": ".join(part for part in (", ".join(where), self.message + allowed) if part)


class ProblemKind(BaseModel):
    """How often there is a problem of one kind; `reason` is its message without what differs."""

    model_config = ConfigDict(frozen=True)

    field: str
    reason: str
    count: int

    def __str__(self) -> str:
        return f"{self.count:,} × " + ": ".join(part for part in (self.field, self.reason) if part)


class BadBriefs(InvalidRequest):
    """A list of briefs refused as a whole, before anything was sent.

    `problems` holds the problems found, of a very long list the first 1,000; `others` counts the
    rest by kind. The message shows the first 20.
    """

    code = "bad_briefs"
    advice = "Correct the list and run the same batch again."

    def __init__(
        self, problems: Sequence[BriefProblem], others: Sequence[ProblemKind] = ()
    ) -> None:
        self.problems = tuple(problems)
        self.others = tuple(others)
        if not self.problems:
            raise ValueError("BadBriefs needs at least one problem")
        lines = [f"- {problem}" for problem in self.problems[:SHOWN_PROBLEMS]]
        total = len(self.problems) + sum(kind.count for kind in self.others)
        if total > SHOWN_PROBLEMS:
            lines.append(f"- and {total - SHOWN_PROBLEMS:,} more")
        if self.others:
            lines.append(f"Beyond the first {len(self.problems):,}:")
            lines += [f"- {kind}" for kind in self.others[:SHOWN_KINDS]]
        if (kinds := len(self.others) - SHOWN_KINDS) > 0:
            lines.append(f"- and {kinds} more kinds")
        count = "a problem" if total == 1 else f"{total:,} problems"
        first = self.problems[0]
        super().__init__(
            f"The briefs have {count}; nothing was sent.\n" + "\n".join(lines) + "\n",
            field=first.field,
            allowed=first.allowed,
        )


class ScriptUnanswered(OutcomeUnknown):
    """The text model's answer was lost or empty. Not held for a person: a later run asks again."""

    code = "script_unanswered"
    advice = "Run the batch again: the text model is asked once more, for a fraction of a cent."

    def __init__(self, error: OutcomeUnknown) -> None:
        super().__init__(error.message, charged=error.charged, request_id=error.request_id)


class ScriptInvalid(GlobalAIOPCError):
    """The text model answered, but not with a usable image prompt and motion prompt.

    `problem` is the sentence to hand back to the model when asking it to repair its answer.
    """

    code = "script_invalid"
    charged: Charged = "yes"
    retry_is_free = False
    who_acts: WhoActs = "user"
    advice = (
        "Run the batch again to ask once more (one more text call), choose another text_model, or "
        "give the brief its own image_prompt and video_prompt."
    )

    def __init__(self, problem: str) -> None:
        super().__init__(f"The text model wrote no usable script: {problem}")
        self.problem = problem


class SpeechInvalid(ScriptInvalid):
    """The text model answered, but not with words that can be spoken."""

    advice = (
        "Run it again to ask once more (one more text call), choose another text_model, or give "
        "the words yourself as text."
    )


class ShardStopped(DeadlinePassed):
    code = "shard_stopped"
    who_acts: WhoActs = "user"
    advice = "Run the batch again to go on; what was bought is continued, not paid again."


class ReplyRefused(InvalidRequest):
    code = "reply_refused"
    advice = "Nothing was spent by it, and the sheet waits as before."


class ApprovedOtherwise(InvalidRequest):
    code = "approved_otherwise"
    advice = "Put the brief back as it was approved, or run it as a batch of another name."


class AwaitingApproval(DeadlinePassed):
    code = "awaiting_approval"
    charged: Charged = "no"
    who_acts: WhoActs = "user"


class Declined(AwaitingApproval):
    code = "declined"
    who_acts: WhoActs = "nobody"
    advice = "To make it after all, run the brief as a batch of another name."


class VoiceUnknown(GlobalAIOPCError):
    code = "voice_unknown"
    charged: Charged = "yes"
    retry_is_free = True
    who_acts: WhoActs = "provider"
    advice = "Ask the provider for the job's modelId and give it as voice, or ask for a new take."


class ScriptUnreadable(GlobalAIOPCError):
    code = "script_unreadable"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "operator"
    advice = "Move the file away to have the script written anew, or run the newer version."


class ApprovalUnreadable(GlobalAIOPCError):
    code = "approval_unreadable"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "operator"
    advice = "No video is made without it: put the file back, or run the newer version."


class NothingLanded(GlobalAIOPCError):
    """A run ended and nothing landed. `report` is what the run would have returned."""

    code = "nothing_landed"
    charged: Charged = "unknown"
    retry_is_free = False
    who_acts: WhoActs = "user"

    def __init__(self, message: str, *, report: dict[str, JsonValue]) -> None:
        super().__init__(message)
        self.report = report

    def __str__(self) -> str:
        return self.message


class NotAsLanded(GlobalAIOPCError):
    """Files of a batch are changed, missing or not readable. `report` is what was found."""

    code = "not_as_landed"
    charged: Charged = "yes"
    retry_is_free = True
    who_acts: WhoActs = "user"

    def __init__(self, message: str, *, report: dict[str, JsonValue]) -> None:
        super().__init__(message)
        self.report = report

    def __str__(self) -> str:
        return self.message


def defect(error: Exception, what: str, advice: str) -> ErrorInfo:
    """How the report tells of a mistake of ours, which `what` met."""
    return ErrorInfo(
        code="defect",
        message=f"{what} itself failed ({type(error).__name__}).",
        charged="unknown",
        retry_is_free=True,
        who_acts="operator",
        advice=advice,
    )


def shown(value: object, limit: int = 60) -> str:
    """Quote a value from outside so that it cannot flood, break or disguise a message."""
    # A list or an object is named by its kind: spelling out a deeply nested one can itself fail.
    text = str(value) if isinstance(value, str | int | float) else type(value).__name__
    cut = text if len(text) <= limit else text[:limit] + "…"
    printable = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut)
    return f'"{printable}"'
