"""`python -m blocks` saves the blocks from the environment; `python -m blocks check` tries them.

Environment: GLOBALAIOPC_API_KEY and MEDIA_BUCKET; optional GLOBALAIOPC_TEXT_BASE_URL,
GLOBALAIOPC_MEDIA_BASE_URL, GLOBALAIOPC_ALLOW_PLAINTEXT_KEY (true: the key may travel unencrypted),
GLOBALAIOPC_TIME_SCALE, GLOBALAIOPC_CATALOGUE (a file with models of your own), MEDIA_PREFIX, and
boto3's AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION,
AWS_ENDPOINT_URL_S3. PREFECT_API_URL says where. Without
AWS_ACCESS_KEY_ID no credentials are saved and boto3's own chain is used. MEDIA_ADDRESSING (path or
virtual), MEDIA_ENCRYPTION (AES256 or aws:kms) with MEDIA_KMS_KEY_ID, and MEDIA_TAGS
(name=value,name=value) say how the bucket is asked and what objects are written with. AWS_CA_BUNDLE
is not saved: boto3 reads it wherever it runs.

`--key-from stdin`, `file:PATH` or `secretsmanager:NAME` takes the key from there instead of from
GLOBALAIOPC_API_KEY. A key that another one replaces is kept to poll the jobs that it bought, until
`python -m blocks forget-former-keys`.

Exit codes: 0 done, all well; 1 a check failed or the server cannot be reached; 2 bad settings.
"""

import os
import sys
from collections.abc import Sequence

from prefect.client.orchestration import get_client

from blocks.bucket import MediaBucket
from blocks.connection import GlobalAIOPC
from blocks.filling import key_from_source
from blocks.reaching import exit_code
from blocks.saving import DEFAULT, Saved, Settings, forget_former_keys, save_blocks
from ledger import Verdict

USAGE = "Usage: python -m blocks [check | forget-former-keys | --key-from SOURCE]\n"


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case []:
            return exit_code(_save())
        case ["--key-from", source]:
            return exit_code(_save(source))
        case ["check"]:
            return exit_code(_check())
        case ["forget-former-keys"]:
            return exit_code(_forget())
    sys.stderr.write(USAGE)  # and not what was typed, which may be a key
    return 2


async def _save(source: str | None = None) -> int:
    key = key_from_source(source, sys.stdin) if source is not None else None
    settings = Settings.from_environment(os.environ, key)
    async with get_client() as client:
        for saved in await save_blocks(settings, client):
            _tell(saved)
    return 0


async def _forget() -> int:
    async with get_client() as client:
        _tell(await forget_former_keys(client))
    return 0


def _tell(saved: Saved) -> None:
    sys.stdout.write(f"{saved.outcome:<9}  {saved.block}\n")


async def _check() -> int:
    healthy = True
    for kind in (GlobalAIOPC, MediaBucket):
        sys.stdout.write(f"{kind.get_block_type_slug()}/{DEFAULT}\n")
        for verdict in await _verdicts(kind):
            healthy &= verdict.ok
            sys.stdout.write(_line(verdict))
    return 0 if healthy else 1


async def _verdicts(kind: type[GlobalAIOPC] | type[MediaBucket]) -> tuple[Verdict, ...]:
    try:
        block: GlobalAIOPC | MediaBucket = await kind.aload(DEFAULT)
    except ValueError:
        detail = "There is no such block on the Prefect server."
    except RuntimeError:
        detail = "What is stored does not hold together."
    else:
        return await block.check()
    return (Verdict("block loads", ok=False, detail=detail, advice="Run `python -m blocks`."),)


def _line(verdict: Verdict) -> str:
    mark = "✓" if verdict.ok else "✗"
    advice = f"\n      {verdict.advice}" if verdict.advice else ""
    return f"  {mark} {verdict.name}: {verdict.detail}{advice}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
