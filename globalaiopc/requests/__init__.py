"""What can be asked of the API, one frozen model per endpoint.

A request refuses what can never be right (an empty prompt, two names for one thing) with
`InvalidRequest`. What a *model* allows is a row of the catalogue: see `globalaiopc.limits`.
Whatever is in `extra` goes into the body last, so a new parameter needs no new release.
"""

from collections.abc import Mapping

from globalaiopc.requests.base import ApiVersion, MediaRequest
from globalaiopc.requests.center import ModelCenterRequest
from globalaiopc.requests.happyhorse import (
    HappyHorseEditRequest,
    HappyHorseI2VRequest,
    HappyHorseR2VRequest,
    HappyHorseT2VRequest,
)
from globalaiopc.requests.images import GPTImage2Request, NanoBananaRequest
from globalaiopc.requests.parts import ContentPart
from globalaiopc.requests.seedance import (
    Seedance15Request,
    Seedance20Request,
    SeedanceDiscountRequest,
    SeedanceSpecialRequest,
    SeedanceX1Request,
)
from globalaiopc.requests.text import (
    TEXT_REQUESTS,
    ChatRequest,
    GenerateContentRequest,
    MessagesRequest,
    ResponsesRequest,
    StreamGenerateContentRequest,
    TextRequest,
)
from globalaiopc.requests.turns import ChatMessage, ImagePart, TextPart
from globalaiopc.requests.videos import (
    GrokRequest,
    LuxVidRequest,
    OmniFlashRequest,
    SD2ManxueRequest,
    SoraRequest,
    StarVideosRequest,
    VeoRequest,
    VideosRequest,
    ViduRequest,
)
from globalaiopc.requests.voice import DigitalHumanRequest, SpeechRequest, VoiceCloneRequest

__all__ = [
    "MEDIA_REQUESTS",
    "TEXT_REQUESTS",
    "ApiVersion",
    "ChatMessage",
    "ChatRequest",
    "ContentPart",
    "DigitalHumanRequest",
    "GPTImage2Request",
    "GenerateContentRequest",
    "GrokRequest",
    "HappyHorseEditRequest",
    "HappyHorseI2VRequest",
    "HappyHorseR2VRequest",
    "HappyHorseT2VRequest",
    "ImagePart",
    "LuxVidRequest",
    "MediaRequest",
    "MessagesRequest",
    "ModelCenterRequest",
    "NanoBananaRequest",
    "OmniFlashRequest",
    "ResponsesRequest",
    "SD2ManxueRequest",
    "Seedance15Request",
    "Seedance20Request",
    "SeedanceDiscountRequest",
    "SeedanceSpecialRequest",
    "SeedanceX1Request",
    "SoraRequest",
    "SpeechRequest",
    "StarVideosRequest",
    "StreamGenerateContentRequest",
    "TextPart",
    "TextRequest",
    "VeoRequest",
    "VideosRequest",
    "ViduRequest",
    "VoiceCloneRequest",
]

MEDIA_REQUESTS: Mapping[str, type[MediaRequest]] = {
    kind.endpoint: kind
    for kind in (
        *(NanoBananaRequest, GPTImage2Request),
        *(SoraRequest, VeoRequest, ViduRequest, GrokRequest, StarVideosRequest, VideosRequest),
        *(SD2ManxueRequest, LuxVidRequest, OmniFlashRequest),
        *(Seedance15Request, Seedance20Request, SeedanceX1Request),
        *(SeedanceSpecialRequest, SeedanceDiscountRequest),
        *(HappyHorseT2VRequest, HappyHorseI2VRequest, HappyHorseR2VRequest, HappyHorseEditRequest),
        *(DigitalHumanRequest, VoiceCloneRequest, SpeechRequest),
        ModelCenterRequest,
    )
}
"""The request of every endpoint that makes media, by the endpoint's name."""
