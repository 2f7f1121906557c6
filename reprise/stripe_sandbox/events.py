"""Events: what happened, in Stripe's shape, and who is owed a webhook for it."""

import json
import random
import time
from typing import Any

import stripe

from reprise.stripe_sandbox import clock
from reprise.stripe_sandbox.expanding import completed
from reprise.stripe_sandbox.shapes import public, shaped
from reprise.stripe_sandbox.store import Object, Store, new_id


def record(
    store: Store,
    kind: str,
    document: Object,
    previous: Object | None,
    idempotency_key: str | None,
    request_id: str | None,
) -> Object:
    """Write an event and a delivery for each endpoint that is enabled for it."""
    data: dict[str, Any] = {"object": public(completed(store, document))}
    if previous is not None:
        data["previous_attributes"] = previous
    event = shaped(
        stripe.Event,
        id=new_id("evt"),
        object="event",
        api_version=stripe.api_version,
        created=clock.now(store),
        data=data,
        livemode=False,
        pending_webhooks=0,
        request={"id": request_id, "idempotency_key": idempotency_key},
        type=kind,
    )
    endpoints = [each for each in store.all("webhook_endpoint") if _wants(each, kind)]
    event["pending_webhooks"] = len(endpoints)
    store.put(event)
    for endpoint in endpoints:
        owe(store, event["id"], endpoint["id"])
    return event


def owe(store: Store, event_id: str, endpoint_id: str) -> None:
    """Put a delivery into the queue, as often and as late as the webhook settings say."""
    behaviour = settings(store)
    rng = random.Random(f"{behaviour['seed']}:{event_id}:{endpoint_id}")  # noqa: S311 - reproducible disorder
    if rng.random() < behaviour["drop_probability"]:
        return
    for _ in range(1 + behaviour["duplicate"]):
        delay = behaviour["delay_seconds"] + (rng.random() * 2 if behaviour["shuffle"] else 0)
        store.execute(
            "INSERT INTO deliveries (event, endpoint, due) VALUES (?, ?, ?)",
            event_id,
            endpoint_id,
            time.time() + delay,
        )


def settings(store: Store) -> dict[str, Any]:
    """Return how webhooks behave now."""
    defaults = {
        "duplicate": 0,
        "shuffle": False,
        "delay_seconds": 0.0,
        "drop_probability": 0.0,
        "paused": False,
        "seed": 0,
    }
    return {**defaults, **json.loads(store.setting("webhooks", "{}"))}


def _wants(endpoint: Object, kind: str) -> bool:
    return endpoint["status"] == "enabled" and ("*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"])
