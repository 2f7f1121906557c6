"""Webhooks come signed, at least once, and as badly as one asks for."""

from collections.abc import AsyncIterator
from threading import Thread
from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.receiver import SECRET, Receiver, heard
from tests.stripe_side import StripeSide
from tests.waiting import until


@pytest.fixture
async def receiver(stripe_side: StripeSide) -> AsyncIterator[Receiver]:
    server = Receiver()
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/hook"
    endpoint = stripe_side.post(
        "webhook_endpoints", {"url": url, "secret": SECRET, "enabled_events": ["customer.created"]}
    )
    yield server
    stripe_side.post("webhooks", {})
    stripe_side._http.delete(f"/v1/webhook_endpoints/{endpoint['id']}", headers={"Authorization": "Bearer sk_test_x"})
    server.shutdown()
    thread.join()
    server.server_close()


async def test_events_are_signed_and_only_those_asked_for(client: stripe.StripeClient, receiver: Receiver) -> None:
    """customer.created arrives and verifies; customer.updated was not asked for."""
    customer = await client.v1.customers.create_async({"name": "x"})
    await client.v1.customers.update_async(customer.id, {"name": "y"})
    await client.v1.customers.create_async({"name": "z"})
    events = await heard(receiver, 2)
    assert [event.type for event in events] == ["customer.created"] * 2
    assert events[0].data.object.id == customer.id


async def test_what_was_delivered_can_be_read_alone(
    client: stripe.StripeClient, receiver: Receiver, stripe_side: StripeSide
) -> None:
    """Without all else that the sandbox knows."""
    await client.v1.customers.create_async({})
    await heard(receiver, 1)
    dump = await until(
        lambda: stripe_side.dump("webhook_deliveries"), lambda it: bool(it["webhook_deliveries"][-1]["delivered"])
    )
    assert set(dump) == {"now", "webhook_deliveries"}


async def test_what_is_not_taken_comes_again(client: stripe.StripeClient, receiver: Receiver) -> None:
    """Twice refused, then taken."""
    receiver.answers = [500, 404]
    await client.v1.customers.create_async({})
    assert len(await heard(receiver, 1)) == 1


async def test_twice_and_in_another_order(
    client: stripe.StripeClient, receiver: Receiver, stripe_side: StripeSide
) -> None:
    """On demand: each event twice, shuffled; the same ids."""
    stripe_side.post("webhooks", {"duplicate": 1, "shuffle": True, "seed": 3})
    made = [(await client.v1.customers.create_async({})).id for _ in range(8)]
    events = await heard(receiver, 16)
    ids: list[Any] = [event.data.object.id for event in events]
    assert sorted(ids) == sorted(made * 2)
    assert ids != [each for each in made for _ in range(2)]


async def test_never(client: stripe.StripeClient, receiver: Receiver, stripe_side: StripeSide) -> None:
    """Dropped on demand; the next one still comes, and one can be sent again."""
    stripe_side.post("webhooks", {"drop_probability": 1})
    lost = await client.v1.customers.create_async({})
    stripe_side.post("webhooks", {})
    await client.v1.customers.create_async({})
    assert [event.data.object.id != lost.id for event in await heard(receiver, 1)] == [True]
    event = next(each for each in stripe_side.dump()["events"] if each["data"]["object"].get("id") == lost.id)
    stripe_side.post(f"events/{event['id']}/resend", {})
    assert (await heard(receiver, 2))[-1].data.object.id == lost.id
