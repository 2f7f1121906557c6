"""Callers of the API as they are in the world: they give up early, ask twice, change the server, and go on asking."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from reprise.http.minting import mint
from tests.plain_http import plain_client

Json = dict[str, Any]

PATIENCES = (1.5, 8.0, 20.0, 20.0)
"""Seconds after which a caller gives an answer up, and asks again."""

PAUSES = (0.2, 10.0)
"""Seconds before the second try, and at most before any other: each time they wait longer."""

AT_ONCE = 96
"""How many requests are under way at the same time: a crowd that only grows while it is not served proves nothing."""


@dataclass
class Sent:
    """One command, whatever it took to have it answered. Its key is also the name of who sends it (`sub`)."""

    account_id: str
    key: str
    verb: str
    body: Json
    tries: int = 0
    unanswered: int = 0
    """Tries whose answer was not waited for: a copy may still be on its way when the command is answered."""
    unavailable: int = 0
    """Tries that were answered with 503."""
    broken: int = 0
    """Tries that were answered with 500: something in Reprise was not foreseen."""
    status: int | None = None
    answer: Json = field(default_factory=dict)
    contradicted: Json | None = None
    """What a repeat was answered, if that was not the first answer (R14)."""

    def takes(self, status: int | None, answer: Json) -> bool:
        """Take down what a try was answered, and say whether that was final."""
        if status is None or (status >= 500 and answer.get("code") != "payment_stopped"):
            return False
        standing = answer.get("payment", {}).get("status")
        awaits_money = self.verb == "reactivate" and standing in {"requires_action", "processing"}
        if status == 202 and not awaits_money:
            return False  # it goes on by itself: ask again, with the same key, what it came to
        if not self.accepted:  # a refusal leaves nothing: what was refused once may be taken when it comes again
            self.status, self.answer = status, answer
        elif self.status in {200, 201} and (status, answer) != (self.status, self.answer):
            self.contradicted = {"status": status, **answer}
        return True

    @property
    def accepted(self) -> bool:
        """Whether the account took the command, whatever its payment came to."""
        if self.status in {200, 201, 202}:
            return True
        return self.status in {402, 503} and self.verb == "reactivate"

    @property
    def code(self) -> str | None:
        """The stable code of a refusal."""
        return self.answer.get("code")

    @property
    def account(self) -> Json | None:
        """The account as the answer shows it."""
        return self.answer.get("account") if self.status in {402, 503} else self.answer if self.accepted else None


class Callers:
    """The product's backend and its users, over real HTTP."""

    def __init__(self, apis: list[str], jwt_secret: str) -> None:
        limits = httpx.Limits(max_connections=400, max_keepalive_connections=100)
        self._http = plain_client(timeout=30, limits=limits)
        self._apis = apis
        self._secret = jwt_secret
        self._reads = 0
        self._reader = self._bearer("reader")
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._sent: dict[str, list[Sent]] = {}

    @property
    def commands(self) -> list[Sent]:
        """All commands, account by account, each in the order in which it was thought of."""
        return [sent for mine in self._sent.values() for sent in mine]

    def of(self, account_id: str) -> list[Sent]:
        """Return one account's commands."""
        return self._sent.get(account_id, [])

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def command(self, rng: random.Random, account_id: str, verb: str, body: Json | None = None) -> Sent:
        """Send a command until it has its final answer."""
        mine = self._sent.setdefault(account_id, [])
        sent = Sent(account_id, f"{account_id}.{len(mine)}", verb, body or {})
        mine.append(sent)
        await self.again(rng, sent)
        return sent

    async def again(self, rng: random.Random, sent: Sent) -> None:
        """Send a command, or one that was answered long ago, until it is answered: its first answer."""
        if rng.random() < 0.04 and sent.verb == "carts":
            await self._ask_once(rng, sent, prefer="respond-async")
        pause = PAUSES[0]
        while not sent.takes(*await self._ask_once_or_twice(rng, sent)):
            await asyncio.sleep(rng.uniform(0.5, 1) * pause)
            pause = min(pause * 1.8, PAUSES[1])

    async def _ask_once_or_twice(self, rng: random.Random, sent: Sent) -> tuple[int | None, Json]:
        if rng.random() > 0.1:
            return await self._ask_once(rng, sent)
        first, second = await asyncio.gather(self._ask_once(rng, sent), self._ask_once(rng, sent))
        return first if first[0] is not None and first[0] < 500 else second

    async def _ask_once(self, rng: random.Random, sent: Sent, prefer: str = "") -> tuple[int | None, Json]:
        sent.tries += 1
        method = "PUT" if sent.verb in {"carts", "email", "payment-method"} else "POST"
        path = "/v1/accounts" if sent.verb == "open" else f"/v1/accounts/{sent.account_id}/{sent.verb}"
        headers = {**self._bearer(sent.key), "Idempotency-Key": sent.key, "Prefer": prefer}
        url = rng.choice(self._apis) + path
        try:
            async with self._turn:
                answer = await self._http.request(
                    method, url, json=sent.body, headers=headers, timeout=rng.choice(PATIENCES)
                )
        except httpx.TransportError as error:
            sent.unanswered += not isinstance(error, httpx.ConnectError)
            return None, {}
        sent.unavailable += answer.status_code == 503
        sent.broken += answer.status_code == 500
        return answer.status_code, answer.json()

    async def look(self, account_id: str, path: str = "", *, patience: float = 5) -> Json | None:
        """Return what a read answers; None while nobody does."""
        self._reads += 1
        url = f"{self._apis[self._reads % len(self._apis)]}/v1/accounts/{account_id}{path}"
        try:
            async with self._turn:
                answer = await self._http.get(url, headers=self._reader, timeout=patience)
        except httpx.TransportError:
            return None
        return dict(answer.json()) if answer.is_success else None

    async def visit(self, method: str, url: str, **more: Any) -> httpx.Response | None:
        """Open a page, or ask the sandbox for something; None if it is not there just now."""
        try:
            return await self._http.request(method, url, **more)
        except httpx.TransportError:
            return None

    def _bearer(self, sub: str) -> dict[str, str]:
        token = mint(self._secret, sub=sub, scope="operator", accounts=[], ttl=timedelta(hours=12))
        return {"Authorization": f"Bearer {token}"}
