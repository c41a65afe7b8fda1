"""What boto3 says at DEBUG, without what it signs, sends and receives."""

import logging
import re
from collections.abc import Iterator

from botocore.model import OperationModel

from globalaiopc.scrub import without_queries

_PLACE = re.compile(r"%(\(\w+\))?[-#0 +]*\d*(\.\d+)?[a-zA-Z]")


class _WithoutContents(logging.Filter):
    """Leaves of a record what is done, and of its arguments the name of the operation.

    A canonical request holds the session token, a prepared one the authorization, a body the
    prompts: no other argument can be told to be harmless.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.args:
            given = record.args if isinstance(record.args, tuple) else ()
            named = [str(one) for one in given if isinstance(one, OperationModel)]
            record.msg = " ".join([_PLACE.sub("…", str(record.msg)), *named])
            record.args = None
        return True


_without_contents = _WithoutContents()


def quieten_aws_loggers() -> None:
    """Keep credentials, signatures and contents out of the logs of botocore and urllib3.

    A filter, not a level: whoever turns those logs on still gets them. Call it when a client has
    been made: botocore's modules, each of which has a logger, are imported by then.
    """
    for logger in _loggers("botocore", "boto3", "s3transfer"):
        logger.addFilter(_without_contents)
    logging.getLogger("urllib3.connectionpool").addFilter(without_queries)


def _loggers(*packages: str) -> Iterator[logging.Logger]:
    known = list(logging.root.manager.loggerDict)
    for name in known:
        if name.partition(".")[0] in packages:
            yield logging.getLogger(name)
