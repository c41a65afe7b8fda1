"""Receipts in the bucket: what was asked, what it became, and who may send. Knows S3, not HTTP."""

from ledger.errors import (
    ConditionsIgnored,
    JobUnknown,
    ReceiptMoved,
    ReceiptNotSaved,
    ReceiptUnreadable,
    RequestChanged,
    StoreError,
)
from ledger.held import ClaimOutcome, Held, Known, Mine, Theirs
from ledger.ledger import Ledger
from ledger.prices import PriceBook, PriceRow, Quote
from ledger.probe import Verdict, probe, require_conditions
from ledger.receipt import Claim, Decision, JobKey, Landed, Receipt, State, check_id, fingerprint
from ledger.seen import SEEN_KEY, Amounts, Observation, SeenPrices, load_seen, remember
from ledger.store import ObjectInfo, ObjectStore, Stored

__all__ = [
    "SEEN_KEY",
    "Amounts",
    "Claim",
    "ClaimOutcome",
    "ConditionsIgnored",
    "Decision",
    "Held",
    "JobKey",
    "JobUnknown",
    "Known",
    "Landed",
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
    "State",
    "StoreError",
    "Stored",
    "Theirs",
    "Verdict",
    "check_id",
    "fingerprint",
    "load_seen",
    "probe",
    "remember",
    "require_conditions",
]
