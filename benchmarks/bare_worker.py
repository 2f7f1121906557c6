"""A worker for bare workflows: our worker's limits, the SDK's runner. `python -m benchmarks.bare_worker`."""

import asyncio
import os

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from benchmarks.bare import QUEUE, BareWorkflow, answer
from reprise.settings import WorkerSettings
from reprise.temporal.runner import RESTRICTIONS
from reprise.worker import WORKFLOW_TASKS


async def main() -> None:
    """Run the worker until it is ended."""
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], data_converter=pydantic_data_converter)
    settings = WorkerSettings()
    await Worker(
        client,
        task_queue=QUEUE,
        workflows=[BareWorkflow],
        activities=[answer],
        workflow_runner=SandboxedWorkflowRunner(RESTRICTIONS),
        max_concurrent_activities=settings.max_activities,
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=WORKFLOW_TASKS,
    ).run()


if __name__ == "__main__":
    asyncio.run(main())
