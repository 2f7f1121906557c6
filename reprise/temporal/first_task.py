"""What a cached run keeps of the task that began it.

A part of a protobuf message keeps the whole message in memory. The SDK (1.35) keeps parts of a run's first task for as
long as the run is cached: its memo, its headers, the result of a run before it. So that each cached account kept the
whole task, with its input and the first command: a fifth of all that a worker has of it. Here the parts become copies.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.worker import ExecuteWorkflowInput, WorkflowInboundInterceptor, WorkflowInstanceDetails


def apart_from_first_task(details: WorkflowInstanceDetails) -> WorkflowInstanceDetails:
    """Return the details of a run such that they, and the run made from them, keep no more than themselves."""
    info, failure = details.info, details.last_failure
    return replace(
        details,
        info=replace(info, headers=_copies(info.headers), raw_memo=_copies(info.raw_memo)),
        interceptor_classes=[_Inbound, *details.interceptor_classes],
        last_completion_result=Payloads.FromString(details.last_completion_result.SerializeToString()),
        last_failure=failure and Failure.FromString(failure.SerializeToString()),
    )


class _Inbound(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
        input.headers = _copies(input.headers)
        return await super().execute_workflow(input)


def _copies(payloads: Mapping[str, Payload]) -> dict[str, Payload]:
    return {name: Payload.FromString(payload.SerializeToString()) for name, payload in payloads.items()}
