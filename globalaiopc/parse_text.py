"""Answers of the text endpoints into replies: one shape for the four dialects.

Any bytes give a reply or a `GlobalAIOPCError`, never anything else.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from globalaiopc.answer import Answer
from globalaiopc.errors import GlobalAIOPCError, Moderated, OutcomeUnknown, Refused
from globalaiopc.fields import spelt
from globalaiopc.replies import ChatReply
from globalaiopc.said import SHAPES, Said
from globalaiopc.scrub import scrub
from globalaiopc.verdicts import create_failure

# What the dialects call their errors (OpenAI, Anthropic, Google), as the HTTP status that each
# comes with when it is an answer of its own. What a stream tells of comes under 200 instead.
_STATUS_OF = {
    **dict.fromkeys(("invalid_request_error", "invalid_prompt", "invalid_argument"), 400),
    **dict.fromkeys(("authentication_error", "invalid_api_key", "unauthenticated"), 401),
    **dict.fromkeys(("billing_error", "insufficient_quota"), 402),
    **dict.fromkeys(("permission_error", "permission_denied"), 403),
    **dict.fromkeys(("not_found_error", "model_not_found", "not_found"), 404),
    "request_too_large": 413,
    **dict.fromkeys(("rate_limit_error", "rate_limit_exceeded", "resource_exhausted"), 429),
    **dict.fromkeys(("api_error", "server_error", "internal_error", "internal"), 500),
    **dict.fromkeys(("overloaded_error", "unavailable"), 503),
    **dict.fromkeys(("timeout_error", "deadline_exceeded"), 504),
}


def parse_text(
    endpoint: str,
    status_code: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: str = "",
    wall: datetime | None = None,
) -> ChatReply:
    """What the model said, of an answer in one piece.

    Raises like `parse_create`; an answer without any text is `OutcomeUnknown` with the code
    "empty_reply", or `Moderated` when a filter or the model itself refused the content. Both were
    paid for when the answer counts tokens.
    """
    shape = SHAPES[endpoint]
    answer = Answer(status_code, body, headers, secret, wall)
    failure = create_failure(answer, shape.marks)
    if failure is not None:
        raise failure
    said = shape.said(answer.fields) if answer.fields is not None else None
    if said is None:
        raise OutcomeUnknown(
            f"The provider's answer held no {shape.marks[0]} (HTTP {answer.status_code}).",
            request_id=answer.request_id,
        )
    return reply_of(answer, said)


def reply_of(answer: Answer, said: Said) -> ChatReply:
    """The reply, or why it is none."""
    if said.error is not None:
        failure = told_failure(answer, said.error, begun=True)
        if said.paid:
            failure.charged = "yes"
        raise failure
    if not said.text.strip():
        raise _empty_reply(answer, said)
    return ChatReply(
        id=said.id,
        model=said.model,
        text=said.text,
        finish_reason=said.finish_reason,
        input_tokens=said.input_tokens,
        output_tokens=said.output_tokens,
    )


def told_failure(answer: Answer, error: JsonValue, *, begun: bool) -> GlobalAIOPCError:
    """The error that an answer under HTTP 200 tells of.

    It is the one that the same words would be as an answer of their own; but once the answer has
    `begun` nobody can say any more that it costs nothing, and a vague no is no clear one.
    """
    told = replace(
        answer, status_code=_status_of(error), body=json.dumps({"error": error}).encode()
    )
    failure = create_failure(told)
    if failure is not None and not begun:
        return failure
    if failure is None or type(failure) in (Refused, OutcomeUnknown):
        return OutcomeUnknown(
            f"The provider stopped in the middle of its answer: {told.said or 'no reason given'}.",
            request_id=answer.request_id,
            retry_after=answer.retry_after,
            advice="It may be charged. To ask again is a second call.",
        )
    failure.charged, failure.retry_is_free = "unknown", False
    failure.advice = "The answer had begun, so it may be charged."
    return failure


def _status_of(error: JsonValue) -> int:
    """200 where the error names no kind that is known: then its words decide."""
    if not isinstance(error, dict):
        return 200
    for name in ("code", "type", "status"):
        kind = spelt(error.get(name)).lower()
        if kind.isdecimal() and 400 <= int(kind) <= 599:
            return int(kind)
        if kind in _STATUS_OF:
            return _STATUS_OF[kind]
    return 200


def _empty_reply(answer: Answer, said: Said) -> GlobalAIOPCError:
    if said.taken_away:
        words = scrub(said.refusal, answer.secret)
        return Moderated(
            f"The model refused to answer: {words}"
            if words
            else "The model's content filter took its answer away.",
            charged="yes" if said.paid else "unknown",
            request_id=answer.request_id,
        )
    return OutcomeUnknown(
        "The model answered without any text"
        + (": it reached max_tokens before it wrote one." if said.cut else "."),
        code="empty_reply",
        charged="yes" if said.paid else "unknown",
        advice=(
            "Raise max_tokens and ask again." if said.cut else "Ask again, or choose another model."
        ),
        request_id=answer.request_id,
    )
