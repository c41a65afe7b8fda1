"""The keys of a run: a job is looked up with the key that bought it, also after that was replaced.

The Secret may be replaced while a batch runs. The first request that is refused for its key has
the block read again; if there is another key in it by then, the run goes on with that one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from blocks import GlobalAIOPC
from globalaiopc import GlobalAIOPCClient, Unauthorized
from ledger import Receipt

T = TypeVar("T")
Reload = Callable[[], Awaitable[GlobalAIOPC]]

REREAD_SECONDS = 10.0
"""A thousand jobs that are refused at once read the block once."""

log = logging.getLogger(__name__)


class Keyring:
    """A client for each key. New jobs are bought with `current` alone.

    `block` knows the former keys, and `reload` reads it again; without them there is one key.
    """

    def __init__(
        self,
        current: GlobalAIOPCClient,
        block: GlobalAIOPC | None = None,
        reload: Reload | None = None,
    ) -> None:
        self.current = current
        self._block = block
        self._reload = reload
        self._clients = {current.key_hash: current}
        self._refused: set[str] = set()
        self._reading = asyncio.Lock()
        self._read_at = float("-inf")

    def __repr__(self) -> str:
        return f"Keyring(current {self.current.key_hash})"

    def knows(self, key_hash: str) -> bool:
        """Whether jobs of this key are looked up with this very key."""
        return self.of(key_hash).key_hash == key_hash

    def of(self, key_hash: str) -> GlobalAIOPCClient:
        """The client with the key of this hash; the current one where that key is not usable."""
        if key_hash in self._refused:
            return self.current
        if key_hash not in self._clients and self._block is not None:
            former = self._block.former_client(key_hash)
            if former is None:
                return self.current
            self._clients[key_hash] = former
        return self._clients.get(key_hash, self.current)

    async def look(self, receipt: Receipt, look: Callable[[GlobalAIOPCClient], Awaitable[T]]) -> T:
        """Look a job up with the key that bought it.

        When that was revoked, with the current one, whose account may be the same; when that was
        replaced meanwhile as well, with the one after it.
        """
        while True:
            client = self.of(receipt.key_hash)
            try:
                return await look(client)
            except Unauthorized:
                if not await self.renewed(client):
                    raise
            self._refused.add(client.key_hash)

    async def renewed(self, refused: GlobalAIOPCClient) -> bool:
        """Whether there is another key to go on with, now that the provider refused this one's."""
        async with self._reading:
            return refused is not self.current or await self._changed()

    async def _changed(self) -> bool:
        """Read the block again, not too often; whether it holds another key by now."""
        now = self.current.clock.now()
        if self._reload is None or now < self._read_at + REREAD_SECONDS * self.current.time_scale:
            return False
        self._read_at = now
        try:
            block = await self._reload()
            fresh = block.client()
        except Exception as error:  # whatever it is: what counts is that the key was refused
            log.warning("The block could not be read again (%s).", type(error).__name__)
            return False
        before, self._block = self.current, block
        self.current = self._clients.setdefault(fresh.key_hash, fresh)
        if self.current is not fresh:
            await fresh.aclose()
        if self.current is before:
            return False
        log.warning(
            "The key %s was refused; the Secret holds another one by now, %s: going on with it.",
            before.key_hash,
            fresh.key_hash,
        )
        self._refused.discard(fresh.key_hash)
        return True

    async def aclose(self) -> None:
        """Close the connections of all keys."""
        for client in self._clients.values():
            await client.aclose()
