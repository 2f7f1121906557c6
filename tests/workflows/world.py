"""A world for one account: the time-skipping Temporal server, a worker, Stripe's side, and a clock to move."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from reprise.schemas.accounts import AccountView
from reprise.statemachine import editions
from reprise.statemachine.commands import AnyCommand, OpenAccount, SetPaymentMethod
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.messages import TASK_QUEUE, WORKFLOW, AccountRun, Answer, AskedAt, QuoteAnswer, workflow_id
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.workflows.opening import opening_of

QUIET = {
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_TIMER_CANCELED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
}
"""The events that a history ends with while an account waits."""

ACTIVITY_SCHEDULED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
ACTIVITY_ENDED = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
}


def utc(text: str) -> datetime:
    """`2027-01-31T10:00` as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _run_of(events: list[HistoryEvent]) -> str:
    return events[0].workflow_execution_started_event_attributes.original_execution_run_id


class World:
    """One account in a world whose time only the test moves."""

    def __init__(self, env: WorkflowEnvironment, stripe: StripeSide, account_id: str) -> None:
        self.env = env
        self.stripe = stripe
        self.account_id = account_id
        self.keys = 0
        self.opened = self.announce = False

    @property
    def client(self) -> Client:
        return self.env.client

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id(self.account_id))

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"

    # ------------------------------------------------------------------ time

    async def now(self) -> datetime:
        return await self.env.get_current_time()

    async def at(self, moment: str | datetime) -> None:
        """Move to an instant, stopping at every deadline of the account on the way until it has acted."""
        target = utc(moment) if isinstance(moment, str) else moment
        while (now := await self.now()) < target:
            deadline = await self.deadline()
            step = min(target, deadline) if deadline and deadline > now else target
            seen = (await self.last_event())[:2] if self.opened else None
            await self.env.sleep(step - now)
            if step == deadline:
                await self.quiet(after=seen)

    async def skip_to(self, text: str) -> None:
        """Move to an instant in one go, whatever is due on the way."""
        await self.env.sleep(utc(text) - await self.now())

    async def deadline(self) -> datetime | None:
        if not self.opened:
            return None
        return deadline.at if (deadline := (await self.see()).next) else None

    async def quiet(self, after: tuple[str, int] | None = None) -> None:
        """Wait until something has happened since the event `after`, and nothing is scheduled or under way.

        A query that meets a workflow task which continues as new leaves the test server's clock locked for good.
        """

        async def quiet() -> bool:
            events = await self.events()
            here = _run_of(events), events[-1].event_id
            acting = sum(each.event_type == ACTIVITY_SCHEDULED for each in events) - sum(
                each.event_type in ACTIVITY_ENDED for each in events
            )
            return here != after and events[-1].event_type in QUIET and not acting

        await until(quiet, seconds=30, every=0.01)

    async def last_event(self) -> tuple[str, int, int]:
        """Return run, id and type of the history's last event."""
        events = await self.events()
        return _run_of(events), events[-1].event_id, events[-1].event_type

    async def events(self) -> list[HistoryEvent]:
        """Return the events of the account's present run."""
        return [event async for event in self.handle.fetch_history_events()]

    # ------------------------------------------------------------------ the account

    async def open(self, **changes: Any) -> AccountView:
        """Open an account: three carts at 25.00 USD with a good card, unless the test says otherwise."""
        opening = opening_of(self.account_id, **{"command_id": self.key(), **changes})
        return (await self.open_with(opening, announce=self.announce)).account

    async def open_with(
        self, command: OpenAccount, *, announce: bool = False, edition: int = editions.NEWEST
    ) -> Answer:
        start = WithStartWorkflowOperation[Any, Any](
            WORKFLOW,
            AccountRun(edition=edition, opening=command, announce=announce),
            id=workflow_id(self.account_id),
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
        async with asyncio.timeout(30):
            answer: Answer = await self.client.execute_update_with_start_workflow(
                "open", command, start_workflow_operation=start, id=command.command_id, result_type=Answer
            )
        self.opened = True
        return answer

    async def do(self, command: AnyCommand) -> Answer:
        """Send a command as an update and return its answer."""
        if command.command_id is None:
            command = command.model_copy(update={"command_id": self.key()})
        async with asyncio.timeout(30):
            answer: Answer = await self.handle.execute_update(
                command.name, command, id=command.command_id, result_type=Answer
            )
        return answer

    async def card(self, payment_method: str) -> Answer:
        return await self.do(SetPaymentMethod(payment_method=payment_method))

    async def see(self) -> AccountView:
        """Return the account. The test server loses a query now and then while time is skipped: it is asked again."""
        patience = timedelta(seconds=0.25)
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(RPCError):
                    view: AccountView = await self.handle.query(
                        "account", result_type=AccountView, rpc_timeout=patience
                    )
                    return view
                patience *= 2

    async def quote(self) -> QuoteAnswer:
        answer: QuoteAnswer = await self.handle.query("quote", AskedAt(now=await self.now()), result_type=QuoteAnswer)
        return answer

    async def timeline(self) -> list[TimelineEntry]:
        entries: list[TimelineEntry] = await self.handle.query("timeline", result_type=list[TimelineEntry])
        return entries

    async def until(self, state: str) -> AccountView:
        """Wait until the account is in a state."""
        return await self.until_it(lambda account: account.state == state)

    async def until_it(self, holds: Callable[[AccountView], bool]) -> AccountView:
        """Wait until something holds of the account."""
        return await until(self.see, holds, seconds=30)

    # ------------------------------------------------------------------ Stripe's side

    async def pay_by_hand(self) -> None:
        """Pay the latest invoice on its hosted page, with a good card."""
        async with plain_client(follow_redirects=True) as browser:
            page = self.invoices()[-1]["hosted_invoice_url"]
            (await browser.post(page, data={"card": "pm_card_visa"})).raise_for_status()

    def charged(self) -> list[int]:
        return self.stripe.charged(self.account_id)

    def invoices(self) -> list[dict[str, Any]]:
        return self.stripe.invoices(self.account_id)
