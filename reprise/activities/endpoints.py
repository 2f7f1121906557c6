"""The product's webhook endpoints, as a worker's settings name them: signed by Standard Webhooks, asked with patience.

What an endpoint does is its own: none can keep another, or an account, waiting (R18).
"""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import version
from typing import Final

import httpx
from standardwebhooks import Webhook

from reprise.settings import AnnouncementEndpoint
from reprise.statemachine.timeline import EntryType

PATIENCE = 10.0
"""Seconds that one entry may take as a whole, however slowly its answer trickles."""

COURTESY = 1.0
"""Seconds that the rest of an answer may take; a connection whose answer was read to its end is used again."""

MAX_PROBES = 4
"""How many requests at once an endpoint is sent that has not answered the last one: a dead one fills no worker."""

USER_AGENT: Final = f"Reprise/{version('reprise')}"


class NotTaken(Exception):  # noqa: N818 - the announcement was not
    """The endpoint has not taken what it was sent: `status` is what it answered, if it did; the message says why."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class Endpoint:
    """One endpoint of the product."""

    def __init__(self, client: httpx.AsyncClient, settings: AnnouncementEndpoint) -> None:
        """Take the HTTP client, and what the settings say of the endpoint.

        Raises:
            ValueError: A secret is none, or a type of event names nothing that is announced.
        """
        self.name, self.url = settings.name, str(settings.url)
        self._client = client
        self._webhooks = [_webhook(settings.name, each.get_secret_value()) for each in settings.secrets]
        self._events = settings.events
        for pattern in settings.events or ():
            if not any(fnmatchcase(each.value, pattern) for each in EntryType):
                raise ValueError(f"announcement endpoint {settings.name}: {pattern!r} is no type of event")
        self._in_flight = 0
        self._answers = True

    def wants(self, kind: str) -> bool:
        """Whether the endpoint is told of entries of this type."""
        return self._events is None or any(fnmatchcase(kind, pattern) for pattern in self._events)

    async def send(self, message_id: str, body: str) -> int:
        """Send a message, and return the status with which it was taken.

        With two secrets it carries a signature by each: the product may check with either while it exchanges them
        (standardwebhooks.com, "Multiple signatures").

        Raises:
            NotTaken: The endpoint answers with anything but 2xx, not in time, or not at all; or it is not asked,
                because it has not answered others.
        """
        if not self._answers and self._in_flight >= MAX_PROBES:
            raise NotTaken("it does not answer others either")
        self._in_flight += 1
        try:
            status = await self._status(body, self._headers(message_id, body))
        # Without causes: with all their tracebacks, Temporal keeps "Failure exceeds size limit" instead of the reason.
        except TimeoutError:
            self._answers = False
            raise NotTaken(f"no answer within {PATIENCE:.0f} seconds") from None
        except httpx.HTTPError as error:
            self._answers = False
            raise NotTaken(type(error).__name__) from None
        finally:
            self._in_flight -= 1
        self._answers = True
        if not 200 <= status < 300:
            raise NotTaken(f"HTTP {status}", status)
        return status

    def _headers(self, message_id: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(each.sign(message_id, now, body) for each in self._webhooks),
        }

    async def _status(self, body: str, headers: dict[str, str]) -> int:
        """Return what the endpoint answers. What it says beside the status is not waited for, nor believed."""
        request = self._client.stream("POST", self.url, content=body, headers=headers)
        async with asyncio.timeout(PATIENCE), request as answer:
            with contextlib.suppress(TimeoutError, httpx.HTTPError):
                async with asyncio.timeout(COURTESY):
                    async for _ in answer.aiter_raw():
                        pass
            return answer.status_code


def endpoints_of(client: httpx.AsyncClient, settings: Iterable[AnnouncementEndpoint]) -> dict[str, Endpoint]:
    """Return the endpoints of the settings by their names.

    Raises:
        ValueError: One of them cannot be used; the sentence names it.
    """
    return {each.name: Endpoint(client, each) for each in settings}


def _webhook(endpoint: str, secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except Exception as error:  # an empty one is of another type in each release of the library
        raise ValueError(f"announcement endpoint {endpoint}: its secret is none of Standard Webhooks") from error
