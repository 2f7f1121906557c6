"""A server in Stripe's place that answers what it was told to: for answers that the sandbox never gives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import stripe

from reprise.settings import StripeSettings
from reprise.stripe_api.client import stripe_client


@dataclass(frozen=True)
class Answer:
    """What is answered; `replayed`: as one that Stripe has saved."""

    status: int
    body: str
    replayed: bool = False


Answering = Callable[[str, str], Answer]
"""Takes method and path of a request."""


@asynccontextmanager
async def answering(answer_of: Answering) -> AsyncIterator[stripe.StripeClient]:
    """Open a client of such a server."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line.split(":")[1] for line in head.lower().splitlines() if line.startswith("content-length:")]
        await reader.readexactly(int(lengths[0]) if lengths else 0)
        method, target, _ = head.split(" ", 2)
        said = answer_of(method, target.split("?")[0])
        replayed = "idempotent-replayed: true\r\n" if said.replayed else ""
        fields = f"content-length: {len(said.body)}\r\n{replayed}connection: close\r\n\r\n"
        writer.write(f"HTTP/1.1 {said.status} So\r\n{fields}{said.body}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = StripeSettings(STRIPE_API_KEY="sk_test_reprise", stripe_url=url, stripe_retries=0)
    try:
        async with stripe_client(settings) as client:
            yield client
    finally:
        server.close()
        await server.wait_closed()
