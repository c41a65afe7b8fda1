"""`python -m sandbox`: the stand-in API on this machine, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from globalaiopc.catalogue import Catalogue
from sandbox.app import create_app
from sandbox.chaos import Rule, parse_plan
from sandbox.settings import DEMO_KEY, Settings
from sandbox.wire import OpenHandedProtocol

_BACKLOG = 2048
_GRACE_SECONDS = 1


class _Server(uvicorn.Server):
    """Says where it listens, once it does, and leaves signals to `_serve`."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"sandbox on {self._address}", flush=True)  # noqa: T201 - the line others wait for

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Calls that are nearly done may end; those that hang by design are cut off without a word.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._cut_off)
        await super().shutdown(sockets)

    def _cut_off(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again at the end, and a calm stop would look like a kill.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        rules = _rules(options.chaos)
    except (OSError, ValidationError) as exc:
        print(f"--chaos {options.chaos}: {exc}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        Catalogue.load(*options.catalogue)
    except Exception as exc:  # whatever is wrong with the file, the message says so
        print(f"--catalogue: {exc}", file=sys.stderr)  # noqa: T201
        return 2
    listener = _listen(options.host, options.port)
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        create_app(_settings(options), rules),
        http=OpenHandedProtocol,
        log_level="error",
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2 * _GRACE_SECONDS,
    )
    asyncio.run(_Server(config, f"http://{host}:{port}").serve(sockets=[listener]))
    return 0


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's algorithm off only for sockets that
    # say they are TCP, and without that each answer waits 40 ms for the client's delayed ACK.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--key", default=os.environ.get("SANDBOX_KEY", DEMO_KEY), help="the key it accepts")
    add("--seed", type=int, default=default.seed, help="the same seed gives the same everything")
    for kind in ("text", "image", "video", "asset"):
        add(f"--{kind}-seconds", type=float, default=default.base_seconds(kind))
    add("--spread", type=float, default=default.spread, help="0.3: times vary by 30 %%")
    add("--url-ttl", type=float, default=default.url_ttl, help="seconds that media links live")
    add("--forbid-model", action="append", default=[], help="a model this key may not use (403)")
    add("--moderate", action="append", default=[], help="a further text that fails as refused")
    add("--plain-media", action="store_true",
        help="one picture and one clip per size, for load tests")  # fmt: skip
    add("--catalogue", type=Path, action="append", default=[], metavar="FILE",
        help="a TOML file with models of your own")  # fmt: skip
    add("--any-model", action="store_true",
        help="accept unknown models at any endpoint, their limits unchecked")  # fmt: skip
    add("--voice-ttl", type=float, default=default.voice_ttl,
        help="seconds that an unused cloned voice lives")  # fmt: skip
    add("--chaos", type=Path, help="JSON file of faults, see sandbox/chaos.py")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        key=options.key,
        seed=options.seed,
        text_seconds=options.text_seconds,
        image_seconds=options.image_seconds,
        video_seconds=options.video_seconds,
        asset_seconds=options.asset_seconds,
        spread=options.spread,
        url_ttl=options.url_ttl,
        forbidden_models=frozenset(options.forbid_model),
        moderated_words=(*Settings().moderated_words, *options.moderate),
        plain_media=options.plain_media,
        catalogues=tuple(options.catalogue),
        any_model=options.any_model,
        voice_ttl=options.voice_ttl,
    )


def _rules(path: Path | None) -> tuple[Rule, ...]:
    return parse_plan(path.read_bytes()) if path else ()


if __name__ == "__main__":
    sys.exit(main())
