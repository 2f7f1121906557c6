"""R8, E21: a watch on ourselves, whatever Stripe refuses, and however long.

An account asks a bounded number of times a day and leaves a bounded history; and after the mend it is right: charged
once for each month it had.

`make test` tries a few of the calls and refusals, `make longlife` each with each.
"""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from reprise.statemachine.account import AccountState
from reprise.worker import account_worker
from reprise.workflows.messages import AccountView, Cancel, Reactivate
from tests.stripe_side import StripeSide
from tests.workflows.conftest import worker_settings
from tests.workflows.world import World

CALLS: dict[str, tuple[str, str]] = {
    "find the customer": ("GET", "/v1/customers"),
    "make the customer": ("POST", "/v1/customers"),
    "attach the card": ("POST", "/v1/payment_methods/[^/]+/attach"),
    "make the card the default": ("POST", "/v1/customers/[^/]+"),
    "look at the invoices": ("GET", "/v1/invoices"),
    "make the invoice": ("POST", "/v1/invoices"),
    "add its line": ("POST", "/v1/invoiceitems"),
    "read the invoice": ("GET", "/v1/invoices/[^/]+"),
    "finalize it": ("POST", "/v1/invoices/[^/]+/finalize"),
    "pay it": ("POST", "/v1/invoices/[^/]+/pay"),
    "anything": ("*", "/v1/.*"),
}
"""Every request of an opening and of a renewal."""

REFUSALS: dict[str, dict[str, Any]] = {
    "400": {"status": 400},
    "401": {"status": 401},
    "402": {"status": 402},
    "403": {"status": 403},
    "404": {"status": 404},
    "409": {"status": 409},
    "429": {"status": 429},
    "500": {"status": 500},
    "saved 500": {"status": 500, "saved": True},
    "500 after it was done": {"status": 500, "when": "after"},
    "time-out": {"hang": True},
    "garbage": {"status": 200, "body": "garbage"},
    "HTML": {"status": 502, "body": "html"},
}

REQUESTS_A_DAY, REQUESTS_REFUSED_AT_ONCE, REQUESTS_WHILE_AWAY = 150, 60, 1_500
"""What an account may ask of Stripe in a day: while it is refused, hourly, on its way or at its first request (E21);
and while it cannot know what has happened."""

EVENTS_A_DAY = 500
"""What a day may add to an account's history."""

NOT_KNOWN = frozenset({"409", "429", "500", "saved 500", "500 after it was done", "time-out", "garbage", "HTML"})
"""Refusals that say nothing of what has happened: they are asked again until it is known."""

EACH = [(call, refusal) for call in CALLS for refusal in REFUSALS]
SOME = [
    ("anything", "401"),
    ("find the customer", "403"),
    ("make the invoice", "400"),
    ("finalize it", "404"),
    ("pay it", "402"),
    ("pay it", "500 after it was done"),
    ("look at the invoices", "garbage"),
]
CASES = [pytest.param(*case, marks=[] if case in SOME else [pytest.mark.long]) for case in EACH]


@asynccontextmanager
async def world_of(env: WorkflowEnvironment, stripe: StripeSide) -> AsyncIterator[World]:
    """A worker that waits a moment for Stripe, and asks once in each try."""
    async with account_worker(env.client, worker_settings(stripe, stripe_timeout=0.3, stripe_retries=0)):
        here = World(env, stripe, f"acct-{uuid.uuid4().hex[:12]}")
        await here.skip_to("2027-01-31T10:00")
        yield here


async def refuse(stripe: StripeSide, call: str, refusal: str) -> None:
    method, path = CALLS[call]
    await asyncio.to_thread(stripe.fault, method=method, path=path, times=None, **REFUSALS[refusal])


def bound(call: str, refusal: str) -> int:
    """Return how many requests a day may have."""
    if refusal in NOT_KNOWN:
        return REQUESTS_WHILE_AWAY
    return REQUESTS_REFUSED_AT_ONCE if call == "anything" else REQUESTS_A_DAY


async def bear(world: World, days: int, most: int) -> None:
    """Let days pass, and hold each to its bounds."""
    for day in range(days):
        asked, run, written = len(await asyncio.to_thread(world.stripe.requests)), *(await written_so_far(world))
        await world.env.sleep(timedelta(days=1))
        more = len(await asyncio.to_thread(world.stripe.requests)) - asked
        now, events = await written_so_far(world)
        grown = events - written if now == run else events
        assert more <= most, f"{more} requests on day {day}"
        assert grown <= EVENTS_A_DAY, f"{grown} events on day {day}"


async def written_so_far(world: World) -> tuple[str, int]:
    """Return the account's present run, and how long its history is."""
    run, events, _ = await world.last_event()
    return run, events


async def mended(world: World) -> AccountView:
    """Mend Stripe, and let a day pass; then what was asked of a person is done by them."""
    await asyncio.to_thread(world.stripe.no_faults)
    await world.env.sleep(timedelta(days=1))
    await world.quiet()
    account = await world.see()
    if not account.in_service or account.state is AccountState.PAST_DUE:
        await world.card("pm_card_visa")
    if not (await world.see()).in_service:
        await world.do(Reactivate())
    return await world.see()


@pytest.mark.parametrize(("call", "refusal"), CASES)
async def test_E21_an_opening_that_is_refused(
    env: WorkflowEnvironment, stripe_side: StripeSide, call: str, refusal: str
) -> None:
    """For a week, or a day where it is asked each five minutes; then open, and charged once."""
    days = 1 if refusal in NOT_KNOWN else 7
    async with world_of(env, stripe_side) as world:
        await refuse(stripe_side, call, refusal)
        opening = asyncio.create_task(world.open())
        await world.started()
        await bear(world, days, bound(call, refusal))
        account = await mended(world)
        await asyncio.gather(opening, return_exceptions=True)  # who opened it may have given up waiting
        assert (account.in_service, world.charged()) == (True, [7500])


@pytest.mark.parametrize(("call", "refusal"), CASES)
async def test_R9_a_renewal_that_is_refused(
    env: WorkflowEnvironment, stripe_side: StripeSide, call: str, refusal: str
) -> None:
    """The account works meanwhile, if nobody but we are at fault; after the mend it has paid each month once."""
    days = 1 if refusal in NOT_KNOWN else 6
    async with world_of(env, stripe_side) as world:
        await world.open()
        await world.at("2027-02-28T09:00")
        await refuse(stripe_side, call, refusal)
        await bear(world, days, bound(call, refusal))
        account = await mended(world)
        assert (account.state, world.charged()) == (AccountState.ACTIVE, [7500, 7500])


@pytest.mark.parametrize("refusal", ["401", pytest.param("404", marks=pytest.mark.long), "500"])
async def test_E20_a_void_that_is_refused(env: WorkflowEnvironment, stripe_side: StripeSide, refusal: str) -> None:
    """Owed until it is done; nothing is charged for it."""
    async with world_of(env, stripe_side) as world:
        await world.open()
        await asyncio.to_thread(stripe_side.behave, await customer_of(world), decline_code="insufficient_funds")
        await world.at("2027-03-02T09:00")
        await asyncio.to_thread(
            stripe_side.fault, method="POST", path="/v1/invoices/[^/]+/void", times=None, **REFUSALS[refusal]
        )
        cancelling = asyncio.create_task(world.do(Cancel()))
        await bear(world, 1 if refusal in NOT_KNOWN else 7, bound("void it", refusal))
        await asyncio.to_thread(stripe_side.no_faults)
        await world.env.sleep(timedelta(days=1))
        await asyncio.gather(cancelling, return_exceptions=True)
        await world.quiet()
        statuses = [each["status"] for each in world.invoices()]
        assert (statuses, world.charged()) == (["paid", "void"], [7500])


async def customer_of(world: World) -> str:
    customer: str = await world.handle.query("customer_id")
    return customer


def test_each_call_and_each_refusal_is_tried() -> None:
    """The long run leaves none out."""
    assert [tuple(case.values) for case in CASES] == list(itertools.product(CALLS, REFUSALS))
    assert set(SOME) <= set(EACH)
