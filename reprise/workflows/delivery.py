"""One endpoint's deliveries: its position in what there is to tell, and the try under way (R18)."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.workflow import ActivityCancellationType

from reprise.activities import names
from reprise.schemas.announcements import EndpointBacklog
from reprise.statemachine.terms import whole_seconds
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.limits import Backoff
from reprise.workflows.messages import EndpointPosition
from reprise.workflows.results import read_result

TRY_TIMEOUT = timedelta(seconds=60)
"""How long one try may take; the activity stops by itself before, with what it has delivered."""

QUICK_RETRY_POLICY = RetryPolicy(maximum_attempts=4)
"""How an endpoint is tried that has answered so far: after one second, two and four, by Temporal's own defaults. After
that it is shown as one that does not."""

PATIENT_RETRY_POLICY = RetryPolicy(initial_interval=timedelta(minutes=1), maximum_interval=timedelta(hours=6))
"""How one is tried that does not answer: for as long as that lasts. The activity says the delays (`DELAYS`)."""

UNKNOWN_FOR, UNKNOWN_RETRY = timedelta(hours=1), timedelta(minutes=20)
"""How long an endpoint may be unknown to the workers who are asked before it counts as removed, and how often that is
tried: while workers are exchanged, some know it and some do not."""


class Delivery:
    """One endpoint, and what it is told."""

    def __init__(self, account_id: str, position: EndpointPosition) -> None:
        """Go on from where the run before has left it."""
        self._account_id = account_id
        self._position = position
        self._task: asyncio.Task[RawValue] | None = None
        self._entries: tuple[TimelineEntry, ...] = ()
        self._wait: asyncio.Task[None] | None = None
        self._backoff = Backoff()
        self.is_gone = False

    @property
    def next(self) -> int:
        """The first entry that the endpoint has not taken, by its sequence number."""
        return self._position.next_sequence

    @property
    def is_busy(self) -> bool:
        """Whether a try is under way, or is waited for."""
        return bool(self._task or self._wait)

    @property
    def has_finished(self) -> bool:
        """Whether the try under way has come to its end, or the wait before the next."""
        return bool((self._task and self._task.done()) or (self._wait and self._wait.done()))

    @property
    def is_stuck(self) -> bool:
        """Whether the endpoint takes nothing, or is unknown to workers."""
        return bool(self._position.failing_since or self._position.unknown_since)

    def position(self) -> EndpointPosition:
        """Return where the endpoint stands, for the next run: it tells nothing before this try must be over."""
        if self._task is None:
            return self._position
        over = whole_seconds(workflow.now() + TRY_TIMEOUT + timedelta(seconds=1))
        return self._position.model_copy(update={"not_before": over})

    def backlog(self, untold: Iterable[TimelineEntry]) -> EndpointBacklog:
        """Return what the endpoint has not taken of `untold`."""
        waiting = [entry for entry in untold if entry.sequence >= self.next]
        return EndpointBacklog(
            endpoint=self._position.endpoint,
            pending=len(waiting),
            next_sequence=waiting[0].sequence if waiting else self.next,
            oldest_at=waiting[0].at if waiting else None,
            failing_since=self._position.failing_since,
            last_error=self._position.last_error,
            unknown_since=self._position.unknown_since,
        )

    # ------------------------------------------------------------------ telling

    def start(self, entries: tuple[TimelineEntry, ...]) -> None:
        """Begin to tell the endpoint of `entries`, or to wait until that may be done."""
        if not entries:
            return
        if self._position.not_before and (left := self._position.not_before - workflow.now()) > timedelta(0):
            self._wait = asyncio.create_task(workflow.sleep(left, summary=f"before {self._position.endpoint} is told"))
            return
        self._entries = entries
        self._task = asyncio.create_task(self._deliver(entries))

    async def _deliver(self, entries: tuple[TimelineEntry, ...]) -> RawValue:
        patient = self._position.failing_since is not None
        # The position may be moved meanwhile, by whoever asks to be told again: `finish` looks at what was sent.
        delivered: RawValue = await workflow.execute_activity(
            names.DELIVER_ANNOUNCEMENTS,
            names.DeliverInput(
                account_id=self._account_id, endpoint=self._position.endpoint, entries=entries, patient=patient
            ),
            task_queue=names.ANNOUNCEMENTS_QUEUE,
            result_type=RawValue,
            start_to_close_timeout=TRY_TIMEOUT,
            retry_policy=PATIENT_RETRY_POLICY if patient else QUICK_RETRY_POLICY,
            # One that waits for its next try ends at once, one that is running is heard out: never two in flight.
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"announce {entries[0].sequence} to {entries[-1].sequence} to {self._position.endpoint}",
        )
        return delivered

    def try_now(self, from_sequence: int | None) -> None:
        """Wait no longer before the next try; tell from another entry on, if one is given."""
        changes: dict[str, Any] = {"unknown_since": None}
        if from_sequence is not None:
            changes["next_sequence"] = from_sequence
            self._entries = ()  # what the try under way has told says nothing of these
        if self._task is not None:
            self._task.cancel()
        elif self._wait is not None and (self._backoff.wait or self._position.unknown_since):
            self._wait.cancel()  # not while a try of the run before may be under way
            changes["not_before"] = None
        self._position = self._position.model_copy(update=changes)

    def finish(self) -> tuple[str, ...]:
        """Take what the try has come to, and return the endpoints that the worker has told of."""
        task, self._task, self._wait = self._task, None, None
        if task is None:
            return ()
        try:
            delivered: names.Delivered = read_result(task.result(), names.Delivered)
            if delivered.taken > len(self._entries) > 0:
                raise ValueError(f"The activity told {delivered.taken} of {len(self._entries)} changes.")  # noqa: TRY301
        except (Exception, asyncio.CancelledError) as error:
            self._failed(error)
            return ()
        self._backoff.succeeded()
        self._take(delivered)
        return delivered.endpoints

    def _take(self, delivered: names.Delivered) -> None:
        position, now = self._position, whole_seconds(workflow.now())
        if not delivered.known:
            since = position.unknown_since or now
            self.is_gone = now - since >= UNKNOWN_FOR
            changes: dict[str, Any] = {"unknown_since": since, "not_before": now + UNKNOWN_RETRY}
        else:
            changes = dict.fromkeys(("not_before", "failing_since", "last_error", "unknown_since"))
            if delivered.taken and self._entries:
                changes["next_sequence"] = self._entries[delivered.taken - 1].sequence + 1
        self._position = position.model_copy(update=changes)

    def _failed(self, error: BaseException) -> None:
        """Try again: with patience, once the endpoint has not answered several tries; at once, if somebody asks."""
        now, not_before = workflow.now(), None
        position = self._position
        cause = error.cause if isinstance(error, ActivityError) else error
        if is_cancelled_exception(error):
            self._position = position.model_copy(update={"not_before": None})
            return
        about = {"endpoint": position.endpoint, "account": self._account_id, "why": str(cause)}
        workflow.logger.error("an endpoint was not told", extra=about)
        known = isinstance(cause, ApplicationError) and cause.type == names.PRODUCT_UNAVAILABLE
        if not known or position.failing_since:
            not_before = whole_seconds(now + self._backoff.failed())
        self._position = position.model_copy(
            update={
                "not_before": not_before,
                "failing_since": position.failing_since or whole_seconds(now),
                "last_error": str(cause)[:300],
            }
        )


class Discovery:
    """The question which endpoints there are: asked once in an account's life, and again where none is known."""

    def __init__(self, not_before: datetime | None) -> None:
        """Ask, but not before an instant."""
        self._task: asyncio.Task[RawValue] = asyncio.create_task(self._ask(not_before))

    @property
    def has_finished(self) -> bool:
        """Whether it is answered."""
        return self._task.done()

    def result(self) -> tuple[str, ...] | None:
        """Return the endpoints' names; None if that could not be found out."""
        try:
            found: names.Endpoints = read_result(self._task.result(), names.Endpoints)
        except Exception as error:
            workflow.logger.error("the announcement endpoints are not known", extra={"why": str(error)})
            return None
        return found.endpoints

    async def _ask(self, not_before: datetime | None) -> RawValue:
        if not_before and (left := not_before - workflow.now()) > timedelta(0):
            await workflow.sleep(left, summary="before the next announcement")
        found: RawValue = await workflow.execute_activity(
            names.LIST_ENDPOINTS,
            task_queue=names.ANNOUNCEMENTS_QUEUE,
            result_type=RawValue,
            start_to_close_timeout=TRY_TIMEOUT,
            retry_policy=PATIENT_RETRY_POLICY,
            summary="which endpoints are there",
        )
        return found
