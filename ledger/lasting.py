"""Whether a presigned link lives as long as it says: it dies with the session that signed it."""

from typing import Literal

from botocore.credentials import Credentials, RefreshableCredentials

Lasts = Literal["yes", "no", "unknown"]


def links_last(credentials: Credentials | None, seconds: int) -> Lasts:
    """Whether what is signed now can be opened for so long. May ask for new credentials; blocks.

    A key pair signs for good. A role's session has an end, which boto3 knows when it fetched the
    credentials itself; of a session token that somebody copied nobody knows it.
    """
    if credentials is None:
        return "yes"
    token = credentials.get_frozen_credentials().token
    if isinstance(credentials, RefreshableCredentials):
        return "no" if credentials.refresh_needed(seconds) else "yes"
    return "unknown" if token else "yes"
