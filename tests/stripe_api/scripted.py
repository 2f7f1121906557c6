"""A server in Stripe's place that answers as it is told, as the sandbox never would, and notes what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from reprise.settings import StripeSettings
from reprise.stripe_api.client import stripe_client

Json = dict[str, Any]
Answer = Json | str | tuple[int, Json | str] | tuple[int, Json | str, bool]
"""A body; a status other than 200; whether Stripe says that it repeats what it has saved."""

Answers = Mapping[str, Answer | None] | Callable[[str], Answer | None]
"""What is answered to each call (`"GET /v1/invoices"`; `"*"`: to any other); None: nothing."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    call: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Scripted:
    """What is answered, and what was asked."""

    answers: Answers
    asked: list[Asked] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether a client has closed its connection."""
    url: str = ""

    @property
    def calls(self) -> list[str]:
        return [each.call for each in self.asked]

    @property
    def queries(self) -> list[dict[str, str]]:
        return [each.params for each in self.asked]

    def _answer_to(self, call: str) -> Answer | None:
        if not isinstance(self.answers, Mapping):
            return self.answers(call)
        return self.answers[call] if call in self.answers else self.answers["*"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
                headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
                sent = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
                method, target, _ = head.split()
                call, query = f"{method} {urlsplit(target).path}", urlsplit(target).query
                self.asked.append(Asked(call, dict(parse_qsl(sent or query, keep_blank_values=True)), headers))
                answer = self._answer_to(call)
                if answer is not None:
                    writer.write(_http(*(answer if isinstance(answer, tuple) else (200, answer))))
        except asyncio.IncompleteReadError:
            self.left.set()
            writer.close()


def _http(status: int, body: Json | str, replayed: bool = False) -> bytes:  # noqa: FBT002 - of an `Answer`
    text = body if isinstance(body, str) else json.dumps(body)
    saved = "idempotent-replayed: true\r\n" if replayed else ""
    fields = f"content-length: {len(text)}\r\nrequest-id: req_1\r\n{saved}"
    return f"HTTP/1.1 {status} So\r\n{fields}\r\n{text}".encode()


@asynccontextmanager
async def answering(
    answers: Answers, path: str = "", **settings: Any
) -> AsyncIterator[tuple[stripe.StripeClient, Scripted]]:
    """Open a client of such a server, whose address ends in `path`."""
    script = Scripted(answers)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}"
    said = {"STRIPE_API_KEY": "sk_test_reprise", "stripe_url": script.url, "stripe_retries": 0, **settings}
    try:
        async with stripe_client(StripeSettings(**said)) as client:
            yield client, script
    finally:
        server.close()


def refusal(code: str | None = None, message: str = "No.", **more: str) -> Json:
    """Return the body of a refusal of Stripe's."""
    return {"error": {"message": message, "type": "invalid_request_error", **({"code": code} if code else {}), **more}}


def listed(*data: Json) -> Json:
    """Return a list that ends here."""
    return {"object": "list", "data": list(data), "has_more": False, "url": "/v1/of"}
