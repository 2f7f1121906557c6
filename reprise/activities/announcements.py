"""The activity that tells the product what happened to its accounts (R18), by signed webhook."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import httpx
import structlog
from standardwebhooks import Webhook
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.activities import names
from reprise.statemachine.timeline import TimelineEntry

log = structlog.get_logger()

PATIENCE = 10.0
"""Seconds that one entry may take as a whole, however slowly its answer trickles."""

COURTESY = 1.0
"""Seconds that the rest of an answer may take; a connection whose answer was read to its end is used again."""

MARGIN = 2.0
"""Seconds before its time-out at which a try stops by itself, so that it never tells beside the next one."""


class ProductAnnouncements:
    """Announcements to the product's endpoint, signed by Standard Webhooks (standardwebhooks.com)."""

    def __init__(
        self, client: httpx.AsyncClient, url: str | None, secret: str | None, second: str | None = None
    ) -> None:
        """Take the HTTP client, the endpoint and its secret (`whsec_…`); without them nobody is told.

        With a second secret, announcements carry a signature by each: the product may check with either while it
        exchanges them (standardwebhooks.com, "Multiple signatures").
        """
        self._client = client
        self._url = url
        self._webhooks = [Webhook(each) for each in (secret, second) if each] if secret else []

    @activity.defn(name=names.ANNOUNCE)
    async def announce(self, asked: names.AnnounceInput) -> int:
        """Post entries, in their order, for as long as the try lasts; return how many the product has taken.

        At least once: an entry whose answer was not heard comes again, with the same `webhook-id`. What was taken
        before a failure, or before the time was over, is not told again: only a failure of the first entry fails the
        try.
        Without an endpoint there is nobody to tell, and all entries are done with.

        Raises:
            ApplicationError: `product_unavailable`; retried until the product answers with 2xx.
        """
        if self._url is None or not self._webhooks:
            return len(asked.entries)
        loop = asyncio.get_running_loop()
        limit = activity.info().start_to_close_timeout
        ends = loop.time() + limit.total_seconds() - MARGIN if limit else None
        for told, entry in enumerate(asked.entries):
            if told and ends is not None and loop.time() + PATIENCE > ends:
                return told
            try:
                await self._post(self._url, asked.account_id, entry)
            except Exception as error:
                if not told:
                    raise
                log.warning("the product was not told of all", told=told, waiting=len(asked.entries), why=str(error))
                return told
        return len(asked.entries)

    async def _post(self, url: str, account_id: str, entry: TimelineEntry) -> None:
        now = datetime.now(UTC)
        message_id = f"{account_id}:{entry.sequence}"
        body = json.dumps(
            {
                "type": entry.type,
                "timestamp": entry.at.isoformat(),
                "data": {"account_id": account_id, **entry.model_dump(mode="json", exclude_none=True)},
            }
        )
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(each.sign(message_id, now, body) for each in self._webhooks),
        }
        try:
            status = await self._status(url, body, headers)
        # Without causes: with all their tracebacks, Temporal keeps "Failure exceeds size limit" instead of the reason.
        except TimeoutError:
            raise _unavailable(f"no answer within {PATIENCE:.0f} seconds") from None
        except httpx.HTTPError as error:
            raise _unavailable(type(error).__name__) from None
        if not 200 <= status < 300:
            raise _unavailable(f"HTTP {status}")

    async def _status(self, url: str, body: str, headers: dict[str, str]) -> int:
        """Return what the product answers. What it says beside the status is not waited for, nor believed."""
        async with asyncio.timeout(PATIENCE), self._client.stream("POST", url, content=body, headers=headers) as answer:
            with contextlib.suppress(TimeoutError, httpx.HTTPError):
                async with asyncio.timeout(COURTESY):
                    async for _ in answer.aiter_raw():
                        pass
            return answer.status_code


def _unavailable(why: str) -> ApplicationError:
    return ApplicationError(f"The product did not take the announcement ({why}).", type="product_unavailable")
