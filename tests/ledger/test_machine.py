"""34: any order of claims, lost answers, crashes, outages and decisions, against a small model.

What the provider bills is counted outside of the ledger. Invariant: a job is billed at most once,
and once more for each resubmission that a person approved.
"""

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from globalaiopc.errors import ErrorInfo
from ledger import (
    JobKey,
    Landed,
    Ledger,
    Mine,
    ReceiptMoved,
    ReceiptNotSaved,
    StoreError,
)
from ledger.rules import LEASE_SECONDS
from tests.ledger.doubles import MemoryStore, Wall

JOB = JobKey(batch_id="b", brief_id="x", stage="video")
ASK = {"endpoint": "e", "model": "m", "api": "v1", "key_hash": "k", "asked": {"prompt": "cat"}}
MEDIA = Landed(key="b/x/video.mp4", sha256="aa", size=3, content_type="video/mp4")
HOLDERS = st.sampled_from(["one", "two", "three"])
FAULTS = st.lists(st.sampled_from([None, None, None, "refuse", "lose"]), max_size=6)


def error(code, charged):
    return ErrorInfo(
        code=code, message="It went wrong.", charged=charged, retry_is_free=False, who_acts="user"
    )


class Model:
    """The promise, in a few lines: what may have been billed, and what must not be forgotten."""

    def __init__(self):
        self.billed = 0
        self.approved = 0
        self.told = set()  # ids that an error put in front of a person

    @property
    def allowed(self):
        return 1 + self.approved


class LedgerMachine(RuleBasedStateMachine):
    posts = Bundle("posts")  # (holder, held) of requests that were answered or lost

    def __init__(self):
        super().__init__()
        self.wall = Wall()
        self.faults = []
        self.store = MemoryStore(lambda _: self.faults.pop(0) if self.faults else None)
        self.ledgers = {}
        self.model = Model()
        self.spent = []
        self.accepted = set()  # ids that the provider gave out and a holder received

    def ledger(self, holder):
        if holder not in self.ledgers:
            self.ledgers[holder] = Ledger(
                self.store, holder=holder, wall=self.wall, sleep=self.wall.sleep
            )
        return self.ledgers[holder]

    def run(self, coroutine):
        """Nothing in it waits for real, so it needs no event loop (which would cost the most)."""
        try:
            coroutine.send(None)
        except StopIteration as done:
            return done.value
        finally:
            self.faults = []
        raise AssertionError("it waited for something")

    def look(self):
        self.faults = []
        return self.run(self.ledger("observer").look(JOB))

    def post(self, holder, held, answer):
        """Send, if the ledger still allows it; the provider bills what it accepts."""
        ledger = self.ledger(holder)
        if not ledger.still_mine(held):
            return
        if answer == "refused":
            self.attempt(ledger.failed(held, error("balance_too_low", "no")))
            return
        self.model.billed += 1
        task_id = f"task-{self.model.billed}"
        if answer == "accepted":
            self.accepted.add(task_id)
            try:
                self.run(ledger.submitted(held, task_id))
            except ReceiptNotSaved as told:
                self.model.told |= {task_id} & set(str(told).replace(":", " ").split())
        elif answer == "lost":
            self.attempt(ledger.unknown(held, error("outcome_unknown", "unknown")))
        # "crashed": the process died before it could write anything

    def attempt(self, coroutine):
        with suppress(StoreError, ReceiptMoved):
            return self.run(coroutine)
        return None

    @rule(
        holder=HOLDERS,
        faults=FAULTS,
        answer=st.sampled_from(["accepted", "accepted", "refused", "lost", "crashed"]),
        writes=FAULTS,
    )
    def claim_and_post(self, holder, faults, answer, writes):
        self.faults = list(faults)
        outcome = self.attempt(self.ledger(holder).claim(JOB, **ASK))
        if isinstance(outcome, Mine):
            self.faults = list(writes)
            self.post(holder, outcome.held, answer)
            if answer == "crashed":
                self.restart(holder)

    @rule(target=posts, holder=HOLDERS, faults=FAULTS)
    def claim_and_linger(self, holder, faults):
        self.faults = list(faults)
        outcome = self.attempt(self.ledger(holder).claim(JOB, **ASK))
        return (holder, outcome.held) if isinstance(outcome, Mine) else None

    @rule(
        post=posts,
        answer=st.sampled_from(["accepted", "refused", "lost", "crashed"]),
        writes=FAULTS,
    )
    def lingerer_posts(self, post, answer, writes):
        if post is None or post in self.spent:
            return
        self.spent.append(post)  # a claim is good for one POST: the holder's part of the bargain
        self.faults = list(writes)
        self.post(*post, answer)

    @rule(holder=HOLDERS)
    def restart(self, holder):
        self.ledgers.pop(holder, None)

    @rule(seconds=st.sampled_from([1.0, LEASE_SECONDS / 2, LEASE_SECONDS * 0.9, LEASE_SECONDS * 2]))
    def time_passes(self, seconds):
        self.wall.pass_seconds(seconds)

    @rule(holder=HOLDERS, faults=FAULTS)
    def expire(self, holder, faults):
        if held := self.look():
            self.faults = list(faults)
            self.attempt(self.ledger(holder).expire(held))

    @rule(holder=HOLDERS, outcome=st.sampled_from(["complete", "fail"]), faults=FAULTS)
    def poll(self, holder, outcome, faults):
        held = self.look()
        if held is None or held.receipt.state != "submitted":
            return
        self.faults = list(faults)
        ledger = self.ledger(holder)
        if outcome == "complete":
            self.attempt(ledger.completed(held))
        else:
            self.attempt(ledger.failed(held, error("job_failed", "unknown")))

    @rule(holder=HOLDERS, faults=FAULTS)
    def land(self, holder, faults):
        held = self.look()
        if held is not None and held.receipt.state == "completed":
            self.faults = list(faults)
            self.attempt(self.ledger(holder).landed(held, MEDIA))

    @rule(holder=HOLDERS, faults=FAULTS, answer=st.sampled_from(["accepted", "lost", "crashed"]))
    def resubmit(self, holder, faults, answer):
        held = self.look()
        if held is None or held.receipt.state != "unknown":
            return
        self.faults = list(faults)
        mine = self.attempt(self.ledger(holder).resubmit(held, by="a person", key_hash="hash"))
        if mine is not None:
            self.model.approved += 1
            self.post(holder, mine, answer)

    @rule(holder=HOLDERS, faults=FAULTS)
    def abandon(self, holder, faults):
        held = self.look()
        if held is not None and held.receipt.state == "unknown":
            self.faults = list(faults)
            self.attempt(self.ledger(holder).abandon(held, by="a person"))

    @invariant()
    def billed_at_most_once_per_approval(self):
        assert self.model.billed <= self.model.allowed

    @invariant()
    def no_accepted_id_is_lost(self):
        """Each id that came back is in the receipt, or was put in front of a person."""
        held = self.look()
        for task_id in self.accepted - self.model.told:
            assert held is not None
            assert held.receipt.task_id == task_id


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, derandomize=True
)
