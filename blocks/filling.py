"""Where `python -m blocks` takes the key from, other than the environment.

Never from the command line: what is typed there is in the shell's history and in `ps`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from globalaiopc.errors import ConfigurationError
from ledger.quieting import quieten_aws_loggers

STDIN = "stdin"
_ALLOWED = "stdin, file:PATH or secretsmanager:NAME (or NAME#FIELD of a JSON secret)"
_AWS_ADVICE = {
    "AccessDeniedException": "Allow this identity secretsmanager:GetSecretValue on it.",
    "ResourceNotFoundException": "Check the name and AWS_REGION.",
}


def key_from_source(source: str, stdin: TextIO) -> str:
    """The text of the secret, without the line end that files and `echo` put behind it.

    `source` is `stdin`, `file:PATH`, or `secretsmanager:NAME`, a name or ARN in AWS Secrets Manager
    that is read with boto3's own chain; `NAME#FIELD` takes a field of a secret that is JSON. Raises
    `ConfigurationError`, which never shows `source` unless it is one of these, for it may be a key.
    """
    kind, mark, name = source.partition(":")
    if source == STDIN:
        return _line(stdin.read(), "Standard input")
    read = SOURCES.get(kind)
    if read is None or not mark or not name:
        raise ConfigurationError(
            f"--key-from takes {_ALLOWED}, and was given something else.",
            code="bad_setting",
            advice=(
                "If that was the key itself, it is in your shell's history now: have it replaced."
            ),
        )
    return _line(read(name), f"The source {kind}:{name}")


def _line(text: str, what: str) -> str:
    key = text.removesuffix("\n").removesuffix("\r")
    if not key:
        raise ConfigurationError(f"{what} holds no key: it is empty.", code="missing_key")
    return key


def _from_file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(
            f"The file {name} cannot be read: {why}.", code="bad_setting"
        ) from None


def _from_secrets_manager(name: str) -> str:
    secret_id, mark, field = name.partition("#")
    try:
        client = boto3.Session().client("secretsmanager")
        quieten_aws_loggers()
        answer = client.get_secret_value(SecretId=secret_id)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "error"))
        raise _aws_said(secret_id, code, _AWS_ADVICE.get(code, "")) from None
    except BotoCoreError as error:
        advice = "Set AWS_REGION, and credentials that boto3 finds (environment, profile or role)."
        raise _aws_said(secret_id, type(error).__name__, advice) from None
    text = answer.get("SecretString")
    if not isinstance(text, str):
        raise ConfigurationError(
            f"The secret {secret_id} is binary, and a key is text.", code="bad_setting"
        )
    return _field_of(text, field, secret_id) if mark else _bare(text, secret_id)


def _aws_said(secret_id: str, what: str, advice: str) -> ConfigurationError:
    return ConfigurationError(
        f"AWS Secrets Manager does not give {secret_id} ({what}).",
        code="bad_setting",
        advice=advice,
    )


def _object(text: str) -> Mapping[str, object] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _bare(text: str, secret_id: str) -> str:
    fields = _object(text)
    if fields is None:
        return text
    raise ConfigurationError(
        f"The secret {secret_id} is JSON with the fields {', '.join(sorted(fields)) or '(none)'}.",
        code="bad_setting",
        advice=f"Name the one that holds the key: --key-from secretsmanager:{secret_id}#FIELD",
    )


def _field_of(text: str, field: str, secret_id: str) -> str:
    fields = _object(text) or {}
    value = fields.get(field)
    if isinstance(value, str):
        return value
    raise ConfigurationError(
        f"The secret {secret_id} has no text in a field {field!r}.",
        code="bad_setting",
        advice=f"Its fields: {', '.join(sorted(fields)) or '(it is not JSON)'}.",
    )


SOURCES: Mapping[str, Callable[[str], str]] = {
    "file": _from_file,
    "secretsmanager": _from_secrets_manager,
}
