"""GlobalAI OPC (text, image and video models behind one gateway) as a typed async client.

    from globalaiopc import GlobalAIOPCClient, SoraRequest

    async with GlobalAIOPCClient() as client:  # the key is in GLOBALAIOPC_API_KEY
        job = await client.sora(
            SoraRequest(model="openAiSora2Plus", prompt="a paper boat", size="1280x720", seconds=4)
        )
        video = await client.wait(job.task_id, model=job.model)

Every error is a `GlobalAIOPCError` and says whether it was charged, whether trying again is free,
and who has to act.
"""

from globalaiopc.asset_libraries import AssetKind, AssetLibrary
from globalaiopc.assets import Asset, Assets
from globalaiopc.catalogue import Catalogue, ModelRow
from globalaiopc.client import BeforeSend, GlobalAIOPCClient
from globalaiopc.errors import (
    BadBaseURL,
    BalanceTooLow,
    Charged,
    CompletedWithoutMedia,
    ConfigurationError,
    DeadlinePassed,
    ErrorInfo,
    Forbidden,
    GlobalAIOPCError,
    InvalidRequest,
    JobFailed,
    JobModerated,
    LoginFailed,
    MalformedKey,
    MissingKey,
    Moderated,
    NotHandled,
    NotSent,
    OutcomeUnknown,
    PollFailed,
    RateLimited,
    Refused,
    TaskGone,
    Unauthorized,
    WhoActs,
)
from globalaiopc.replies import ChatReply, Status, Submission, TaskView
from globalaiopc.requests import (
    ApiVersion,
    ChatMessage,
    ChatRequest,
    MediaRequest,
    NanoBananaRequest,
    SoraRequest,
)
from globalaiopc.urls import MEDIA_BASE_URL, TEXT_BASE_URL
from globalaiopc.waiting import Cadence, Clock, Cooldown, SystemClock
from globalaiopc.wire import Timeouts

__all__ = [
    "MEDIA_BASE_URL",
    "TEXT_BASE_URL",
    "ApiVersion",
    "Asset",
    "AssetKind",
    "AssetLibrary",
    "Assets",
    "BadBaseURL",
    "BalanceTooLow",
    "BeforeSend",
    "Cadence",
    "Catalogue",
    "Charged",
    "ChatMessage",
    "ChatReply",
    "ChatRequest",
    "Clock",
    "CompletedWithoutMedia",
    "ConfigurationError",
    "Cooldown",
    "DeadlinePassed",
    "ErrorInfo",
    "Forbidden",
    "GlobalAIOPCClient",
    "GlobalAIOPCError",
    "InvalidRequest",
    "JobFailed",
    "JobModerated",
    "LoginFailed",
    "MalformedKey",
    "MediaRequest",
    "MissingKey",
    "ModelRow",
    "Moderated",
    "NanoBananaRequest",
    "NotHandled",
    "NotSent",
    "OutcomeUnknown",
    "PollFailed",
    "RateLimited",
    "Refused",
    "SoraRequest",
    "Status",
    "Submission",
    "SystemClock",
    "TaskGone",
    "TaskView",
    "Timeouts",
    "Unauthorized",
    "WhoActs",
]
