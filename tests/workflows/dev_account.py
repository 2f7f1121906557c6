"""Accounts on Temporal's dev server: seen as the API sees them, each with a clock of its own."""

import contextlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHistory
from temporalio.common import WorkflowIDConflictPolicy

from reprise.accounts.client import Accounts
from reprise.errors import RepriseError
from reprise.local.clock import AccountClock
from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import AnyCommand, SetPaymentMethod
from reprise.workflows.messages import TASK_QUEUE, WORKFLOW, Answer, workflow_id
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.workflows.opening import opening_of


class DevAccount:
    """One account: three carts at 25.00 USD with a good card, unless the test says otherwise."""

    def __init__(self, client: Client, stripe: StripeSide, *, announce: bool = False) -> None:
        self.client = client
        self.stripe = stripe
        self.account_id = f"acct-{uuid.uuid4().hex[:12]}"
        self.accounts = Accounts(client, command_wait=30, announce=announce)

    async def open(self, **changes: Any) -> AccountView:
        return (await self.accounts.open(opening_of(self.account_id, **changes))).account

    async def open_as_0_1_0_does(self, *, announce: bool = False, **changes: Any) -> AccountView:
        """Open it by the message of release 0.1.0: without an edition, and without the fields that came later."""
        opening = {
            "command_id": "open",
            "actor": {"kind": "operator"},
            "account_id": self.account_id,
            "email": f"{self.account_id}@example.com",
            "carts": 3,
            "plan": {"currency": "usd", "unit_amount": 2500},
            "payment_method": "pm_card_visa",
            **changes,
        }
        start = WithStartWorkflowOperation[Any, Any](
            WORKFLOW,
            {"opening": opening, "announce": announce},
            id=workflow_id(self.account_id),
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        answer: Answer = await self.client.execute_update_with_start_workflow(
            "open", opening, start_workflow_operation=start, id="open", result_type=Answer
        )
        return answer.account

    async def cancel_as_0_1_0_does(self) -> AccountView:
        """Cancel by the message of release 0.1.0."""
        handle = self.client.get_workflow_handle(workflow_id(self.account_id))
        cancel = {"actor": {"kind": "user", "id": "u1"}, "when": "term_end", "reason": None}
        answer: Answer = await handle.execute_update("cancel", cancel, id=uuid.uuid4().hex, result_type=Answer)
        return answer.account

    async def do(self, command: AnyCommand) -> AccountView:
        """Send a command and return the account after it."""
        if command.command_id is None:
            command = command.model_copy(update={"command_id": uuid.uuid4().hex})
        result = await self.accounts.command(self.account_id, command)
        assert result.finished
        return result.account

    async def card(self, payment_method: str) -> AccountView:
        return await self.do(SetPaymentMethod(payment_method=payment_method))

    async def see(self) -> AccountView:
        return await self.accounts.account(self.account_id)

    async def until(self, holds: Callable[[AccountView], bool], seconds: float = 30) -> AccountView:
        """Wait until something holds of the account; a worker that is busy is asked again."""

        async def seen() -> AccountView | None:
            with contextlib.suppress(RepriseError):
                account = await self.see()
                return account if holds(account) else None
            return None

        return await until(seen, seconds=seconds)

    async def pass_time(self, **time: float) -> None:
        """Let time pass for this account, from deadline to deadline; without any, to its term's end."""
        clock = AccountClock(self.client, self.account_id)
        to = (await clock.look()).now + timedelta(**time) if time else None
        async for _ in clock.move(to):
            pass

    async def histories(self) -> list[WorkflowHistory]:
        """Return the history of each run, newest first."""
        found = []
        newest = await self.client.get_workflow_handle(workflow_id(self.account_id)).describe()
        run: str | None = newest.run_id
        while run:
            handle = self.client.get_workflow_handle(workflow_id(self.account_id), run_id=run)
            found.append(await handle.fetch_history())
            started = found[-1].events[0].workflow_execution_started_event_attributes
            run = started.continued_execution_run_id or None
        return found

    def charged(self) -> list[int]:
        return self.stripe.charged(self.account_id)
