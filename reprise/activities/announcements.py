"""The activities that tell the product what happened to its accounts (R18), by signed webhook."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.activities import endpoints, names
from reprise.activities.endpoints import Endpoint, NotTaken
from reprise.schemas.announcements import Announcement
from reprise.statemachine.standing import IN_SERVICE
from reprise.statemachine.timeline import TimelineEntry

log = structlog.get_logger()

MARGIN = 2.0
"""Seconds before its time-out at which a try stops by itself, so that it never tells beside the next one."""

TEST = "announcements.test"
"""The type of the message that a test sends; no account's."""

_JITTER = random.SystemRandom()

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)

DELAYS: Final = (_MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 30 * _MINUTE, *[_HOUR] * 24)
"""How long to wait after each try at an endpoint that does not answer: hourly for a day, then six-hourly for good."""

LATER_DELAY: Final = timedelta(hours=6)

JITTER: Final = 0.1
"""By which part a delay varies, so that accounts do not all come back at the same moment."""


class ProductAnnouncements:
    """Announcements to the product's endpoints."""

    def __init__(self, known: Mapping[str, Endpoint]) -> None:
        """Take the endpoints by their names; without any, nobody is told."""
        self._endpoints = known

    @activity.defn(name=names.DELIVER_ANNOUNCEMENTS)
    async def deliver(self, asked: names.DeliverInput) -> names.Delivered:
        """Post entries to one endpoint, in their order, for as long as the try lasts; say how many it has taken.

        At least once: an entry whose answer was not heard comes again, with the same `webhook-id`. What was taken
        before a failure, or before the time was over, is not told again: only a failure of the first entry fails the
        try. What the endpoint does not want to hear counts as taken.

        Raises:
            ApplicationError: `product_unavailable`; tried again until it answers with 2xx, with growing delays where
                the endpoint is asked with patience.
        """
        endpoint = self._endpoints.get(asked.endpoint)
        if endpoint is None:
            return names.Delivered(endpoints=tuple(self._endpoints), taken=0, known=False)
        taken = await _told(endpoint, asked.account_id, asked.entries, patient=asked.patient)
        return names.Delivered(endpoints=tuple(self._endpoints), taken=taken)

    @activity.defn(name=names.LIST_ENDPOINTS)
    async def list_endpoints(self) -> names.Endpoints:
        """Say which endpoints there are."""
        return names.Endpoints(endpoints=tuple(self._endpoints))

    @activity.defn(name=names.TEST_ENDPOINTS)
    async def test(self, asked: names.EndpointTestInput) -> names.EndpointTests:
        """Send a test to each endpoint, or to one, whatever events it wants; say what each answered."""
        chosen = [each for each in self._endpoints.values() if asked.endpoint in {None, each.name}]
        return names.EndpointTests(endpoints=tuple(await asyncio.gather(*(_tested(each) for each in chosen))))

    @activity.defn(name=names.ANNOUNCE)
    async def announce(self, asked: names.AnnounceInput) -> int:
        """Post entries as a run of the first edition asks: to the first endpoint alone; return how many it has taken.

        Without an endpoint there is nobody to tell, and all entries are done with.

        Raises:
            ApplicationError: `product_unavailable`.
        """
        for endpoint in self._endpoints.values():
            return await _told(endpoint, asked.account_id, asked.entries)
        return len(asked.entries)


async def _told(
    endpoint: Endpoint, account_id: str, entries: tuple[TimelineEntry, ...], *, patient: bool = False
) -> int:
    loop = asyncio.get_running_loop()
    limit = activity.info().start_to_close_timeout
    ends = loop.time() + limit.total_seconds() - MARGIN if limit else None
    for taken, entry in enumerate(entries):
        if not endpoint.wants(str(entry.type)):
            continue
        if taken and ends is not None and loop.time() + endpoints.PATIENCE > ends:
            return taken
        announced = Announcement.of(account_id, entry, in_service=entry.to_state in IN_SERVICE)
        try:
            await endpoint.send(f"{account_id}:{entry.sequence}", announced.body())
        except NotTaken as error:
            if not taken:
                raise _unavailable(endpoint, error, patient=patient) from None
            about = {"endpoint": endpoint.name, "taken": taken, "of": len(entries), "why": str(error)}
            log.warning("an endpoint has not taken all", **about)
            return taken
    return len(entries)


async def _tested(endpoint: Endpoint) -> names.EndpointTest:
    started = time.monotonic()
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    body = {"type": TEST, "timestamp": f"{now.isoformat()}Z", "data": {"endpoint": endpoint.name}}
    status, error = None, None
    try:
        status = await endpoint.send(f"test:{uuid.uuid4()}", json.dumps(body))
    except NotTaken as not_taken:
        status, error = not_taken.status, str(not_taken)
    return names.EndpointTest(
        endpoint=endpoint.name,
        url=endpoint.url,
        delivered=error is None,
        status=status,
        error=error,
        milliseconds=round((time.monotonic() - started) * 1000),
    )


def _unavailable(endpoint: Endpoint, why: NotTaken, *, patient: bool) -> ApplicationError:
    tried = activity.info().attempt
    delay = DELAYS[tried - 1] if tried <= len(DELAYS) else LATER_DELAY
    return ApplicationError(
        f"The endpoint {endpoint.name} did not take the announcement ({why}).",
        type=names.PRODUCT_UNAVAILABLE,
        next_retry_delay=delay * _JITTER.uniform(1 - JITTER, 1 + JITTER) if patient else None,
    )
