"""What each package exports. A name that goes, or comes, is a change of the contract: edit this."""

import importlib
import inspect
from types import ModuleType

import pytest

from globalaiopc import GlobalAIOPCError

PUBLIC = {
    "globalaiopc": """
        MEDIA_BASE_URL MEDIA_REQUESTS TEXT_BASE_URL ApiVersion Asset AssetKind AssetLibrary Assets
        BadBaseURL BalanceTooLow BeforeSend Cadence Catalogue Charged ChatMessage ChatReply
        ChatRequest Clock CompletedWithoutMedia ConfigurationError ContentPart Cooldown
        DeadlinePassed DigitalHumanRequest ErrorInfo Forbidden GPTImage2Request
        GenerateContentRequest Generation GlobalAIOPCClient GlobalAIOPCError GrokRequest
        HappyHorseEditRequest HappyHorseI2VRequest HappyHorseR2VRequest HappyHorseT2VRequest
        ImagePart InvalidRequest JobFailed JobModerated LoginFailed LuxVidRequest MalformedKey
        MediaRequest MessagesRequest MissingKey ModelCenterRequest ModelRow Moderated
        NanoBananaRequest NotHandled NotSent OmniFlashRequest OutcomeUnknown PlaintextKey PollFailed
        RateLimited Refused ResponsesRequest SD2ManxueRequest Seedance15Request Seedance20Request
        SeedanceDiscountRequest SeedanceSpecialRequest SeedanceX1Request SoraRequest SpeechRequest
        StarVideosRequest Status StreamCut StreamGenerateContentRequest Submission SystemClock
        TaskGone TaskView TextAsk TextPart TextRequest TextStream Timeouts Unauthorized VeoRequest
        VideosRequest ViduRequest VoiceCloneRequest WhoActs request_for text_request_for
    """,
    "blocks": "GlobalAIOPC MediaBucket",
    "ledger": """
        SEEN_KEY Account Amounts Budget BudgetReached BudgetUnreadable Claim ClaimOutcome
        ConditionsIgnored Decision Held JobKey JobUnknown Known Landed Lease Ledger Mine ObjectInfo
        ObjectStore Observation PriceBook PriceRow Quote Receipt ReceiptMoved ReceiptNotSaved
        ReceiptUnreadable RequestChanged SeenPrices Short State StoreError Stored Theirs Unpriced
        Verdict check_id fingerprint line_of load_seen probe remember require_conditions
    """,
    "tasks": """
        PAID TEXT_TASKS AssetRecord Bought KeptError Limits Order Studio StudioNotReady asset_delete
        asset_for asset_status asset_upload chat_completions digital_human generate_content
        gpt_image_2 grok happyhorse_edit happyhorse_i2v happyhorse_r2v happyhorse_t2v
        heals_by_itself land luxvid media_stem messages model_center nano_banana omni_flash
        open_studio poster_key responses result sd2_manxue seedance_1_5 seedance_2_0
        seedance_discount seedance_special seedance_x1 sora speech starvideos
        stream_generate_content veo videos vidu voice_clone
    """,
    "tasks.landing": """
        BadMedia Guard LandingFailed LandingRoom LandingRules MediaGone MediaRefused NotStored
        SizeCapPassed TimeCapPassed already_landed first_frame fit_image land_media land_poster
        media_client poster_of
    """,
}


@pytest.mark.parametrize(("package", "names"), PUBLIC.items())
def test_each_package_exports_these_names_and_no_others(package: str, names: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__ == names.split()
    for name in module.__all__:
        assert hasattr(module, name), name


@pytest.mark.parametrize("package", ["globalaiopc", "ledger", "tasks", "tasks.landing"])
def test_every_error_is_public_and_drawn_in_the_tree(package: str) -> None:
    errors = importlib.import_module(f"{package}.errors")
    own = _own_errors(errors)
    assert own <= set(importlib.import_module(package).__all__)
    assert {name for name in own if name not in (errors.__doc__ or "")} == set()


def test_the_errors_of_flows_are_drawn_in_their_tree() -> None:
    errors = importlib.import_module("flows.errors")
    assert {name for name in _own_errors(errors) if name not in (errors.__doc__ or "")} == set()


def _own_errors(module: ModuleType) -> set[str]:
    return {
        name
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, GlobalAIOPCError) and kind.__module__ == module.__name__
    }
