"""What a cached run keeps of the task that began it.

A part of a protobuf message keeps the whole message in memory. The SDK (1.35) keeps parts of a run's first task for as
long as the run is cached: its memo, its headers, the result and the failure of a run before it. With them each cached
account kept the whole task, its input and the first command. Copies of the parts keep nothing else.
"""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from temporalio.worker import ExecuteWorkflowInput, WorkflowInboundInterceptor, WorkflowInstanceDetails


def apart_from_first_task(details: WorkflowInstanceDetails) -> WorkflowInstanceDetails:
    """Return the details of a run such that they, and the run made from them, keep no more than themselves."""
    info = details.info
    return replace(
        details,
        info=replace(info, headers=deepcopy(info.headers), raw_memo=deepcopy(info.raw_memo)),
        interceptor_classes=[_Inbound, *details.interceptor_classes],
        last_completion_result=deepcopy(details.last_completion_result),
        last_failure=deepcopy(details.last_failure),
    )


class _Inbound(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
        input.headers = deepcopy(dict(input.headers))
        return await super().execute_workflow(input)
