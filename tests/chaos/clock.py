"""Accounts' clocks, moved on the dev server while everything around them is being killed."""

import asyncio
import contextlib
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetActivityRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from reprise.activities.names import ANNOUNCE, DELIVER_ANNOUNCEMENTS
from reprise.workflows.messages import workflow_id

LEAD = timedelta(seconds=1)
"""How long before a deadline a skip ends: one that is under way when an account acts carries it too far."""

ANSWERS_WITHIN = timedelta(seconds=3)

MARGIN = timedelta(minutes=10)
"""By how much a clock may be off what is expected of it."""


class Clocks:
    """The clocks of all accounts, by the dev server's own time skipping."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal
        self._skipper = TimeSkipper(temporal)
        self._expected: dict[str, tuple[datetime, float]] = {}
        self.moves = 0
        self.leaps: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        """Of each account, from when to when its clock leapt though nobody asked for it: a skip whose answer was lost
        is asked for again, and both come. No worker could act on a deadline in between."""

    async def now(self, account_id: str) -> datetime | None:
        """Return an account's own time; None while the server does not answer."""
        description = await self._describe(account_id)
        return self._read(account_id, description) if description else None

    async def idle_at(self, account_id: str) -> datetime | None:
        """Return an account's own time; None while anything is under way for it, or the server does not answer."""
        description = await self._describe(account_id)
        if description is None:
            return None
        raw = description.raw_description
        under_way = raw.pending_activities or raw.HasField("pending_workflow_task")
        return None if under_way else self._read(account_id, description)

    def _read(self, account_id: str, description: WorkflowExecutionDescription) -> datetime:
        """Return the time, and note whether it is later than it can be."""
        now, wall = _clock_of(description), time.monotonic()
        then, since = self._expected.get(account_id, (now, wall))
        latest = then + timedelta(seconds=max(wall - since, 0)) + MARGIN
        if now > latest:
            self.leaps[account_id].append((then, now))
        self._expected[account_id] = (max(now, then), wall)
        return now

    async def what_is_pending(self, account_id: str) -> str:
        """Say what the server still has to do for an account, and why the last try failed."""
        description = await self._describe(account_id)
        if description is None:
            return "the server says nothing of it"
        raw = description.raw_description
        activities = [
            f"{each.activity_type.name}, try {each.attempt}: {each.last_failure.message}"
            for each in raw.pending_activities
        ]
        task = (
            f"workflow task, try {raw.pending_workflow_task.attempt}" if raw.HasField("pending_workflow_task") else ""
        )
        return "; ".join(filter(None, [*activities, task])) or "nothing is pending, and something is overdue"

    async def announce_now(self, account_id: str) -> None:
        """Press Reset on an announcing that waits for long: its endpoint is well, and the pause may be an hour."""
        description = await self._describe(account_id)
        if description is None:
            return
        for each in description.raw_description.pending_activities:
            pause = each.next_attempt_schedule_time.ToDatetime(UTC) - _clock_of(description)
            if each.activity_type.name in {ANNOUNCE, DELIVER_ANNOUNCEMENTS} and pause > ANSWERS_WITHIN:
                request = ResetActivityRequest(
                    namespace=self._temporal.namespace,
                    execution=WorkflowExecution(workflow_id=workflow_id(account_id)),
                    id=each.activity_id,
                    identity="chaos",
                )
                with contextlib.suppress(RPCError, RuntimeError):
                    await self._temporal.workflow_service.reset_activity(request, timeout=ANSWERS_WITHIN)

    async def _describe(self, account_id: str) -> WorkflowExecutionDescription | None:
        handle = self._temporal.get_workflow_handle(workflow_id(account_id))
        try:
            description = await handle.describe(rpc_timeout=ANSWERS_WITHIN)
        except (RPCError, RuntimeError):
            return None
        return description if description.status is WorkflowExecutionStatus.RUNNING else None

    async def move(self, account_id: str, to: datetime) -> None:
        """Move an account's clock to a second before an instant; give up if that does not happen soon."""
        handle: Any = self._temporal.get_workflow_handle(workflow_id(account_id))
        for _ in range(6):
            now = await self.now(account_id)
            if now is not None:
                left = to - LEAD - now
                if left <= timedelta(0):
                    return
                self._expected[account_id] = (max(to, self._expected[account_id][0]), time.monotonic())
                # Whether it arrived is asked of the clock, not of the answer: the server may be killed meanwhile.
                with contextlib.suppress(RPCError, RuntimeError, TimeoutError):
                    await asyncio.wait_for(self._skipper.fast_forward(handle, left), 4)
                self.moves += 1
            await asyncio.sleep(0.3)


def _clock_of(description: WorkflowExecutionDescription) -> datetime:
    extended = description.raw_description.workflow_extended_info
    if extended.HasField("time_skipping_info"):
        return extended.time_skipping_info.current_time.ToDatetime(UTC)
    return datetime.now(UTC)
