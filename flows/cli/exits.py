"""What a command's exit code says, for scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """The first that holds of DECIDE, APPROVE, and what became of the briefs."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    PARTLY = 3
    DECIDE = 4
    APPROVE = 5
    INTERRUPTED = 130


MEANING = {
    Exit.DONE: "all landed, or the command did what it should",
    Exit.FAILED: "nothing landed, or the command failed; of `health`: degraded",
    Exit.REFUSED: "refused before anything was spent: wrong usage, a bad row, a missing block; of "
    "`health`: down",
    Exit.PARTLY: "some landed, or something is not finished yet; run it again to go on",
    Exit.DECIDE: "jobs of unknown outcome need a decision: see `rescue`",
    Exit.APPROVE: "pictures wait for approval",
    Exit.INTERRUPTED: "interrupted with Ctrl-C; nothing that was bought is lost",
}
