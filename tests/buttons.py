"""The Temporal UI's buttons, pressed on one account's workflow."""

import uuid
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    PauseWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from reprise.workflows.messages import workflow_id
from tests.waiting import until


class Buttons:
    """The Temporal UI, on one account's workflow."""

    def __init__(self, client: Client, account_id: str) -> None:
        self._client = client
        self._id = workflow_id(account_id)

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(self._id)

    async def request_cancellation(self) -> None:
        await self.handle.cancel()

    async def reset(self, task: int) -> None:
        """Take the run back to its n-th workflow task, and wait until another run goes on from there."""
        run = (await self.handle.describe()).run_id
        history = self._client.get_workflow_handle(self._id, run_id=run).fetch_history_events()
        done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
        tasks = [event.event_id async for event in history if event.event_type == done]
        await self._client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=self._client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=self._id, run_id=run),
                reason="a click",
                workflow_task_finish_event_id=tasks[task],
                request_id=uuid.uuid4().hex,
            )
        )
        await until(self.handle.describe, lambda it: it.run_id != run)

    async def pause(self) -> None:
        await self._client.workflow_service.pause_workflow_execution(
            PauseWorkflowExecutionRequest(**self._which, identity="tests", reason="a click")
        )

    async def unpause(self) -> None:
        await self._client.workflow_service.unpause_workflow_execution(
            UnpauseWorkflowExecutionRequest(**self._which, identity="tests", reason="a click")
        )

    async def terminate(self) -> None:
        await self.handle.terminate(reason="a wrong click")
        await self.ended(WorkflowExecutionStatus.TERMINATED)

    async def ended(self, status: WorkflowExecutionStatus, *, seconds: float = 20) -> None:
        """Wait until the server says that the workflow has ended like this."""
        await until(self.handle.describe, lambda it: it.status is status, seconds=seconds)

    @property
    def _which(self) -> dict[str, str]:
        return {"namespace": self._client.namespace, "workflow_id": self._id}
