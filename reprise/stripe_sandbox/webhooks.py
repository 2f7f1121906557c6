"""Webhook endpoints, and the task that delivers: signed as Stripe signs, at least once, with growing pauses."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import random
import time

import httpx
import stripe
from stripe.params import WebhookEndpointCreateParams, WebhookEndpointListParams, WebhookEndpointUpdateParams

from reprise.stripe_sandbox import events
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, with_metadata
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import public, shaped
from reprise.stripe_sandbox.store import Object, Store, new_id

TRIES = 16
"""How often a delivery is tried before Stripe gives it up: about three days."""


def create(call: Call, parameters: Parameters) -> Object:
    """Make an endpoint; only this answer carries its secret."""
    endpoint = _new(call, parameters["url"], parameters["enabled_events"], "whsec_" + new_id("s")[3:])
    endpoint["description"] = parameters.get("description")
    call.store.put(endpoint)
    return endpoint


def _new(call: Call, url: str, enabled_events: list[str], secret: str) -> Object:
    return shaped(
        stripe.WebhookEndpoint,
        id=new_id("we"),
        object="webhook_endpoint",
        api_version=stripe.api_version,
        created=call.now,
        enabled_events=enabled_events,
        livemode=False,
        metadata={},
        status="enabled",
        url=url,
        secret=secret,
    )


def ensure(call: Call, url: str, secret: str, enabled_events: list[str]) -> Object:
    """Make, or bring up to date, the endpoint for `url` with a chosen secret: for an embedded set-up."""
    for endpoint in call.store.all("webhook_endpoint"):
        if endpoint["url"] == url:
            return call.store.put({**endpoint, "secret": secret, "enabled_events": enabled_events, "status": "enabled"})
    return call.store.put(_new(call, url, enabled_events, secret))


def retrieve(call: Call, _: Parameters, endpoint: str) -> Object:
    """Return an endpoint, without its secret."""
    return _without_secret(call.found("webhook_endpoint", endpoint))


def update(call: Call, parameters: Parameters, endpoint: str) -> Object:
    """Change url, events, or whether it is disabled."""
    document = call.found("webhook_endpoint", endpoint)
    with_metadata(document, parameters.get("metadata"))
    for name in ("url", "enabled_events", "description"):
        if name in parameters:
            document[name] = parameters[name]
    if "disabled" in parameters:
        document["status"] = "disabled" if parameters["disabled"] else "enabled"
    return _without_secret(call.store.put(document))


def delete(call: Call, _: Parameters, endpoint: str) -> Object:
    """Delete an endpoint."""
    call.found("webhook_endpoint", endpoint)
    call.store.remove(endpoint)
    return {"id": endpoint, "object": "webhook_endpoint", "deleted": True}


def list_all(call: Call, parameters: Parameters) -> Object:
    """List the endpoints."""
    documents = [_without_secret(each) for each in call.store.all("webhook_endpoint")]
    return call.page("/v1/webhook_endpoints", documents, parameters)


def _without_secret(document: Object) -> Object:
    return {key: value for key, value in document.items() if key != "secret"}


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/webhook_endpoints",
        create,
        WebhookEndpointCreateParams,
        frozenset({"url", "enabled_events", "description", "metadata"}),
    ),
    Endpoint("GET", "/v1/webhook_endpoints", list_all, WebhookEndpointListParams, LISTING),
    Endpoint("GET", "/v1/webhook_endpoints/{endpoint}", retrieve),
    Endpoint(
        "POST",
        "/v1/webhook_endpoints/{endpoint}",
        update,
        WebhookEndpointUpdateParams,
        frozenset({"url", "enabled_events", "description", "metadata", "disabled"}),
    ),
    Endpoint("DELETE", "/v1/webhook_endpoints/{endpoint}", delete),
)


def signature(secret: str, payload: str, at: int) -> str:
    """Return the `Stripe-Signature` header: HMAC-SHA256 over time and payload (docs.stripe.com/webhooks)."""
    digest = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Deliverer:
    """Sends what is owed. What is owed is in the store, so a restart forgets nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Say that there may be something to deliver."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while True:
                self._woken.clear()
                pause = await self._deliver_due(client)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause)

    async def _deliver_due(self, client: httpx.AsyncClient) -> float:
        behaviour = events.settings(self._store)
        if behaviour["paused"]:
            return 1.0
        due = self._store.execute(
            "SELECT * FROM deliveries WHERE delivered = 0 AND attempts < ? AND due <= ? ORDER BY seq LIMIT 50",
            TRIES,
            time.time(),
        )
        if behaviour["shuffle"]:
            random.Random(f"{behaviour['seed']}:{len(due)}").shuffle(due)  # noqa: S311 - reproducible disorder
        for delivery in due:
            await self._deliver(client, delivery)
        waiting = self._store.execute(
            "SELECT min(due) AS due FROM deliveries WHERE delivered = 0 AND attempts < ?", TRIES
        )
        earliest = waiting[0]["due"]
        return 30.0 if earliest is None else min(30.0, max(0.0, earliest - time.time()))

    async def _deliver(self, client: httpx.AsyncClient, delivery: Object) -> None:
        event = self._store.get("event", delivery["event"])
        endpoint = self._store.get("webhook_endpoint", delivery["endpoint"])
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            self._store.execute("UPDATE deliveries SET attempts = ? WHERE seq = ?", TRIES, delivery["seq"])
            return
        payload, at = json.dumps(public(event)), int(time.time())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            # The wall clock, not the sandbox's: a receiver checks the age by its own.
            "Stripe-Signature": signature(endpoint["secret"], payload, at),
        }
        try:
            answer = await client.post(endpoint["url"], content=payload, headers=headers)
            delivered, said = answer.is_success, str(answer.status_code)
        except Exception as error:  # an address may be none at all; what is owed to others is still delivered
            delivered, said = False, type(error).__name__
        attempts = delivery["attempts"] + 1
        self._store.execute(
            "UPDATE deliveries SET attempts = ?, delivered = ?, due = ?, last_answer = ? WHERE seq = ?",
            attempts,
            int(delivered),
            time.time() + min(0.25 * 2**attempts, 6 * 3600),
            said,
            delivery["seq"],
        )
