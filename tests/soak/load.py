"""A steady load: accounts that live short random lives over HTTP, and people who look at their pages."""

import asyncio
import contextlib
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from temporalio.client import Client

from reprise.local.clock import AccountClock
from reprise.local.errors import LocalError
from tests.plain_http import plain_client

Json = dict[str, Any]

CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired")
PAGES = ("", "/subscription", "/invoices", "/history", "/cancel")
AT_ONCE = 12


@dataclass
class Load:
    """What is sent to one system, and what it answered."""

    api: str
    temporal: Client
    http: httpx.AsyncClient
    seed: int
    lives: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)

    async def run(self, rate: float) -> None:
        """Begin `rate` lives a second, as long as it is not cancelled; where the system does not keep up, fewer."""
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                self.lives += 1
                group.create_task(self._live(self.lives)).add_done_callback(lambda _: slots.release())
                await asyncio.sleep(1 / rate)

    async def _live(self, number: int) -> None:
        choose = random.Random(f"{self.seed}:{number}")  # noqa: S311 - a life that can be lived again
        account = f"soak-{self.seed}-{number}"
        body = {
            "account_id": account,
            "email": f"{account}@example.com",
            "carts": choose.randrange(8),
            "plan": {"currency": "usd", "unit_amount": 2500},
            "payment_method": choose.choice(CARDS),
        }
        with contextlib.suppress(httpx.TransportError):
            await self._ask("POST", "", body)
            for _ in range(choose.randrange(2, 7)):
                await self._something(choose, account)
            await self._browse(choose, account)
            await self._ask("POST", f"/{account}/close")

    async def _something(self, choose: random.Random, account: str) -> None:
        match choose.randrange(8):
            case 0:
                await self._ask("POST", f"/{account}/cancel", {"when": choose.choice(["term_end", "now"])})
            case 1 | 2:
                await self._ask("GET", f"/{account}/reactivation-quote")
                await self._ask("POST", f"/{account}/reactivate")
            case 3:
                await self._ask("PUT", f"/{account}/carts", {"carts": choose.randrange(8)})
            case 4:
                await self._ask("PUT", f"/{account}/payment-method", {"payment_method": choose.choice(CARDS)})
            case 5:
                await self._ask("GET", f"/{account}")
                await self._ask("GET", f"/{account}/access")
                await self._ask("GET", f"/{account}/invoices")
            case 6:
                await self._ask("POST", f"/{account}/disable", {"reason": "soak"})
                await self._ask("POST", f"/{account}/enable")
            case _:
                with contextlib.suppress(LocalError):  # no term to go to the end of
                    async for _ in AccountClock(self.temporal, account).move(None):
                        pass

    async def _browse(self, choose: random.Random, account: str) -> None:
        """Sign in by a link, look at pages, sign out."""
        user = {"id": "user-7", "name": "Ada Lovelace", "billing_access": True}
        link = await self._ask("POST", f"/{account}/portal-sessions", {"user": user})
        if not link.is_success:
            return
        async with plain_client(timeout=60, follow_redirects=True) as browser:
            page = await browser.get(link.json()["url"])
            for _ in range(choose.randrange(1, 4)):
                page = await browser.get(f"{self.api}/portal/accounts/{account}{choose.choice(PAGES)}")
                self.answers[page.status_code] += 1
            if token := re.search(r'name="forms_token" value="([^"]+)"', page.text):
                out = await browser.post(f"{self.api}/portal/sign-out", data={"forms_token": token[1]})
                self.answers[out.status_code] += 1

    async def _ask(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        try:
            answer = await self.http.request(method, f"{self.api}/v1/accounts{path}", json=body)
        except httpx.TransportError as error:
            self.unanswered[type(error).__name__] += 1
            raise
        self.answers[answer.status_code] += 1
        return answer
