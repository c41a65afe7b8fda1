"""What a soak's batches were charged for, beside what their receipts and reports say of it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"<([\w-]+)/(b\d+)>")
"""In each topic: the series of a batch or the batch itself, and the brief."""

Group = tuple[str, str, str]
"""Series or batch, brief, and kind of job."""


@dataclass
class Account:
    """`wrong` has a line for each charge that is twice, or that nothing speaks of."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bucket:
    """Receipts and the last report's items, by (batch, brief); keys of all objects."""

    receipts: Mapping[tuple[str, str], Mapping[str, dict[str, Any]]]
    items: Mapping[tuple[str, str], dict[str, Any]]
    objects: frozenset[str]


def settle(jobs: Iterable[dict[str, Any]], bucket: Bucket) -> Account:
    """Each billed job is landed, or said not to be; no receipt has two.

    A job whose id came back stands in its receipt. One whose answer was lost belongs to a receipt
    of its own brief that is unknown: there may be as many of them as of these, and no more.
    """
    account = Account()
    for name in ("jobs billed", "landed", "reported", "billed twice", "lost"):
        account.counts[name] = 0
    by_id = {
        receipt["task_id"]: (place, receipt)
        for place, stages in bucket.receipts.items()
        for receipt in stages.values()
        if receipt.get("task_id")
    }
    held = _unknown(bucket)
    orphans: dict[Group, list[str]] = defaultdict(list)
    for job in jobs:
        if not job["billed"]:
            continue
        account.counts["jobs billed"] += 1
        if job["id"] in by_id:
            _known(account, bucket, *by_id[job["id"]])
        else:
            orphans[_group(job)].append(job["id"])
    for group, ids in orphans.items():
        reported = min(len(ids), held[group])
        account.counts["reported"] += reported
        for name in ids[reported:]:
            account.counts["billed twice"] += 1
            account.wrong.append(f"{'/'.join(group)}: {name} was billed and stands nowhere")
    return account


def _known(
    account: Account, bucket: Bucket, place: tuple[str, str], receipt: dict[str, Any]
) -> None:
    where = f"{'/'.join(place)}: {receipt['endpoint']} {receipt['state']}"
    item = bucket.items.get(place, {})
    if receipt["state"] == "landed" and receipt["media"]["key"] in bucket.objects:
        account.counts["landed"] += 1
    elif item.get("error") and item["state"] != "landed":
        account.counts["reported"] += 1
    else:
        account.counts["lost"] += 1
        account.wrong.append(f"{where}, and the report says {item.get('state', 'nothing')}")


def _unknown(bucket: Bucket) -> Counter[Group]:
    """The receipts of unknown outcome that the reports tell of."""
    found: Counter[Group] = Counter()
    for (batch, brief), stages in bucket.receipts.items():
        told = bucket.items.get((batch, brief), {}).get("state") == "unknown"
        for stage, receipt in stages.items():
            if receipt["state"] in ("unknown", "intent") and told:
                found[series_of(batch), brief, stage] += 1
    return found


def series_of(batch: str) -> str:
    """Of the process each batch has topics of its own; of the schedule all have the same."""
    return batch if batch.startswith("process-") else "schedule"


def _group(job: dict[str, Any]) -> Group:
    found = TOKEN.search(job["prompt"])
    return (found[1], found[2], job["kind"]) if found else ("", "", job["kind"])
