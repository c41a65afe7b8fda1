"""Why a finished, paid media file is not in the bucket. Landing it again never costs anything.

GlobalAIOPCError
└── LandingFailed       no whole file came in all our tries     charged   retry free      nobody
    ├── BadMedia        bytes came, but never a whole file       charged   retry free      provider
    ├── MediaGone       no URL of it answers any more            charged   not free        user
    ├── MediaRefused    its URL points where we do not go        charged   retry free      provider
    ├── SizeCapPassed   larger than we take                      charged   retry free      operator
    ├── TimeCapPassed   slower than we wait                      charged   retry free      nobody
    └── NotStored       the bucket did not take it               charged   retry free      operator

Messages name the media host, never a URL: a media URL is a secret as long as it lives.
"""

from globalaiopc.errors import Charged, GlobalAIOPCError, WhoActs


class LandingFailed(GlobalAIOPCError):
    code = "landing_failed"
    charged: Charged = "yes"
    retry_is_free = True
    who_acts: WhoActs = "nobody"
    advice = (
        "The job is paid for and its file waits at the provider for about a day. "
        "Run the same batch again: only the download is repeated."
    )


class BadMedia(LandingFailed):
    code = "bad_media"
    who_acts: WhoActs = "provider"


class MediaGone(LandingFailed):
    code = "media_gone"
    retry_is_free = False
    who_acts: WhoActs = "user"
    advice = (
        "The provider keeps files for about a day. Ask its support with the job id, "
        "or ask for a new take, which is paid for again."
    )


class MediaRefused(LandingFailed):
    code = "media_refused"
    who_acts: WhoActs = "provider"
    advice = "Media is fetched over https from public hosts only. Ask the provider about this URL."


class SizeCapPassed(LandingFailed):
    code = "size_cap_passed"
    who_acts: WhoActs = "operator"
    advice = "Raise the size cap of landing if a file of this size is meant, then run it again."


class TimeCapPassed(LandingFailed):
    code = "time_cap_passed"


class NotStored(LandingFailed):
    code = "not_stored"
    who_acts: WhoActs = "operator"


class NotMediaError(Exception):
    """These bytes are not a whole media file of the kind asked for. The message says why."""


class TryAgainError(Exception):
    """One try of a download failed in a way that another try may not.

    `retry_after` is in seconds, where the host asked for it; `dead` says that the host refuses this
    URL, so that a fresh one is needed; `bad` that bytes came, but not a whole file.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        dead: bool = False,
        bad: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.dead = dead
        self.bad = bad
