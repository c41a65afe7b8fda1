"""Which error an answer is. HTTP status and envelope code decide; words only sort the refusals.

A create and a look are judged apart. Of a create the question is "may it have been accepted?": when
in doubt it may. Of a look the question is "is it worth looking again?": nearly always it is.
"""

import re

from globalaiopc.answer import Answer
from globalaiopc.errors import (
    BalanceTooLow,
    Forbidden,
    GlobalAIOPCError,
    LoginFailed,
    Moderated,
    NotHandled,
    OutcomeUnknown,
    PollFailed,
    RateLimited,
    Refused,
    Unauthorized,
)

_NO_HANDLER = re.compile(
    r"no handler found|no static resource|method\W+(\w+\W+)?(is )?not (supported|allowed)",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"登录|未登陆|not logged in|login (check )?fail", re.IGNORECASE)
_MISSING_PARAMETER = re.compile(r"缺少必填参数|missing required parameter", re.IGNORECASE)
_BALANCE = re.compile(
    r"余额|欠费|insufficient\W*(\w+\W+)?_?(user_)?(balance|quota|funds?|credits?)"
    r"|(balance|credits?)\W+(\w+\W+){0,2}(insufficient|not enough|too low)"
    r"|exceeded your current quota",
    re.IGNORECASE,
)
_RATE = re.compile(r"too many requests|rate.?limit|过于频繁|限流", re.IGNORECASE)
# Seen: "content rejected", "provider rejected prompt", "policy rejected", "审核未通过".
_MODERATION = re.compile(
    r"content\W+(?!type|length)(\w+\W+){0,2}"
    r"(reject|refus|block|filter|moderat|violat|flag|unsafe|not allowed)"
    r"|content_(policy|filter)|(content|usage|safety)\W+policy|policy\W+(reject|violat|refus)"
    r"|violat\w*\W+(\w+\W+){0,3}policy|reject\w*\W+(the\W+|your\W+)?prompt"
    r"|prompt\W+(\w+\W+){0,2}(reject|block|flag|refus)"
    r"|moderat|审核|敏感|违规|sensitive|nsfw|inappropriate|prohibited|真人|real (people|person)",
    re.IGNORECASE,
)
_UNKNOWN_TASK = re.compile(
    r"(task|job|id|record|任务)\W*(\w+\W+){0,2}(not found|not exist|unknown|不存在)"
    r"|(unknown|no such)\W+(task|job|id)|任务不存在",
    re.IGNORECASE,
)

# A gateway that lost sight of what it forwarded says these, in the status or in the envelope:
# request timeout, bad gateway, gateway timeout, "client closed request".
_LOST = {408, 499, 502, 504}


def is_moderation(words: str) -> bool:
    """Whether a refusal or failure is about the content."""
    return bool(_MODERATION.search(words))


def is_routing(words: str) -> bool:
    """Whether a refusal is about the path or the method: no handler ever saw the request."""
    return bool(_NO_HANDLER.search(words))


def create_failure(answer: Answer, marks: tuple[str, ...] = ()) -> GlobalAIOPCError | None:
    """The error that a create's answer is; None when it reads like an accepted job or reply.

    `marks` are fields that only a reply has.
    """
    if not answer.ok:
        return _by_status(answer)
    fields = answer.fields
    if fields is None:
        return outcome_unknown(answer)
    if not fields.accepted:
        return _by_envelope(answer)
    if fields.has_own_id or fields.first(*marks) is not None:
        return None
    if fields.error is not None or _says_no_without_a_code(answer):
        return refusal(answer, 200)
    return None if fields.task_id else outcome_unknown(answer, "without a job id")


def _by_status(answer: Answer) -> GlobalAIOPCError:
    status = answer.status_code
    if 400 <= status < 500 and status not in _LOST:
        return refusal(answer, status)
    if status >= 500 and _NO_HANDLER.search(answer.words):
        # The one 5xx that is certain: the router answered, no handler ever saw the request.
        return refusal(answer, 404)
    return outcome_unknown(answer)


def _by_envelope(answer: Answer) -> GlobalAIOPCError:
    """HTTP 2xx around a code that says no. Clear, unless the body speaks of a job all the same."""
    fields = answer.fields
    if fields is not None and fields.has_own_id and fields.status != "failed":
        return outcome_unknown(answer, "naming a job and an error at once", fields.task_id)
    code = int(fields.code) if fields is not None and fields.code.isdecimal() else 200
    return outcome_unknown(answer) if code in _LOST else refusal(answer, code)


def _says_no_without_a_code(answer: Answer) -> bool:
    """Seen: E7 and a routing error, both with a text only. Only what is certain counts."""
    words = answer.words
    return bool(
        _NO_HANDLER.search(words) or _MISSING_PARAMETER.search(words) or _LOGIN.search(words)
    )


def refusal(answer: Answer, status: int) -> Refused:
    """The refusal that this answer is. `status` is the HTTP status or the envelope's code."""
    kind = _refusal_class(answer, status)
    task_id = answer.fields.task_id if answer.fields is not None and answer.ok else ""
    return kind(
        f"The provider refused the request: {answer.said or answer.what_came}.",
        task_id=task_id or None,
        request_id=answer.request_id,
        retry_after=answer.retry_after,
    )


def _refusal_class(answer: Answer, status: int) -> type[Refused]:
    words = answer.words
    no_such_path = (
        status == 405
        or (status == 404 and "model" not in words.lower())
        or bool(_NO_HANDLER.search(words))
    )
    # In order: the first that holds. Balance comes before 403 and 429 because relays use both
    # for an empty account, and waiting does not fill one.
    rules: tuple[tuple[bool, type[Refused]], ...] = (
        (no_such_path, NotHandled),
        (status == 401, Unauthorized),
        (_has_login_code(answer) or bool(_LOGIN.search(words)), LoginFailed),
        (status == 402 or bool(_BALANCE.search(words)), BalanceTooLow),
        (status == 429 or (status == 200 and bool(_RATE.search(words))), RateLimited),
        (is_moderation(words), Moderated),
        (status == 403, Forbidden),
    )
    return next((kind for holds, kind in rules if holds), Refused)


def _has_login_code(answer: Answer) -> bool:
    """The envelope's 204, which has nothing to do with HTTP 204 (an empty answer)."""
    return answer.fields is not None and answer.fields.code == "204"


def outcome_unknown(answer: Answer, how: str = "", task_id: str = "") -> OutcomeUnknown:
    """The answer does not say whether the request was accepted."""
    came = f"{answer.what_came} {how}".strip()
    if 300 <= answer.status_code < 400:
        came += " (a redirect, which is not followed so that the key stays with its host)"
    return OutcomeUnknown(
        f"The provider answered {came}, which does not say whether it accepted the request.",
        task_id=task_id or None,
        request_id=answer.request_id,
        retry_after=answer.retry_after,
    )


def look_failure(answer: Answer, task_id: str) -> GlobalAIOPCError:
    """The error of one look. The job is not touched by it."""
    status = _look_status(answer)
    routing = bool(_NO_HANDLER.search(answer.words))
    if not routing and (status == 404 or _UNKNOWN_TASK.search(answer.words)):
        return PollFailed(
            "The provider says that it does not know the job.",
            code="task_unknown",
            task_id=task_id,
            request_id=answer.request_id,
        )
    kind = _refusal_class(answer, status)
    if issubclass(kind, NotHandled | Unauthorized | Forbidden):
        return kind(
            f"The provider would not show the job: {answer.said or answer.what_came}.",
            # What was refused is the look. The job was accepted long ago and may be charged.
            charged="unknown",
            retry_is_free=True,
            task_id=task_id,
            request_id=answer.request_id,
        )
    return PollFailed(
        f"One look at the job failed: {answer.what_came}.",
        code="rate_limited" if kind is RateLimited else None,
        task_id=task_id,
        request_id=answer.request_id,
        retry_after=answer.retry_after,
    )


def _look_status(answer: Answer) -> int:
    fields = answer.fields
    if answer.ok and fields is not None and not fields.accepted and fields.code.isdecimal():
        return int(fields.code)
    return answer.status_code
