"""Parts of the workflow's code, run in a workflow of a test's own: what a task does is seen at its very instant."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes, HistoryEvent
from temporalio.api.testservice.v1 import UnlockTimeSkippingRequest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.common import TypedSearchAttributes
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.names import ANNOUNCEMENTS_QUEUE
from reprise.workflows.current_details import CurrentDetails
from tests.waiting import until
from tests.workflows.faults import Fault, Faults
from tests.workflows.world import ACTIVITY_SCHEDULED

Part = Callable[[], Awaitable[None]]

QUEUE, KNOWS_INVOICES = "inside", "inside-knows-invoices"

LASTS = timedelta(hours=12)

_parts: dict[str, Part] = {}


@workflow.defn(sandboxed=False, failure_exception_types=[Exception])
class Inside:
    """Does what a test says; an assertion that does not hold fails it."""

    @workflow.run
    async def run(self, name: str) -> None:
        await _parts[name]()

    @workflow.signal
    def look(self) -> None:
        """Let it look again whether what it waits for has happened."""


class Script:
    """What an activity comes to, one try after another: values, faults of `FAULTS`, and whatever a test makes."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def __call__(self) -> Any:
        answer = self._answers.pop(0)
        return answer() if callable(answer) else answer


class Held:
    """An answer that a test holds back, of a try that is under way meanwhile."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.begun, self.released = Event(), Event()

    async def __call__(self) -> Any:
        self.begun.set()
        await until(self.released.is_set)
        return self._answer


class Stage:
    """Where parts are run, and what their announcements come to."""

    def __init__(self, env: WorkflowEnvironment, faults: Faults) -> None:
        self._env = env
        self._faults = faults

    async def begin(
        self,
        part: Part,
        *,
        queue: str = QUEUE,
        shown: TypedSearchAttributes = TypedSearchAttributes.empty,
        **activities: Fault,
    ) -> WorkflowHandle[Any, Any]:
        """Begin to run a part; `activities` says what each comes to."""
        name = f"{uuid.uuid4()}"
        _parts[name] = part
        for activity, fault in activities.items():
            self._faults.of[name, activity] = fault
        return await self._env.client.start_workflow(
            Inside.run,
            name,
            id=name,
            task_queue=queue,
            search_attributes=shown,
            execution_timeout=LASTS,  # the server's clock may leap as far, once it has ended
        )

    async def run(self, part: Part, **given: Any) -> "Ran":
        """Run a part to its end, skipping the time that it waits."""
        return await self.end(await self.begin(part, **given))

    async def end(self, handle: WorkflowHandle[Any, Any]) -> "Ran":
        """Wait for the end of a part that was begun; the server skips the time that it waits.

        Now and then the test server forgets to let go of its clock, which then stands still for good: it is told.
        """
        ended = asyncio.create_task(handle.result())
        for _ in range(5):
            if (await asyncio.wait([ended], timeout=2))[0]:
                break
            with contextlib.suppress(RPCError):
                await self._env.client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())
        ended.cancel()
        try:
            await ended
        except WorkflowFailureError as failed:
            raise AssertionError(f"{failed.cause}\n{getattr(failed.cause, 'stack_trace', '')}") from None
        except asyncio.CancelledError:
            raise TimeoutError("the part has not come to its end") from None
        return await ran_so_far(handle)


def logged(caplog: pytest.LogCaptureFixture, words: str) -> list[Any]:
    """What was written to the log with these words."""
    return [each for each in caplog.records if words in each.getMessage()]


class Ran:
    """The history of a part that is run."""

    def __init__(self, events: Sequence[HistoryEvent]) -> None:
        self.events = events

    def count(self, kind: EventType.ValueType) -> int:
        """How many events of a kind there are."""
        return sum(each.event_type == kind for each in self.events)

    @property
    def scheduled(self) -> list[ActivityTaskScheduledEventAttributes]:
        """What activities were asked for, and how."""
        return [
            each.activity_task_scheduled_event_attributes
            for each in self.events
            if each.event_type == ACTIVITY_SCHEDULED
        ]


async def ran_so_far(handle: WorkflowHandle[Any, Any]) -> Ran:
    """Return the history of a part, as far as it has come."""
    return Ran([event async for event in handle.fetch_history_events()])


@asynccontextmanager
async def stage(env: WorkflowEnvironment) -> AsyncIterator[Stage]:
    """Run workers whose announcing activities are real, and know no endpoint; their answers are a test's."""
    faults = Faults()
    client, activities = faults.client(env.client), ProductAnnouncements({})
    inside = Worker(client, task_queue=QUEUE, workflows=[Inside], activities=[activities.announce])
    deliveries = Worker(
        client, task_queue=ANNOUNCEMENTS_QUEUE, activities=[activities.deliver, activities.list_endpoints]
    )
    pages = CurrentDetails("https://stripe.example/invoices/")
    knowing = Worker(client, task_queue=KNOWS_INVOICES, workflows=[Inside], interceptors=[pages])
    async with inside, deliveries, knowing:
        yield Stage(env, faults)
