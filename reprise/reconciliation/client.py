"""Reconciliations, begun and looked at: each is a workflow, and its result is the report."""

import re
from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reprise.errors import RepriseError, Unavailable
from reprise.reconciliation.messages import (
    MEMO_ASKED,
    PROGRESS,
    RECONCILIATION,
    RECONCILIATION_ID,
    SUMMARY,
    ReconciliationRun,
    reconciliation_of,
    workflow_id,
)
from reprise.schemas.reconciliations import ReconciliationBody, ReconciliationReport, ReconciliationView
from reprise.statemachine.refusals import IDEMPOTENCY_KEY_REUSED
from reprise.workflows.messages import TASK_QUEUE

_TIMEOUT: Final = timedelta(seconds=4)
"""How long Temporal, or a worker, may take to answer."""

_UNREACHABLE: Final = "Temporal cannot be reached. Try again."

_COMPLETED: Final = WorkflowExecutionStatus.COMPLETED
_RUNNING: Final = WorkflowExecutionStatus.RUNNING


class ReconciliationNotFound(RepriseError):  # noqa: N818 - named as its code is
    """There is no such reconciliation, or Temporal does not keep it any more."""

    code = "reconciliation_not_found"

    def __init__(self) -> None:
        """Say no more than that."""
        super().__init__("There is no such reconciliation, or it is older than what Temporal keeps.")


class ReconciliationIdReused(RepriseError):  # noqa: N818 - named as its code is
    """An idempotency key was used for a reconciliation that was asked for otherwise (R14)."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(IDEMPOTENCY_KEY_REUSED)


class ReconciliationRunning(RepriseError):  # noqa: N818 - named as its code is
    """A reconciliation runs, and another one is not begun beside it."""

    code = "reconciliation_running"

    def __init__(self, reconciliation: str) -> None:
        super().__init__(
            f"Reconciliation {reconciliation} runs. Wait for its end, or look at it: it looks at all of it."
        )


class Reconciliations:
    """Every reconciliation. `Unavailable` may come from any call."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def begin(self, reconciliation: str, asked: ReconciliationBody) -> None:
        """Begin a reconciliation; one of this id that was begun by the same request stays as it is (R14).

        Raises:
            ReconciliationIdReused: One of this id was asked for otherwise.
            ReconciliationRunning: Another one runs: two would ask Stripe for the same twice as fast.
        """
        try:
            if other := await self._running(beside=workflow_id(reconciliation)):
                raise ReconciliationRunning(other)
            await self._client.start_workflow(
                RECONCILIATION,
                ReconciliationRun(repair=asked.repair, days=asked.days),
                id=workflow_id(reconciliation),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=SUMMARY,
                memo={MEMO_ASKED: asked.model_dump(mode="json")},
                rpc_timeout=_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            if await self._asked(reconciliation) != asked:
                raise ReconciliationIdReused from None
        except (RPCError, RuntimeError) as error:
            raise Unavailable(_UNREACHABLE) from error

    async def _running(self, beside: str) -> str | None:
        """Return the id of another reconciliation that runs, as far as Temporal's list, which is late, knows of it."""
        query = f"WorkflowType='{RECONCILIATION}' AND ExecutionStatus='Running'"
        async for each in self._client.list_workflows(query, limit=10, rpc_timeout=_TIMEOUT):
            if each.id != beside:
                now = await self._client.get_workflow_handle(each.id).describe(rpc_timeout=_TIMEOUT)
                if now.status is _RUNNING:
                    return reconciliation_of(each.id)
        return None

    async def _asked(self, reconciliation: str) -> ReconciliationBody | None:
        try:
            found = await self._client.get_workflow_handle(workflow_id(reconciliation)).describe(rpc_timeout=_TIMEOUT)
            return await _asked_of(found)
        except (RPCError, RuntimeError) as error:
            raise Unavailable(_UNREACHABLE) from error

    async def look(self, reconciliation: str) -> ReconciliationView:
        """Return a reconciliation as it stands; a finished one is told without a worker.

        Raises:
            ReconciliationNotFound: There is none.
        """
        if not re.fullmatch(RECONCILIATION_ID, reconciliation):
            raise ReconciliationNotFound
        handle = self._client.get_workflow_handle(workflow_id(reconciliation))
        try:
            found = await handle.describe(rpc_timeout=_TIMEOUT)
            report = await self._report(reconciliation, found.status)
            asked = await _asked_of(found)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise ReconciliationNotFound from error
            raise Unavailable(_UNREACHABLE) from error
        except RuntimeError as error:
            raise Unavailable(_UNREACHABLE) from error
        status = {_RUNNING: "running", _COMPLETED: "completed"}
        began = found.start_time  # of its newest run; the report says when the first one began
        if report and asked:
            began = report.since + timedelta(days=asked.days)
        return ReconciliationView.model_validate(
            {
                "id": reconciliation,
                "status": status.get(found.status or _RUNNING, "failed"),
                "repair": asked and asked.repair,
                "started_at": began,
                "finished_at": found.close_time,
                "report": report,
            }
        )

    async def _report(self, reconciliation: str, status: WorkflowExecutionStatus | None) -> ReconciliationReport | None:
        handle = self._client.get_workflow_handle(workflow_id(reconciliation), result_type=ReconciliationReport)
        if status is _COMPLETED:
            report: ReconciliationReport = await handle.result(rpc_timeout=_TIMEOUT)
            return report
        try:
            so_far: ReconciliationReport = await handle.query(
                PROGRESS, result_type=ReconciliationReport, rpc_timeout=_TIMEOUT
            )
            return so_far
        except (RPCError, WorkflowQueryFailedError):
            return None  # no worker says how far it is


async def _asked_of(found: WorkflowExecutionDescription) -> ReconciliationBody | None:
    asked = await found.memo_value(MEMO_ASKED, default=None)
    return None if asked is None else ReconciliationBody.model_validate(asked)
