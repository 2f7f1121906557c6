"""Somebody in the Temporal UI: requests for cancellation, resets, signals of all kinds, pauses (R27)."""

import asyncio
import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    PauseWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from reprise.local.servers import NAMESPACE
from reprise.workflows.messages import PaymentHint, workflow_id
from tests.chaos.draws import COMMANDS_BY_SIGNAL, ButtonPressed

WITHIN = timedelta(seconds=4)
"""How long somebody waits for the UI."""


@dataclass
class Pressed:
    """What somebody has done to one account's workflow, as far as is known."""

    cancellations: int = 0
    resets: int = 0
    pauses: int = 0
    commands: list[str] = field(default_factory=list)
    """Commands that came as a signal with no input, and so under nobody's name."""


@dataclass
class Buttons:
    """The Temporal UI. A button whose answer was not seen may have worked: it is counted as pressed."""

    temporal: Client
    pressed: dict[str, Pressed] = field(default_factory=lambda: defaultdict(Pressed))
    count: int = 0

    async def press(self, account_id: str, button: ButtonPressed) -> None:
        """Press a button on an account's workflow; if the server is away, that is that."""
        with contextlib.suppress(RPCError, RuntimeError, TimeoutError):
            match button.button:
                case "cancel":
                    self.pressed[account_id].cancellations += 1
                    await self._handle(account_id).cancel(rpc_timeout=WITHIN)
                case "signal":
                    await self._signal(account_id, *button.signal)
                case "reset":
                    await self._reset(account_id)
                case "pause":
                    await self._pause(account_id, button.seconds)
            self.count += 1

    async def look_again(self, account_id: str, hint: PaymentHint) -> None:
        """Send what a lost webhook would have: look at this payment, or at this refund."""
        with contextlib.suppress(RPCError, RuntimeError):
            await self._handle(account_id).signal("payment_hint", hint, rpc_timeout=WITHIN)

    def _handle(self, account_id: str) -> Any:
        return self.temporal.get_workflow_handle(workflow_id(account_id))

    async def _signal(self, account_id: str, name: str, given: tuple[Any, ...]) -> None:
        if name in COMMANDS_BY_SIGNAL and not given:
            self.pressed[account_id].commands.append(name)
        await self._handle(account_id).signal(name, args=given, rpc_timeout=WITHIN)

    async def _reset(self, account_id: str) -> None:
        """Take a run back to its last workflow task, which is then done once more."""
        run = (await self._handle(account_id).describe(rpc_timeout=WITHIN)).run_id
        whole = self.temporal.get_workflow_handle(workflow_id(account_id), run_id=run)
        last = 0
        async for event in whole.fetch_history_events(rpc_timeout=WITHIN):
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                last = event.event_id
        if not last:
            return
        self.pressed[account_id].resets += 1
        await self.temporal.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=NAMESPACE,
                workflow_execution=WorkflowExecution(workflow_id=workflow_id(account_id), run_id=run),
                reason="somebody pressed Reset",
                workflow_task_finish_event_id=last,
                request_id=f"{account_id}:{self.count}:{last}",
            ),
            timeout=WITHIN,
        )

    async def _pause(self, account_id: str, seconds: float) -> None:
        """Pause a workflow, and let it go on: however long that takes."""
        run = (await self._handle(account_id).describe(rpc_timeout=WITHIN)).run_id
        self.pressed[account_id].pauses += 1
        which = {"namespace": NAMESPACE, "workflow_id": workflow_id(account_id), "run_id": run}
        try:
            await self.temporal.workflow_service.pause_workflow_execution(
                PauseWorkflowExecutionRequest(**which, identity="chaos", request_id=f"p{self.count}"), timeout=WITHIN
            )
            await asyncio.sleep(seconds)
        finally:
            await self._unpause(which)

    async def _unpause(self, which: dict[str, str]) -> None:
        for n in range(40):
            try:
                await self.temporal.workflow_service.unpause_workflow_execution(
                    UnpauseWorkflowExecutionRequest(**which, identity="chaos", request_id=f"u{self.count}.{n}"),
                    timeout=WITHIN,
                )
            except RPCError as error:
                if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}:
                    return  # it was never paused, or has ended otherwise
            except RuntimeError:
                pass
            else:
                return
            await asyncio.sleep(0.5)
