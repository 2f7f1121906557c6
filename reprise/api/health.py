"""Is the process alive, and can it do its work?"""

from datetime import timedelta

from fastapi import APIRouter
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError

from reprise.api.commands import TheEngine
from reprise.api.problems import responses, unavailable
from reprise.api.schemas import Health, Readiness
from reprise.workflows.messages import TASK_QUEUE

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the process is alive."""
    return Health()


@router.get("/readyz", responses=responses(503))
async def readyz(engine: TheEngine) -> Readiness:
    """Say whether Temporal answers and a worker polls for accounts."""
    asked = DescribeTaskQueueRequest(
        namespace=engine.client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        queue = await engine.client.workflow_service.describe_task_queue(asked, timeout=timedelta(seconds=1))
    except (RPCError, RuntimeError) as error:
        raise unavailable("Temporal cannot be reached.") from error
    if not queue.pollers:
        raise unavailable("No worker polls for accounts.")
    return Readiness(workers=len(queue.pollers))
