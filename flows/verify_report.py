"""What a check of a batch's files found, for programs and for people."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from flows.cells import cell

Finding = Literal["ok", "changed", "missing", "unread", "unlisted", "unhashed"]
"""`unread`: it could not be read this time. `unlisted`: nothing says where it comes from.
`unhashed`: a text, poster or copy of ours, of which no hash was kept."""

FINDINGS: tuple[Finding, ...] = ("changed", "missing", "unread", "unlisted", "unhashed", "ok")
TROUBLE: tuple[Finding, ...] = ("changed", "missing")

CHANGED_ADVICE = (
    "If nobody meant to change it, put the bucket's earlier version back (a versioned bucket keeps "
    "them), or delete it and run rescue, which lands again what is younger than a day."
)
MISSING_ADVICE = (
    "Run rescue for this batch: it lands again, free of charge, what the provider still keeps "
    "(about a day). Later: put a version or a backup back, or ask for a new take, which is paid."
)
INPUT_ADVICE = (
    "Put it back from an earlier version or a backup if you want to keep it; what was made from it "
    "does not need it any more."
)
UNREAD_ADVICE = "Verify the batch again; nothing is known of this file."
UNLISTED_ADVICE = "Nothing: verify only tells of it."


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class CheckedFile(_Kept):
    """One object, by its key; sizes in bytes, `expected` is what was noted when it landed."""

    key: str
    finding: Finding
    message: str = ""
    advice: str = ""
    expected_sha256: str | None = None
    sha256: str | None = None
    size: int | None = None


class VerifyReport(_Kept):
    """`files` are those that are not as they should be, and the unlisted ones. `bytes_read` hashed.

    `unreadable` lists receipts that cannot be read: what they know of is not checked.
    """

    schema_version: Literal[1] = 1
    batch_id: str
    counts: dict[Finding, int]
    bytes_read: int
    files: tuple[CheckedFile, ...]
    unreadable: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        batch_id: str,
        counts: dict[Finding, int],
        files: Iterable[CheckedFile],
        *,
        bytes_read: int,
        unreadable: Iterable[str] = (),
    ) -> Self:
        return cls(
            batch_id=batch_id,
            counts={finding: counts.get(finding, 0) for finding in FINDINGS},
            bytes_read=bytes_read,
            files=tuple(sorted(files, key=lambda one: (FINDINGS.index(one.finding), one.key))),
            unreadable=tuple(unreadable),
        )


def name_of(report: VerifyReport) -> str:
    """What the run's state is called."""
    counts = report.counts
    if any(counts[one] for one in TROUBLE):
        return "Damaged"
    if counts["unread"] or report.unreadable:
        return "NotAllVerified"
    return "Verified" if counts["ok"] else "NothingToVerify"


def sentence(report: VerifyReport) -> str:
    """What was found and what to do, in one line."""
    counts, batch = report.counts, report.batch_id
    name = name_of(report)
    if name == "NothingToVerify":
        return f"Nothing to verify in batch {batch}: no medium has landed there."
    sound = _files(counts["ok"])
    read = f"{report.bytes_read / 1e6:,.1f} MB read"
    said = [f"Batch {batch}: {sound} as landed ({read})."]
    told = [f"{counts[one]} {one}" for one in TROUBLE if counts[one]]
    if told:
        said.append(f"{', '.join(told)}: {_some(report)}.")
    if counts["missing"]:
        said.append(MISSING_ADVICE)
    elif counts["changed"]:
        said.append(CHANGED_ADVICE)
    if counts["unread"] or report.unreadable:
        receipts = f", {len(report.unreadable)} receipts" if report.unreadable else ""
        said.append(f"Could not be read: {_files(counts['unread'])}{receipts}. Verify again.")
    if counts["unlisted"]:
        said.append(f"{_files(counts['unlisted'])} not in the manifest.")
    return " ".join(said)


def table_rows(report: VerifyReport, *, limit: int = 200) -> list[dict[str, str]]:
    """Rows for a table artifact; beyond `limit` one row says how many more there are."""
    empty = dict.fromkeys(("file", "state", "what happened", "what to do"), "")
    rows = [
        {
            "file": cell(one.key),
            "state": "not in the manifest" if one.finding == "unlisted" else one.finding,
            "what happened": cell(one.message, 300),
            "what to do": cell(one.advice, 300),
        }
        for one in report.files[:limit]
    ]
    if (hidden := len(report.files) - limit) > 0:
        rows.append({**empty, "file": f"and {hidden} more in this run's result"})
    for unreadable in report.unreadable[:limit]:
        rows.append({**empty, "state": "unreadable", "what happened": cell(unreadable, 300)})
    return rows or [{**empty, "state": "all as landed"}]


def _some(report: VerifyReport, most: int = 3) -> str:
    keys = [one.key for one in report.files if one.finding in TROUBLE]
    more = f" and {len(keys) - most} more" if len(keys) > most else ""
    return ", ".join(keys[:most]) + more


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
