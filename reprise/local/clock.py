"""One account's clock, moved forward on the dev server's own time skipping; Stripe's sandbox follows.

Time is skipped from deadline to deadline: the server runs only some of an account's continue-as-news if one skip spans
several (measured, temporalio 1.35 with dev server 1.32).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from reprise.workflows.messages import AccountState, AccountView, workflow_id

FARTHEST = timedelta(days=3660)
"""How far ahead a clock can be moved at once."""

SETTLES_WITHIN = 60.0
"""Seconds within which an account has acted on a deadline."""


class CannotMove(Exception):  # noqa: N818 - the name says what is wrong
    """The clock cannot be moved as asked; the message says why."""


@dataclass(frozen=True)
class Stop:
    """The account at one stop of its way through time."""

    now: datetime
    account: AccountView


class AccountClock:
    """The clock of one account on a dev server."""

    def __init__(self, client: Client, account_id: str, sandbox: str | None = None) -> None:
        """Take the dev server's client, the account, and the sandbox's address if one runs."""
        self._client = client
        self._account_id = account_id
        self._sandbox = sandbox

    async def look(self) -> Stop:
        """Return the account as it stands, by its own clock.

        Raises:
            CannotMove: There is no such account.
        """
        now = await self.now()
        return Stop(now, await self._account())

    async def now(self) -> datetime:
        """Return the account's own time."""
        try:
            description = await self._handle().describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise CannotMove(f"There is no account {self._account_id!r} on this server.") from error
            raise CannotMove(f"Temporal cannot be reached ({error}).") from error
        if description.status is not WorkflowExecutionStatus.RUNNING:
            raise CannotMove(f"The account {self._account_id!r} does not run ({description.status}).")
        extended = description.raw_description.workflow_extended_info
        if extended.HasField("time_skipping_info"):
            return extended.time_skipping_info.current_time.ToDatetime(UTC)
        return datetime.now(UTC)

    async def move(self, to: datetime | None) -> AsyncIterator[Stop]:
        """Move to an instant, or to the term's end; yield the account at every deadline on the way, and at the end.

        Raises:
            CannotMove: It is in the past or too far ahead, the account is closed, or it has no term.
        """
        start = await self.look()
        target = to if to is not None else _term_end(start)
        if start.account.state is AccountState.CLOSED:
            raise CannotMove(f"The account {self._account_id!r} is closed: nothing happens to it any more.")
        if target <= start.now:
            raise CannotMove(f"{target.isoformat()} is past: by the account's clock it is {start.now.isoformat()}.")
        if target - start.now > FARTHEST:
            raise CannotMove("That is more than ten years ahead. Go there in steps.")
        stop = start
        while stop.now < target:
            deadline = _deadline(stop.account)
            step = min(target, deadline) if deadline and deadline > stop.now else target
            await TimeSkipper(self._client).fast_forward(self._handle(), step - stop.now)
            stop = await self._settled(step)
            await self._move_sandbox(stop.now)
            yield stop

    async def _settled(self, step: datetime) -> Stop:
        """Wait until the account has acted on what was due at `step`."""
        give_up = time.monotonic() + SETTLES_WITHIN
        while True:
            stop = await self.look()
            deadline = _deadline(stop.account)
            busy = stop.account.payment.status == "collecting" or (deadline is not None and deadline <= step)
            if stop.now >= step and not busy:
                return stop
            if time.monotonic() > give_up:
                raise CannotMove(f"The account has not acted on {step.isoformat()}. Does a worker run?")
            await asyncio.sleep(0.05)

    async def _account(self) -> AccountView:
        give_up = time.monotonic() + SETTLES_WITHIN
        while True:
            try:
                view: AccountView = await self._handle().query(
                    "account", result_type=AccountView, rpc_timeout=timedelta(seconds=10)
                )
                return view
            except RPCError as error:
                # Right after a skip the server may not be able to answer yet.
                if time.monotonic() > give_up:
                    raise CannotMove(f"The account does not answer ({error}). Does a worker run?") from error
                await asyncio.sleep(0.05)

    async def _move_sandbox(self, now: datetime) -> None:
        if self._sandbox is None:
            return
        async with httpx.AsyncClient(base_url=self._sandbox, timeout=10, trust_env=False) as client:
            shown = (await client.get("/_sandbox/clock")).json()["now"]
            if now.timestamp() > shown:
                moved = await client.post("/_sandbox/clock", json={"now": int(now.timestamp())})
                moved.raise_for_status()

    def _handle(self) -> WorkflowHandle[Any, Any]:
        # A fresh handle each time: one with a run id does not follow a continue-as-new.
        return self._client.get_workflow_handle(workflow_id(self._account_id))


def _deadline(account: AccountView) -> datetime | None:
    if account.payment.next_attempt_at:
        return account.payment.next_attempt_at
    return account.term.end if account.in_service and account.term else None


def _term_end(stop: Stop) -> datetime:
    if stop.account.term is None:
        raise CannotMove("The account has no term yet: give a date and time instead of term-end.")
    return stop.account.term.end
