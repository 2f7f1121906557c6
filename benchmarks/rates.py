"""Rates on the running system: commands and openings in a second, and what a worker keeps of each in memory."""

import asyncio
import os
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from benchmarks.bare import QUEUE, BareWorkflow, Number
from reprise.accounts.client import Accounts
from reprise.statemachine.commands import OpenAccount, SetCarts
from reprise.statemachine.money import Plan

AT_ONCE = 10
"""Accounts, or bare workflows, that are asked at the same time; each is asked one thing after another."""

EACH = 10
"""Commands that each gets in a round."""

OPENED = 60
"""How many are opened in a round."""

Step = Callable[[str, int], Awaitable[object]]


class Rates:
    """Everything that is asked of the system, each thing by its bare part as well."""

    def __init__(self, client: Client, http: httpx.AsyncClient, sandbox: httpx.AsyncClient) -> None:
        self._client = client
        self._http = http
        self._sandbox = sandbox
        self._accounts = Accounts(client, command_wait=60, announce=False)
        self._names = [f"bench-{number}" for number in range(AT_ONCE)]

    async def prepare(self) -> None:
        """Open the accounts and workflows that commands are sent to."""
        for name in self._names:
            await self._open(name)
            await self._start(name)

    async def webhooks_are_delivered(self) -> bool:
        """Say whether the API has heard all that Stripe has to tell."""
        told = await self._sandbox.get("/_sandbox/dump", params={"only": "webhook_deliveries"})
        return all(each["delivered"] for each in told.raise_for_status().json()["webhook_deliveries"])

    async def bare_updates(self) -> float:
        """Return updates of a bare workflow in a second."""

        async def update(name: str, number: int) -> None:
            await self._client.get_workflow_handle(name).execute_update(BareWorkflow.set, Number(value=number))

        return await self._rate(update)

    async def commands(self) -> float:
        """Return commands in a second, sent to the accounts' workflows."""

        async def command(name: str, number: int) -> None:
            sent = SetCarts(carts=number, command_id=uuid.uuid4().hex)
            assert (await self._accounts.command(name, sent)).finished

        return await self._rate(command)

    async def commands_over_http(self) -> float:
        """Return commands in a second, sent to the API."""

        async def put(name: str, number: int) -> None:
            key = {"Idempotency-Key": uuid.uuid4().hex}
            (await self._http.put(f"/v1/accounts/{name}/carts", json={"carts": number}, headers=key)).raise_for_status()

        return await self._rate(put)

    async def openings(self) -> float:
        """Return accounts opened in a second: customer registered, first month paid."""
        return await self._opened(self._open)

    async def bare_openings(self, activities: int = 1) -> float:
        """Return bare workflows started in a second, each with an update that waits for its activities."""
        return await self._opened(partial(self._start, activities=activities))

    async def _rate(self, step: Step) -> float:
        async def one(name: str) -> None:
            for number in range(EACH):
                await step(name, 1 + number)

        began = time.perf_counter()
        await asyncio.gather(*map(one, self._names))
        return AT_ONCE * EACH / (time.perf_counter() - began)

    async def _opened(self, step: Callable[[str], Awaitable[object]]) -> float:
        names = [uuid.uuid4().hex for _ in range(OPENED)]

        async def one(mine: list[str]) -> None:
            for name in mine:
                await step(name)

        began = time.perf_counter()
        await asyncio.gather(*(one(names[number::AT_ONCE]) for number in range(AT_ONCE)))
        return OPENED / (time.perf_counter() - began)

    async def _open(self, name: str) -> None:
        command = OpenAccount(
            account_id=name,
            email=f"{name}@example.com",
            carts=3,
            plan=Plan(currency="usd", unit_amount=2500),
            payment_method="pm_card_visa",
            command_id=uuid.uuid4().hex,
        )
        assert (await self._accounts.open(command)).account.in_service

    async def _start(self, name: str, activities: int = 1) -> None:
        start = WithStartWorkflowOperation(
            BareWorkflow.run,
            Number(value=activities),
            id=name,
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        )
        await self._client.execute_update_with_start_workflow(BareWorkflow.started, start_workflow_operation=start)


def resident(pid: int) -> float:
    """Return the memory of a process in KB, as Linux counts it."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e3
