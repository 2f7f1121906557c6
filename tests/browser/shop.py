"""A whole running system as the tests of the pages use it: accounts brought to where they are looked at."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from temporalio.client import Client

from reprise.local.clock import AccountClock
from reprise.local.system import System, running
from reprise.temporal.connection import connect
from tests.plain_http import plain_client
from tests.waiting import until

Json = dict[str, Any]


class Shop:
    """The product's backend, an operator and a Stripe dashboard in one."""

    def __init__(self, system: System, temporal: Client, data: Path) -> None:
        self.system, self.data = system, data
        self.url, self.stripe = system.addresses.api, system.addresses.stripe
        self._temporal = temporal
        bearer = {"Authorization": f"Bearer {system.token()}"}
        self.http = plain_client(base_url=self.url, headers=bearer, timeout=30)

    async def ask(self, method: str, path: str, body: Any = None) -> Json:
        """Send a request as an operator; 402 and 202 are answers, too."""
        answer = await self.http.request(method, path, json=body)
        assert answer.is_success or answer.status_code == 402, answer.text
        return dict(answer.json())

    async def open(self, **changes: Any) -> str:
        account_id = f"shop-{uuid.uuid4().hex[:10]}"
        body = {
            "account_id": account_id,
            "email": "owner@example.com",
            "carts": 3,
            "plan": {"currency": "usd", "unit_amount": 2500},
            "payment_method": "pm_card_visa",
            **changes,
        }
        await self.ask("POST", "/v1/accounts", body)
        return account_id

    async def account(self, account_id: str) -> Json:
        return await self.ask("GET", f"/v1/accounts/{account_id}")

    async def do(self, account_id: str, what: str, body: Any = None, method: str = "POST") -> Json:
        return await self.ask(method, f"/v1/accounts/{account_id}/{what}", body)

    async def card(self, account_id: str, card: str) -> None:
        await self.do(account_id, "payment-method", {"payment_method": card}, "PUT")

    async def settle(self) -> None:
        """Let every bank debit end that is on its way."""
        (await self.http.post(f"{self.stripe}/_sandbox/payment_intents/settle", json={})).raise_for_status()

    async def bad_card(self, code: str = "insufficient_funds") -> str:
        """Return the id of a card that can be attached, and is declined when it is charged."""
        wanted = {"decline_code": code}
        answer = await self.http.post(f"{self.stripe}/_sandbox/payment_methods", json=wanted)
        return str(answer.raise_for_status().json()["id"])

    async def move(self, account_id: str, to: datetime | None = None) -> None:
        """Move an account's clock; by default to the end of its term."""
        clock = AccountClock(self._temporal, account_id, self.stripe)
        async for _ in clock.move(to):
            pass

    async def until(self, account_id: str, **facts: Any) -> Json:
        """Wait until an account is as said."""
        return await until(lambda: self.account(account_id), lambda it: facts.items() <= it.items(), seconds=30)

    async def until_payment(self, account_id: str, status: str) -> None:
        """Wait until an account's payment stands as said."""
        await until(lambda: self.account(account_id), lambda it: it["payment"]["status"] == status, seconds=30)

    async def fault(self, **what: Any) -> str:
        answer = await self.http.post(f"{self.stripe}/_sandbox/faults", json=what)
        return str(answer.raise_for_status().json()["id"])

    async def charged(self, account_id: str) -> list[int]:
        """Return what was taken from an account, by Stripe's side, oldest first."""
        dump = (await self.http.get(f"{self.stripe}/_sandbox/dump")).json()
        ours = {each["id"] for each in dump["customers"] if each["metadata"].get("account_id") == account_id}
        return [each["amount"] for each in dump["charges"] if each["customer"] in ours and each["paid"]]

    async def link(self, account_id: str, *, billing_access: bool = True, **more: Any) -> str:
        """Return a one-time link, as the product's backend gets it."""
        user = {"id": "user-7", "name": "Ada Lovelace", "billing_access": billing_access}
        return str((await self.do(account_id, "portal-sessions", {"user": user, **more}))["url"])


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Shop]:
    """Run the whole embedded system for as long as the block lasts."""
    async with running(data) as system:
        temporal = await connect(system.addresses.temporal)
        shop = Shop(system, temporal, data)
        try:
            yield shop
        finally:
            await shop.http.aclose()
