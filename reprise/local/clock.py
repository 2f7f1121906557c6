"""One account's clock, moved forward on the dev server's own time skipping; the Stripe sandbox's clock goes with it.

Time is skipped from deadline to deadline, and each time to just before it. The rest of the way takes real time, so that
no skip is under way when the account acts and continues as new: a skip that is, goes on in the new run, and carries it
past the next deadline as well (measured with temporalio 1.35 and the dev server 1.32: one renewal in five).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import httpx
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from reprise.accounts.client import Accounts
from reprise.accounts.description import AccountDescription
from reprise.accounts.errors import AccountNotFound
from reprise.errors import Unavailable
from reprise.local.errors import LocalError
from reprise.schemas.accounts import AccountView
from reprise.statemachine.account import AccountState
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.terms import whole_seconds
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.messages import workflow_id

FARTHEST = timedelta(days=3653)
"""How far ahead a clock can be moved at once: ten years."""

SETTLES_WITHIN = 60.0
"""Seconds within which an account has acted on what was due."""

ANSWERS_WITHIN = 10.0
"""Seconds within which a read is answered: without a worker, none is."""

LEAD = timedelta(seconds=0.25)
"""How long before a deadline a skip ends. Less than what one request may take on a busy machine would be too little."""

POLL = 0.03

T = TypeVar("T")


@dataclass(frozen=True)
class Stop:
    """The account at one stop of its way: its own time, state and access, and what happened since the last stop."""

    now: datetime
    account: AccountView
    access: bool
    happened: tuple[TimelineEntry, ...] = ()


class AccountClock:
    """The clock of one account on a dev server."""

    def __init__(self, client: Client, account_id: str, sandbox: str | None = None) -> None:
        """Take the dev server's client, the account, and the Stripe sandbox's address if one runs."""
        self._client = client
        self._accounts = Accounts(client)
        self._account_id = account_id
        self._sandbox = sandbox

    async def look(self) -> Stop:
        """Return the account as it stands, by its own clock.

        Raises:
            LocalError: There is no such account, or no worker that answers for it.
        """
        described, account = await self._describe(), await self._answered(self._accounts.account)
        return Stop(described.now, account, access=account.in_service and described.has_access)

    async def move(self, to: datetime | None) -> AsyncIterator[Stop]:
        """Move to an instant; yield the account at each deadline on the way, once it has acted on it, and at the end.

        Args:
            to: The instant; None is the end of the account's term.

        Raises:
            LocalError: It is in the past or too far ahead, the account is closed, or has no such term; or the server
                does not skip time; or the account does not act on what is due.
        """
        stop = await self.look()
        target = self._target(stop, to)
        stop = await self._settled(stop.now, stop.account.sequence)
        while stop.now < target:
            deadline = _deadline(stop.account)
            step = min(target, deadline) if deadline and deadline > stop.now else target
            await self._move_sandbox(step)
            await self._skip(step - LEAD if step == deadline else step)
            stop = await self._settled(step, stop.account.sequence)
            yield stop

    def _target(self, stop: Stop, to: datetime | None) -> datetime:
        account, now = stop.account, stop.now
        if account.state is AccountState.CLOSED:
            raise LocalError(f"Account {self._account_id} is closed: nothing happens to it any more.")
        if to is None:
            if account.term is None:
                raise LocalError(f"Account {self._account_id} has no term yet: say an instant instead of term-end.")
            if account.term.end <= now:
                raise LocalError(
                    f"The term of account {self._account_id} ended at {_written(account.term.end)};"
                    f" its clock stands at {_written(now)}: say an instant instead of term-end."
                )
            return account.term.end
        if to <= now:
            raise LocalError(
                f"{_written(to)} is past for account {self._account_id}, whose clock stands at {_written(now)}:"
                " a clock cannot be moved back."
            )
        if to - now > FARTHEST:
            raise LocalError(f"{_written(to)} is more than ten years ahead of {_written(now)}: go there in steps.")
        return to

    async def _skip(self, instant: datetime) -> None:
        duration = instant - (await self._describe()).now
        if duration <= timedelta():
            return
        try:
            handle = self._client.get_workflow_handle(workflow_id(self._account_id))
            await TimeSkipper(self._client).fast_forward(handle, duration)
        except RPCError as error:
            raise LocalError(
                f"This Temporal server does not skip time ({error}). Use the one that `reprise dev` starts."
            ) from error

    async def _settled(self, step: datetime, sequence: int) -> Stop:
        """Wait until the account has acted on what was due at `step`, and the server shows it."""
        give_up_at = time.monotonic() + SETTLES_WITHIN
        while True:
            stop = await self.look()
            if stop.now >= step and not await self._has_more_to_do(stop):
                entries = await self._answered(self._accounts.timeline)
                return Stop(stop.now, stop.account, stop.access, tuple(e for e in entries if e.sequence > sequence))
            if time.monotonic() > give_up_at:
                raise LocalError(
                    f"Account {self._account_id} has not acted on what was due at {_written(step)}: see the worker's"
                    " log, and the workflow in the Temporal UI."
                )
            await asyncio.sleep(POLL)

    async def _has_more_to_do(self, stop: Stop) -> bool:
        deadline = _deadline(stop.account)
        if stop.account.payment.status is PaymentStatus.COLLECTING or (deadline is not None and deadline <= stop.now):
            return True
        shown = (await self._describe()).term_ends_at
        return shown != (stop.account.term.end if stop.account.term else None)

    async def _describe(self) -> AccountDescription:
        try:
            described = await self._accounts.describe(self._account_id)
        except AccountNotFound as error:
            raise LocalError(f"There is no account {self._account_id} on this Temporal server.") from error
        except Unavailable as error:
            raise LocalError(f"Temporal does not answer ({error}).") from error
        if not described.is_running:
            state = described.stopped_how
            raise LocalError(f"The workflow of account {self._account_id} is {state}: it has no clock to move.")
        return described

    async def _answered(self, read: Callable[[str], Awaitable[T]]) -> T:
        """Return what the account answers, for as long as it may take right after a skip."""
        give_up_at = time.monotonic() + ANSWERS_WITHIN
        while True:
            try:
                return await read(self._account_id)
            except (AccountNotFound, Unavailable) as error:
                if time.monotonic() > give_up_at:
                    raise LocalError(
                        f"Account {self._account_id} does not answer ({error}) Is a worker running?"
                    ) from error
                await asyncio.sleep(POLL)

    async def _move_sandbox(self, instant: datetime) -> None:
        """Move the sandbox's clock to an instant, unless it is past it: invoices are to bear believable dates."""
        if self._sandbox is None:
            return
        wanted = int(instant.timestamp())
        try:
            async with httpx.AsyncClient(base_url=self._sandbox, timeout=10, trust_env=False) as sandbox:
                if (await sandbox.get("/_sandbox/clock")).raise_for_status().json()["now"] < wanted:
                    (await sandbox.post("/_sandbox/clock", json={"now": wanted})).raise_for_status()
        except httpx.HTTPError as error:
            raise LocalError(f"The Stripe sandbox at {self._sandbox} does not answer ({error}).") from error


def _deadline(account: AccountView) -> datetime | None:
    """Return when the account next acts by itself."""
    return account.next.at if account.next else None


def _written(moment: datetime) -> str:
    return whole_seconds(moment).isoformat().replace("+00:00", "Z")
