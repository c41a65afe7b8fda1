"""Every way a call can end badly, and what that means for money.

    GlobalAIOPCError
    ├── ConfigurationError      never sent                          not charged   user
    │   ├── MissingKey
    │   ├── MalformedKey
    │   └── BadBaseURL
    │       └── PlaintextKey    an address that shows the key to everybody on the way
    ├── InvalidRequest          refused here, before the wire       not charged   user
    ├── NotSent                 the request never left              not charged   retry free
    ├── Refused                 the provider clearly said no        not charged   user
    │   ├── Unauthorized        HTTP 401
    │   │   └── LoginFailed     envelope 204 under HTTP 200
    │   ├── Forbidden           HTTP 403
    │   ├── BalanceTooLow       HTTP 402
    │   ├── RateLimited         HTTP 429                            not charged   retry free
    │   ├── Moderated           content refused at create
    │   └── NotHandled          no such path or method              not charged   operator
    ├── OutcomeUnknown          sent, no readable answer            unknown       never retried
    │   └── StreamCut           a stream broke off in its middle
    ├── PollFailed              one look failed; the job goes on    not charged   retry free
    │   └── TaskGone            the provider no longer knows it     charged
    ├── JobFailed               the provider's final "failed"       unknown       user
    │   └── JobModerated
    ├── CompletedWithoutMedia   done, but no URL came               charged       retry free
    └── DeadlinePassed          still running when we stopped       unknown       retry free

`charged` and `retry_is_free` are about the *step that raised*: "retry is free" means that doing
the same step again cannot cost anything that has not been paid already.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Charged = Literal["no", "yes", "unknown"]
WhoActs = Literal["nobody", "user", "provider", "operator"]


class ErrorInfo(BaseModel):
    """What a receipt, a report and a person keep of an error. Holds no secret and no URL.

    `request_id` is the provider's name of the request, to be quoted to its support.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    message: str
    charged: Charged
    retry_is_free: bool
    who_acts: WhoActs
    advice: str = ""
    task_id: str | None = None
    request_id: str | None = None


class GlobalAIOPCError(Exception):
    """Base of all. The class answers the four questions; an instance may answer them otherwise."""

    code: str = "error"
    charged: Charged = "unknown"
    retry_is_free: bool = False
    who_acts: WhoActs = "operator"
    advice: str = ""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        charged: Charged | None = None,
        retry_is_free: bool | None = None,
        who_acts: WhoActs | None = None,
        advice: str | None = None,
        task_id: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code if code is not None else self.code
        self.charged = charged if charged is not None else self.charged
        self.retry_is_free = retry_is_free if retry_is_free is not None else self.retry_is_free
        self.who_acts = who_acts if who_acts is not None else self.who_acts
        self.advice = advice if advice is not None else self.advice
        self.task_id = task_id
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        retry = "free" if self.retry_is_free else "not free"
        job = f"; job {self.task_id}" if self.task_id else ""
        request = f"; request {self.request_id}" if self.request_id else ""
        facts = f"[charged: {self.charged}; retry is {retry}; acts: {self.who_acts}{job}{request}]"
        return " ".join(part for part in (self.message, facts, self.advice) if part)

    def info(self) -> ErrorInfo:
        """The part of this error that is kept and shown."""
        return ErrorInfo(
            code=self.code,
            message=self.message,
            charged=self.charged,
            retry_is_free=self.retry_is_free,
            who_acts=self.who_acts,
            advice=self.advice,
            task_id=self.task_id,
            request_id=self.request_id,
        )


class ConfigurationError(GlobalAIOPCError):
    code = "configuration"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "user"


class MissingKey(ConfigurationError):
    code = "missing_key"
    advice = "Set GLOBALAIOPC_API_KEY and run `python -m blocks`."


class MalformedKey(ConfigurationError):
    code = "malformed_key"
    advice = "Set GLOBALAIOPC_API_KEY to the bare key and run `python -m blocks`."


class BadBaseURL(ConfigurationError):
    code = "bad_base_url"


class PlaintextKey(BadBaseURL):
    code = "plaintext_key"
    advice = (
        "Use an https address; or, if you trust every network on the way, set "
        "GLOBALAIOPC_ALLOW_PLAINTEXT_KEY=true and run `python -m blocks`."
    )


class InvalidRequest(GlobalAIOPCError):
    """Refused here, before anything was sent.

    `field` names the part that is wrong and `allowed` what it may be, both as a person wrote them.
    """

    code = "invalid_request"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "user"

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        allowed: str = "",
        code: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, code=code, advice=advice)
        self.field = field
        self.allowed = allowed


class NotSent(GlobalAIOPCError):
    code = "not_sent"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "nobody"


class Refused(GlobalAIOPCError):
    code = "refused"
    charged: Charged = "no"
    retry_is_free = False
    who_acts: WhoActs = "user"
    advice = "Nothing was charged. Correct the request and run it again."


class Unauthorized(Refused):
    code = "unauthorized"
    advice = (
        "Check that the key is sent as `Authorization: Bearer <key>`, is whole, and was not "
        "revoked; get a new one from the provider, set GLOBALAIOPC_API_KEY, run `python -m blocks`."
    )


class LoginFailed(Unauthorized):
    code = "login_failed"


class Forbidden(Refused):
    code = "forbidden"
    advice = (
        "The key is valid, but this endpoint, model or feature is not provisioned for it: ask the "
        "provider to enable it, or choose another model."
    )


class BalanceTooLow(Refused):
    code = "balance_too_low"
    advice = "Top up the account, then run the same batch again: nothing is paid twice."


class RateLimited(Refused):
    code = "rate_limited"
    retry_is_free = True
    who_acts: WhoActs = "nobody"
    advice = ""


class Moderated(Refused):
    code = "moderated"
    advice = "The provider refused the content. Change the prompt or the picture, then run again."


class NotHandled(Refused):
    code = "not_handled"
    who_acts: WhoActs = "operator"
    advice = "The provider knows no such path: check the base URLs of the GlobalAIOPC block."


class OutcomeUnknown(GlobalAIOPCError):
    code = "outcome_unknown"
    charged: Charged = "unknown"
    retry_is_free = False
    who_acts: WhoActs = "user"
    advice = (
        "The request left and no answer came back, so it may have been accepted and charged. "
        "It is held, and sent again only when a person says so."
    )


class StreamCut(OutcomeUnknown):
    """A stream that broke off. `received` is the text so far, possibly ""."""

    code = "stream_cut"
    advice = "What was written may be charged. To ask again is a second call."

    def __init__(
        self,
        message: str,
        *,
        received: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, retry_after=retry_after)
        self.received = received


class PollFailed(GlobalAIOPCError):
    code = "poll_failed"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "nobody"


class TaskGone(PollFailed):
    code = "task_gone"
    charged: Charged = "yes"
    retry_is_free = False
    who_acts: WhoActs = "user"
    advice = "The provider keeps tasks for about a day. Ask its support with the job id."


class JobFailed(GlobalAIOPCError):
    code = "job_failed"
    charged: Charged = "unknown"
    retry_is_free = False
    who_acts: WhoActs = "user"
    advice = "Whether a failed job is charged is not documented. Ask for a new take to try again."


class JobModerated(JobFailed):
    code = "job_moderated"
    advice = "The provider refused the content. Change the prompt and ask for a new take."


class CompletedWithoutMedia(GlobalAIOPCError):
    code = "completed_without_media"
    charged: Charged = "yes"
    retry_is_free = True
    who_acts: WhoActs = "provider"
    advice = "The job is done but named no file. Run the batch again to look again, free of charge."


class DeadlinePassed(GlobalAIOPCError):
    code = "deadline_passed"
    charged: Charged = "unknown"
    retry_is_free = True
    who_acts: WhoActs = "nobody"
    advice = "The job is still running. Run the batch again: it goes on waiting for the same job."
