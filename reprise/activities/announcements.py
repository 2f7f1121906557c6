"""The activity that tells the product what happened to its accounts (R18), by signed webhook."""

import json
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.activities import names


class ProductAnnouncements:
    """Announcements to the product's endpoint, signed by Standard Webhooks (standardwebhooks.com)."""

    def __init__(self, client: httpx.AsyncClient, url: str | None, secret: str | None) -> None:
        """Take the HTTP client, the endpoint and its secret (`whsec_…`); without them nobody is told."""
        self._client = client
        self._url = url
        self._webhook = Webhook(secret) if secret else None

    @activity.defn(name=names.ANNOUNCE)
    async def announce(self, asked: names.AnnounceInput) -> int:
        """Post each entry, in order; return how many the product has taken.

        At least once: after a failure the entries before it come again, with the same `webhook-id`.

        Raises:
            ApplicationError: `product_unavailable`; retried until the product answers with 2xx.
        """
        if self._url is None or self._webhook is None:
            return 0
        for entry in asked.entries:
            now = datetime.now(UTC)
            message_id = f"{asked.account_id}:{entry.sequence}"
            body = json.dumps(
                {
                    "type": entry.type,
                    "timestamp": entry.at.isoformat(),
                    "data": {"account_id": asked.account_id, **entry.model_dump(mode="json", exclude_none=True)},
                }
            )
            headers = {
                "content-type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self._webhook.sign(message_id, now, body),
            }
            try:
                answer = await self._client.post(self._url, content=body, headers=headers)
            except httpx.HTTPError as error:
                raise _unavailable(type(error).__name__) from error
            if not answer.is_success:
                raise _unavailable(f"HTTP {answer.status_code}")
        return len(asked.entries)


def _unavailable(why: str) -> ApplicationError:
    return ApplicationError(f"The product did not take the announcement ({why}).", type="product_unavailable")
