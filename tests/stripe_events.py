"""Events as Stripe sends them to the API's webhook endpoint, of the tests' own making and rightly signed."""

import hmac
import json
import time
from typing import Any

from temporalio.api.enums.v1 import PendingWorkflowTaskState
from temporalio.client import Client

from reprise.workflows.messages import PaymentHint, workflow_id
from tests.api_side import WEBHOOK_SECRET, Api
from tests.waiting import until

EVENT = json.dumps({"id": "evt_1", "object": "event", "type": "surprise", "data": {"object": {}}}).encode()
"""One of a kind that nobody listens to."""

UNDER_WAY = PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED


def signature(payload: bytes, at: float | None = None, secret: str = WEBHOOK_SECRET) -> str:
    """Return the hexadecimal signature of a payload at an instant."""
    when = int(time.time() if at is None else at)
    return hmac.new(secret.encode(), f"{when}.".encode() + payload, "sha256").hexdigest()


def header(payload: bytes, at: float | None = None, secret: str = WEBHOOK_SECRET) -> str:
    """Return a `Stripe-Signature` header."""
    when = int(time.time() if at is None else at)
    return f"t={when},v1={signature(payload, when, secret)}"


class Endpoint:
    """The endpoint as Stripe reaches it, with events of the test's own making, rightly signed."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._sent = 0

    async def tell(self, kind: str, about: Any, previous: Any = None) -> int:
        self._sent += 1
        data = {"object": about} | ({} if previous is None else {"previous_attributes": previous})
        event = {"id": f"evt_of_test_{self._sent}", "object": "event", "type": kind, "data": data}
        payload = json.dumps(event).encode()
        signed = {"stripe-signature": header(payload)}
        answer = await self._api.http.post("/v1/webhooks/stripe", content=payload, headers=signed)
        return answer.status_code


async def hints(temporal: Client, account_id: str) -> list[PaymentHint]:
    """Return the hints that were sent to an account's run by the tests, oldest first.

    What comes while a workflow task is under way is put into the history at its end.
    """
    handle, found = temporal.get_workflow_handle(workflow_id(account_id)), []
    await until(handle.describe, lambda it: it.raw_description.pending_workflow_task.state != UNDER_WAY)
    async for event in handle.fetch_history_events():
        signal = event.workflow_execution_signaled_event_attributes
        if signal.signal_name == "payment_hint":
            found.append((await temporal.data_converter.decode(signal.input.payloads, [PaymentHint]))[0])
    return [each for each in found if (each.event_id or "").startswith("evt_of_test_")]
