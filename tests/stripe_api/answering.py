"""A server that answers as it is told, in shapes that the sandbox never has, and notes what it was asked for."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import stripe

from reprise.settings import StripeSettings
from reprise.stripe_api.client import stripe_client


@dataclass
class Answering:
    """The server's client, and the requests that it has had."""

    client: stripe.StripeClient
    asked: list[str] = field(default_factory=list)
    """Their paths with their queries, oldest first."""

    @property
    def paths(self) -> list[str]:
        return [urlsplit(each).path for each in self.asked]

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(urlsplit(each).query, keep_blank_values=True)) for each in self.asked]


@asynccontextmanager
async def answering(status: int, body: str | Mapping[str, str]) -> AsyncIterator[Answering]:
    """Open a client of a server that gives everybody the same answer, or another one for each path."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        asked.append(target)
        said = body if isinstance(body, str) else body[urlsplit(target).path]
        head = f"HTTP/1.1 {status} So\r\ncontent-length: {len(said)}\r\nconnection: close\r\n\r\n"
        writer.write((head + said).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = StripeSettings(STRIPE_API_KEY="sk_test_reprise", stripe_url=url, stripe_retries=0)
    try:
        async with stripe_client(settings) as client:
            yield Answering(client, asked)
    finally:
        server.close()
        await server.wait_closed()
