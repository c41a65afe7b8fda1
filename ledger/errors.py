"""What can go wrong between us and the bucket, and what it means for money.

GlobalAIOPCError
├── StoreError             the bucket did not do it       not charged   retry free   operator
│   └── ConditionsIgnored  it overwrites what it must not not charged   retry free   operator
├── RequestChanged         same job, another request      not charged   retry free   user
├── JobUnknown             sent, nobody knows how it went unknown       not free     user
├── ReceiptNotSaved        accepted, but its id is unsaved charged      not free     operator
├── ReceiptMoved           someone else moved the receipt not charged   retry free   nobody
├── ReceiptUnreadable      not a receipt we can read      not charged   retry free   operator
├── BudgetUnreadable       not a budget we can read       not charged   retry free   operator
├── BudgetReached          too little is left for the job not charged   retry free   user
└── InvalidRequest
    └── Unpriced           a budget, and no known price   not charged   retry free   user
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from globalaiopc.errors import Charged, GlobalAIOPCError, InvalidRequest, WhoActs

if TYPE_CHECKING:
    from ledger.receipt import JobKey, Receipt


class StoreError(GlobalAIOPCError):
    """The bucket refused, failed or did not answer.

    `reason` is S3's own word (`AccessDenied`, `SlowDown`) or the name of the transport error.
    `transient` says that the same call may well work in a moment. A write that raised this may
    still have happened: read again before believing either.
    """

    code = "store_error"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "operator"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        transient: bool = False,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.reason = reason
        self.transient = transient


class ConditionsIgnored(StoreError):
    code = "conditions_ignored"
    advice = (
        "Use a bucket that honours If-None-Match and If-Match on PutObject (Amazon S3, SeaweedFS, "
        "Cloudflare R2); `python -m blocks check` tells."
    )


class RequestChanged(GlobalAIOPCError):
    """The job's receipt says that something else was asked. `fields` names what differs."""

    code = "request_changed"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "user"
    advice = (
        "Put the brief back as it was, or ask for a new take, or run it under another batch_id."
    )

    def __init__(self, job: str, differences: Mapping[str, tuple[str, str]]) -> None:
        told = "; ".join(
            f"{name}: was {old}, now {new}" for name, (old, new) in sorted(differences.items())
        )
        super().__init__(f"{job} was asked for with another request ({told}).")
        self.fields: tuple[str, ...] = tuple(sorted(differences))


class JobUnknown(GlobalAIOPCError):
    """It was sent, or may have been, and no answer is known. Held until a person decides."""

    code = "job_unknown"
    charged: Charged = "unknown"
    retry_is_free = False
    who_acts: WhoActs = "user"
    advice = (
        "Ask the provider whether it was charged; then run the `rescue` flow with this job under "
        "`resubmit` (pays again if it was) or `abandon`."
    )

    def __init__(self, receipt: "Receipt") -> None:
        why = receipt.error.message if receipt.error else "No answer is known."
        super().__init__(
            f"{receipt.job} may have been accepted and charged: {why}",
            task_id=receipt.error.task_id if receipt.error else None,
            request_id=receipt.error.request_id if receipt.error else None,
        )
        self.job: JobKey = receipt.job


class ReceiptNotSaved(GlobalAIOPCError):
    """The provider accepted the job and its id could not be written to the bucket."""

    code = "receipt_not_saved"
    charged: Charged = "yes"
    retry_is_free = False
    who_acts: WhoActs = "operator"
    advice = "Keep this id: it is the only way to the finished media."

    def __init__(self, message: str, *, task_id: str) -> None:
        super().__init__(message, task_id=task_id)
        self.task_id: str = task_id


class ReceiptMoved(GlobalAIOPCError):
    """Another process wrote this receipt first, and what it wrote cannot become what we meant."""

    code = "receipt_moved"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "nobody"


class ReceiptUnreadable(GlobalAIOPCError):
    code = "receipt_unreadable"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "operator"
    advice = "Nothing is sent for this job until its receipt can be read."


class BudgetUnreadable(GlobalAIOPCError):
    code = "budget_unreadable"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "operator"
    advice = "Nothing more is sent for this batch until its budget can be read."


class BudgetReached(GlobalAIOPCError):
    """What is left of the budget does not pay for the job. `needed` is what it would have cost."""

    code = "budget_reached"
    charged: Charged = "no"
    retry_is_free = True
    who_acts: WhoActs = "user"
    advice = "Run the batch again with a higher budget; what was bought is not paid again."

    def __init__(self, message: str, *, needed: Decimal) -> None:
        super().__init__(message)
        self.needed = needed


class Unpriced(InvalidRequest):
    """A budget is set, and nobody can say what these models cost."""

    code = "unpriced"
    advice = (
        "Nothing was sent. Add a [[price]] row for each to the file named in `prices`, or run "
        "without a budget."
    )
