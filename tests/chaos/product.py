"""The product's webhook endpoint, as bad as endpoints are: slow, dead for a while, and lying.

It writes down what it heard, whatever it answered. It runs beside the callers and is never killed: what it knows is
evidence.
"""

import asyncio
import base64
import contextlib
import json
import random
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

Json = dict[str, Any]

HOST = "127.0.0.1"

LATE = 12.0
"""Seconds after which an answer comes too late: nobody waits for it any more."""


class Manner(StrEnum):
    """How a delivery is answered."""

    HONEST = "honest"
    SLOW = "slow"
    """Taken, and answered with 200 after some seconds."""
    LATE = "late"
    """Taken, and answered with 200 when nobody waits for it any more."""
    TAKES_AND_FAILS = "takes and fails"
    """Taken, and answered with 500 all the same."""
    REFUSES = "refuses"
    """Answered with 503, and not taken."""
    REDIRECTS = "redirects"
    """Sent elsewhere, where there is nothing."""
    GARBAGE = "garbage"
    """Answered with what is not HTTP."""
    DROPS = "drops"
    """The connection is cut without an answer."""


TAKES = frozenset({Manner.HONEST, Manner.SLOW, Manner.LATE})
"""What ends in a 200."""


@dataclass(frozen=True)
class Heard:
    """One delivery that arrived."""

    entry: Json
    """As the timeline has it, without what is empty."""
    signed: bool
    known: frozenset[int]
    """What had been answered with 200 when it arrived."""

    @property
    def sequence(self) -> int:
        """Which of the account's entries it tells."""
        return int(self.entry["sequence"])


@dataclass
class Product:
    """The endpoint: where it listens, how it behaves just now, and what it heard."""

    rng: random.Random
    secret: str = field(default_factory=lambda: "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())
    manners: dict[Manner, float] = field(default_factory=lambda: {Manner.HONEST: 1.0})
    """How likely each is."""
    seconds: float = 0.0
    """How long a slow answer takes."""
    heard: dict[str, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    """Of each account, in the order of arrival."""
    told: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Of each account, what was answered with 200."""
    deliveries: int = 0
    spoilt: int = 0
    """Deliveries that were not answered with 200 at once."""
    _port: int = 0
    _dead: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where announcements go."""
        return f"http://{HOST}:{self._port}/hook"

    async def listen(self) -> None:
        """Begin."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more."""
        self.die()
        if self._server is not None:
            self._server.close()

    def die(self) -> None:
        """Cut all connections, those that come as well. The port stays taken, so that no other program gets it."""
        self._dead += 1
        for writer in tuple(self._open):
            writer.transport.abort()

    def live(self) -> None:
        """Be there again."""
        self._dead -= 1

    async def be_dead(self, seconds: float) -> None:
        """Be away for a while."""
        self.die()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.live()

    def behave(self, manners: dict[Manner, float] | None = None, seconds: float = 0.0) -> None:
        """Answer like this from now on; by default as an endpoint should."""
        self.manners, self.seconds = manners or {Manner.HONEST: 1.0}, seconds

    def lacks(self, account_id: str, sequence: int) -> list[int]:
        """Return which of an account's entries it was never told of."""
        return sorted(set(range(1, sequence + 1)) - self.told[account_id])

    # ------------------------------------------------------------------ HTTP, by hand: garbage is part of it

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dead:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one_request(reader, writer):
                    pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Hear and answer one request; say whether another may come on the same connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        manner = self.rng.choices(list(self.manners), weights=list(self.manners.values()))[0]
        account_id, sequence = self._hear(headers, body)
        self.deliveries += 1
        self.spoilt += manner is not Manner.HONEST
        match manner:
            case Manner.SLOW:
                await asyncio.sleep(self.seconds)
            case Manner.LATE:
                await asyncio.sleep(LATE)
            case Manner.GARBAGE:
                writer.write(b"\x16\x03\x01 what? \r\n\r\n")
                await writer.drain()
                return False
            case Manner.DROPS:
                writer.transport.abort()
                return False
        writer.write(_answer(manner))
        if manner in TAKES and not writer.is_closing():
            self.told[account_id].add(sequence)
        await writer.drain()
        return True

    def _hear(self, headers: Json, body: bytes) -> tuple[str, int]:
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            signed = False
        else:
            signed = True
        entry: Json = json.loads(body)["data"]
        account_id = str(entry.pop("account_id"))
        self.heard[account_id].append(Heard(entry, signed, frozenset(self.told[account_id])))
        return account_id, int(entry["sequence"])


def _answer(manner: Manner) -> bytes:
    status = {
        Manner.REFUSES: "503 Service Unavailable",
        Manner.TAKES_AND_FAILS: "500 Internal Server Error",
        Manner.REDIRECTS: f"307 Temporary Redirect\r\nLocation: http://{HOST}:9/nowhere",
    }.get(manner, "200 OK")
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()


@asynccontextmanager
async def product(seed: int) -> AsyncIterator[Product]:
    """Run an endpoint that behaves well, until it is told otherwise."""
    endpoint = Product(random.Random(f"{seed}:product"))  # noqa: S311 - to be the same again for the same seed
    await endpoint.listen()
    try:
        yield endpoint
    finally:
        await endpoint.close()
