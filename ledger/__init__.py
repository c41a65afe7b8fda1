"""Receipts in the bucket: what was asked, what it became, and who may send. Knows S3, not HTTP."""

from ledger.account import Account, Short, line_of
from ledger.budget import Budget
from ledger.errors import (
    BudgetReached,
    BudgetUnreadable,
    ConditionsIgnored,
    JobUnknown,
    ReceiptMoved,
    ReceiptNotSaved,
    ReceiptUnreadable,
    RequestChanged,
    StoreError,
    Unpriced,
)
from ledger.held import ClaimOutcome, Held, Known, Mine, Theirs
from ledger.lease import Lease
from ledger.ledger import Ledger
from ledger.prices import PriceBook, PriceRow, Quote
from ledger.probe import Verdict, probe, require_conditions
from ledger.receipt import Claim, Decision, JobKey, Landed, Receipt, State, check_id, fingerprint
from ledger.seen import SEEN_KEY, Amounts, Observation, SeenPrices, load_seen, remember
from ledger.store import ObjectInfo, ObjectStore, Stored

__all__ = [
    "SEEN_KEY",
    "Account",
    "Amounts",
    "Budget",
    "BudgetReached",
    "BudgetUnreadable",
    "Claim",
    "ClaimOutcome",
    "ConditionsIgnored",
    "Decision",
    "Held",
    "JobKey",
    "JobUnknown",
    "Known",
    "Landed",
    "Lease",
    "Ledger",
    "Mine",
    "ObjectInfo",
    "ObjectStore",
    "Observation",
    "PriceBook",
    "PriceRow",
    "Quote",
    "Receipt",
    "ReceiptMoved",
    "ReceiptNotSaved",
    "ReceiptUnreadable",
    "RequestChanged",
    "SeenPrices",
    "Short",
    "State",
    "StoreError",
    "Stored",
    "Theirs",
    "Unpriced",
    "Verdict",
    "check_id",
    "fingerprint",
    "line_of",
    "load_seen",
    "probe",
    "remember",
    "require_conditions",
]
