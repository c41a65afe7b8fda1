"""What can go wrong between the API, the ledger and the bucket.

GlobalAIOPCError
├── StudioNotReady   a block is missing or does not load    not charged   user
└── KeptError        the error that a receipt remembers, raised again as it was
"""

from globalaiopc.errors import Charged, ErrorInfo, GlobalAIOPCError, WhoActs


class StudioNotReady(GlobalAIOPCError):
    code = "studio_not_ready"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "user"
    advice = "Run `python -m blocks` with GLOBALAIOPC_API_KEY and MEDIA_BUCKET set."


class KeptError(GlobalAIOPCError):
    """An earlier run's error, read back from its receipt: nothing was sent this time."""

    def __init__(self, info: ErrorInfo) -> None:
        super().__init__(
            info.message,
            code=info.code,
            charged=info.charged,
            retry_is_free=info.retry_is_free,
            who_acts=info.who_acts,
            advice=info.advice,
            task_id=info.task_id,
            request_id=info.request_id,
        )
