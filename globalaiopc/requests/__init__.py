"""What can be asked of the API, one frozen model per endpoint.

A request refuses what can never be right (an empty prompt, two names for one thing) with
`InvalidRequest`. What a *model* allows is a row of the catalogue: see `globalaiopc.limits`.
Whatever is in `extra` goes into the body last, so a new parameter needs no new release.
"""

from globalaiopc.requests.base import ApiVersion, MediaRequest
from globalaiopc.requests.images import NanoBananaRequest
from globalaiopc.requests.text import ChatMessage, ChatRequest
from globalaiopc.requests.videos import SoraRequest

__all__ = [
    "ApiVersion",
    "ChatMessage",
    "ChatRequest",
    "MediaRequest",
    "NanoBananaRequest",
    "SoraRequest",
]
