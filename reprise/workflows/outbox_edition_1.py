"""The outbox of runs of the first edition (R28): one endpoint, told of changes in their order, in the background (R18).

Runs of the second edition have one for each endpoint (`outbox.py`). This one goes when the first edition does.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import StrictInt
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from reprise.activities import names
from reprise.schemas.announcements import EndpointBacklog
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.limits import Backoff
from reprise.workflows.messages import EndpointPosition, ResendAnnouncements
from reprise.workflows.results import read_result

OUTLIVE_ANNOUNCING = "outlive-announcing"
"""Since 0.2.0: telling the product may fail or be cancelled, and does not end the account's workflow."""

TRY_TIMEOUT = timedelta(seconds=60)
"""How long one try may take; the activity stops by itself before, with what it has delivered."""

ANNOUNCE_RETRY_POLICY = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(hours=1))
"""The product being down is retried for as long as it lasts, and delays nothing (R18)."""

ENTRIES_AT_ONCE = 20


class FirstOutbox:
    """What is to be announced, and the try under way. Two tries of one account are never in flight at once."""

    def __init__(self, account_id: str, untold: Iterable[TimelineEntry], not_before: datetime | None) -> None:
        """Take up what the run before has not told; its last try may be under way until `not_before`."""
        self._account_id = account_id
        self._untold = list(untold)
        self._not_before = not_before
        self._backoff = Backoff()
        self._telling: asyncio.Task[RawValue] | None = None
        self._in_flight = 0
        self._holding: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many changes the product has not heard of, as far as is known."""
        return len(self._untold)

    def add(self, entry: TimelineEntry) -> None:
        """Let a change wait to be told."""
        self._untold.append(entry)

    def untold(self) -> tuple[TimelineEntry, ...]:
        """What the next run is to tell."""
        return tuple(self._untold)

    @property
    def not_before(self) -> datetime | None:
        """Until when a try of this run may go on after it: the next run tells nothing before."""
        return self._not_before

    @property
    def may_be_left(self) -> bool:
        """Whether a new run may begin: not while a try is under way."""
        return self._telling is None

    def positions(self) -> tuple[EndpointPosition, ...]:
        """How far each endpoint has come: it is not known of any, and the next run finds out."""
        return ()

    def backlog(self) -> tuple[EndpointBacklog, ...]:
        """What is not told yet, to whichever endpoint the worker has."""
        if not self._untold:
            return ()
        oldest = self._untold[0]
        return (
            EndpointBacklog(endpoint="", pending=len(self._untold), next_sequence=oldest.sequence, oldest_at=oldest.at),
        )

    def resend(self, asked: ResendAnnouncements, told: Iterable[TimelineEntry]) -> bool:
        """Tell entries again from a sequence number on, or at once what is not told.

        Returns:
            True: a new run is to do it.
        """
        if asked.from_sequence is not None:
            known = {entry.sequence: entry for entry in (*told, *self._untold)}
            self._untold = [known[number] for number in sorted(known) if number >= asked.from_sequence]
            self._in_flight = 0  # what the try under way has told says nothing of these
        return True

    @property
    def undelivered_to(self) -> tuple[str, ...]:
        """Nobody by name: runs of the first edition do not show whom they could not tell."""
        return ()

    @property
    def has_finished(self) -> bool:
        """Whether the try under way has come to its end, or the wait before the next."""
        return bool((self._telling and self._telling.done()) or (self._holding and self._holding.done()))

    def start(self) -> None:
        """Begin to tell the oldest changes, or to wait until that may be done."""
        if not self._untold or self._telling or self._holding:
            return
        if self._not_before and (wait := self._not_before - workflow.now()) > timedelta(0):
            self._holding = asyncio.create_task(workflow.sleep(wait, summary="before the next announcement"))
            return
        entries = tuple(self._untold)[:ENTRIES_AT_ONCE]
        self._in_flight = len(entries)
        self._telling = asyncio.create_task(self._tell(entries))

    async def _tell(self, entries: tuple[TimelineEntry, ...]) -> RawValue:
        told: RawValue = await workflow.execute_activity(
            names.ANNOUNCE,
            names.AnnounceInput(account_id=self._account_id, entries=entries),
            result_type=RawValue,
            start_to_close_timeout=TRY_TIMEOUT,
            retry_policy=ANNOUNCE_RETRY_POLICY,
            summary=f"announce {entries[0].sequence} to {entries[-1].sequence}",
        )
        return told

    def stop(self) -> None:
        """Give way to a new run, which waits for nothing: what is not known to be told stays in the outbox."""
        if self._telling:
            self._telling.cancel()
        if self._holding:
            self._holding.cancel()
            self._holding = None

    def finish(self) -> None:
        """Take what the try has come to: the changes that it has told, in their order, are done with (R18)."""
        telling, self._telling = self._telling, None
        if telling is None:
            self._holding = None
            return
        try:
            told = self._how_many(telling.result())
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, ActivityError) and not workflow.patched(OUTLIVE_ANNOUNCING):
                raise
            if is_cancelled_exception(error):
                wait = TRY_TIMEOUT + timedelta(seconds=1)
            else:
                workflow.logger.error("the product was not told", extra={"why": str(error)})
                wait = self._backoff.failed()
            self._not_before = workflow.now() + wait
            return
        self._backoff.succeeded()
        self._not_before = None
        del self._untold[:told]

    def _how_many(self, result: RawValue) -> int:
        """Return how many changes were told. A worker without an endpoint has nobody to tell: none is all of them.

        Raises:
            ValueError: That cannot be read.
        """
        told: int = read_result(result, StrictInt)
        if not 0 <= told <= self._in_flight:
            raise ValueError(f"The activity told {told!r} of {self._in_flight} changes.")
        return told or self._in_flight
