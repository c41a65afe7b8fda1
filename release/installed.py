"""Try out what is installed: run by the Python of a fresh environment, in an empty folder.

Its argument is the checkout, from which nothing may be imported.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import flows
from sandbox.prefect_parts import PrefectService
from sandbox.services import S3Service, SandboxService, clean_environment

HERE = Path.cwd()
BRIEF = "id,image_prompt,video_prompt\nkettle,a steel kettle on a hob,steam rises from the kettle\n"


def main(checkout: Path) -> int:
    _expect(not Path(str(flows.__file__)).is_relative_to(checkout / "flows"), "flows is installed")
    bare = clean_environment() | {"PREFECT_HOME": str(HERE / "home")}
    helped = _python("-m", "flows", "--help", env=bare)
    _expect(helped.returncode == 0 and "run" in helped.stdout, "python -m flows --help")
    refused = _python("-m", "blocks", env=bare)
    said = refused.stdout + refused.stderr
    _expect(
        refused.returncode != 0 and "GLOBALAIOPC_API_KEY" in said and "Traceback" not in said,
        "python -m blocks names the variable that is missing",
    )
    _one_brief()
    print("The installed wheel made a video from a brief.")
    return 0


def _one_brief() -> None:
    s3 = S3Service(
        *(HERE / "s3",),
        access_key="wheel",
        secret_key=secrets.token_hex(16),
        bucket="wheel",
        log=HERE / "s3.log",
    )
    stand_in = SandboxService(key="not-a-real-key", log=HERE / "sandbox.log")
    prefect = PrefectService(HERE / "prefect", log=HERE / "prefect.log")
    with s3.start(), stand_in.start(), prefect.start():
        env = {
            **clean_environment(),
            **prefect.environment(),
            **s3.access.environment(),
            **stand_in.environment(),
            "GLOBALAIOPC_TIME_SCALE": "0.01",
            "MEDIA_BUCKET": s3.access.bucket,
        }
        saved = _python("-m", "blocks", env=env)
        _expect(saved.returncode == 0, f"python -m blocks\n{saved.stdout}{saved.stderr}")
        (HERE / "briefs.csv").write_text(BRIEF, encoding="utf-8")
        run = _python("-m", "flows", "run", "briefs.csv", "--batch-id", "wheel", "--json", env=env)
        _expect(run.returncode == 0, f"python -m flows run\n{run.stdout}{run.stderr}")
        client = s3.access.client()
        body = client.get_object(Bucket=s3.access.bucket, Key="wheel/report.json")["Body"].read()
        (item,) = json.loads(body)["items"]
        _expect(item["state"] == "landed", f"the brief has landed\n{item}")
        video = client.head_object(Bucket=s3.access.bucket, Key=item["video"])
        _expect(video["ContentLength"] > 1000, "the video is in the bucket")


def _python(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=HERE,
        env={**env, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def _expect(held: bool, what: str) -> None:
    if not held:
        raise SystemExit(f"This does not hold of the installed wheel: {what}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
