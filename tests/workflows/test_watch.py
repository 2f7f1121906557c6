"""R8: a watch on ourselves. Whatever Stripe refuses, and for however long, no account asks or grows without a bound."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from reprise.statemachine.commands import SetCarts
from reprise.worker import account_worker
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.worker_side import worker_settings
from tests.workflows.stories import STORIES, Announcing, Story
from tests.workflows.world import World


class Refusal(NamedTuple):
    """What a call is answered with, for how long of the account's time, and how often it may be asked for in a day."""

    answer: dict[str, Any]
    lasts: timedelta
    requests_a_day: int
    """For each account: refused for our fault, calls are made hourly; failing, as often as the retry policy has it."""


WEEK, DAYS, DAY, HOURS = timedelta(days=7), timedelta(days=2), timedelta(days=1), timedelta(hours=3)
TRIED_HOURLY, RETRIED = 60, 700

REFUSALS = {
    "400": Refusal({"status": 400}, WEEK, TRIED_HOURLY),
    "401": Refusal({"status": 401}, WEEK, TRIED_HOURLY),
    "402": Refusal({"status": 402}, DAYS, TRIED_HOURLY),
    "403": Refusal({"status": 403}, WEEK, TRIED_HOURLY),
    "404": Refusal({"status": 404}, WEEK, TRIED_HOURLY),
    "409": Refusal({"status": 409}, DAY, RETRIED),
    "429": Refusal({"status": 429}, DAY, RETRIED),
    "500": Refusal({"status": 500}, DAY, RETRIED),
    "saved-500": Refusal({"status": 500, "saved": True}, DAY, RETRIED),
    "time-out": Refusal({"hang": True}, HOURS, RETRIED),
    "garbage": Refusal({"status": 200, "body": "garbage"}, DAY, RETRIED),
    "html": Refusal({"status": 502, "body": "html"}, DAY, RETRIED),
}
"""Every way in which Stripe, or what stands between, refuses a call."""

CALLS = {
    "making": (
        ("POST", r"/v1/customers"),
        ("POST", r"/v1/customers/[^/]+"),
        ("POST", r"/v1/payment_methods/[^/]+/attach"),
        ("POST", r"/v1/invoices/[^/]+/pay"),
        ("POST", r"/v1/invoices/[^/]+/void"),
        ("GET", r"/v1/refunds/[^/]+"),
    ),
    "finalizing": (("GET", r"/v1/customers"), ("POST", r"/v1/invoices/[^/]+/finalize")),
    "invoicing": (("POST", r"/v1/invoices"),),
    "lines": (("POST", r"/v1/invoiceitems"), ("POST", r"/v1/invoices/[^/]+/add_lines")),
    "listing": (("GET", r"/v1/invoices"),),
    "reading": (("GET", r"/v1/(invoices|customers|payment_intents|payment_methods)/[^/]+"), ("GET", r"/v1/invoice.+")),
    "everything": (("*", r"/v1/.*"),),
}
"""Every call that Reprise makes, in rounds: within one, each account meets a refusal of one call of its own."""

A_WHILE = timedelta(minutes=20)

MOST_EVENTS_A_DAY = 500
"""What an account's history may grow by in a day (E21)."""

AS_IN_AN_OUTAGE = {("401", "making"), ("403", "making")}
"""Where money may have been asked for, as by `pay`, a refused key is no refusal: it is not known how it went (R8)."""

IN_MAKE_TEST = (("401", "everything", DAYS),)
"""`make longlife` has each refusal of each call, for as long as `REFUSALS` says."""


@pytest.fixture
async def world(env: WorkflowEnvironment, stripe_side: StripeSide, product: Product) -> AsyncIterator[World]:
    """A world in which Stripe is asked once for each try, and not waited for: time passes quickly here."""
    settings = worker_settings(
        stripe_side,
        announcements_url=product.url,
        announcements_secret=product.secret,
        stripe_retries=0,
        stripe_timeout=0.3,
    )
    async with account_worker(env.client, settings):
        here = World(env, stripe_side, "watched")
        await here.skip_to("2027-01-31T10:00")
        yield here


@pytest.mark.parametrize(
    ("refusal", "calls", "lasts"),
    [
        *IN_MAKE_TEST,
        *(
            pytest.param(name, round_, refusal.lasts, marks=pytest.mark.long)
            for name, refusal in REFUSALS.items()
            for round_ in CALLS
        ),
    ],
    ids=str,
)
async def test_R8_whatever_is_refused_each_account_asks_little_and_is_right_after_the_mend(
    world: World,
    product: Product,
    refusal: str,
    calls: str,
    lasts: timedelta,
    record_property: Callable[[str, object], None],
) -> None:
    """Opening, renewing, changing card and e-mail, voiding, looking: for as long as it lasts; charged once then."""
    answer, _, requests_a_day = REFUSALS[refusal]
    if (refusal, calls) in AS_IN_AN_OUTAGE:
        requests_a_day = RETRIED
    stripe = world.stripe
    stories: list[Story] = [
        kind(World(world.env, stripe, f"{kind.__name__.lower()}-{refusal}-{calls}-{stripe.port}"), product)
        for kind in STORIES
        if kind is not Announcing
    ]
    for story in stories:
        await story.begin()
    await world.env.sleep(timedelta(seconds=59))
    for method, path in CALLS[calls]:
        stripe.fault(method=method, path=path, times=None, **answer)
    await world.env.sleep(timedelta(seconds=1))
    for story in stories:
        await story.meet()
    requests, grown, last = [], [await events(stories)], stripe.latest_request()
    for _ in range(max(lasts // DAY, 1)):
        for _ in range(8):
            await pass_time(world, min(lasts, DAY) / 8, at_once=HOURS if requests_a_day == TRIED_HOURLY else A_WHILE)
        counted = stripe.counts(since=last)
        last = counted["last"]
        requests.append(counted["total"])
        grown.append(await events(stories))
    growth = [max(after[n] - before[n] for n in after) for before, after in pairwise(grown)]
    record_property(
        "figure", f"{refusal} on {calls}: {max(requests)} requests and {max(growth)} events a day at the most"
    )
    assert max(requests) <= requests_a_day * len(stories)
    assert max(growth) <= MOST_EVENTS_A_DAY
    stripe.no_faults()
    for _ in range(8):
        await pass_time(world, timedelta(hours=6), at_once=HOURS)
    for story in stories:
        await story.mended()
        if (await story.world.see()).state != "closed":
            assert (await story.world.do(SetCarts(carts=9))).account.carts == 9
        kinds = [each.event_type for each in await story.world.events()]
        assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in kinds, story.world.account_id


async def pass_time(world: World, span: timedelta, *, at_once: timedelta) -> None:
    """Let time pass for the accounts, and for Stripe, which forgets idempotency keys after a day.

    A little at a time: the test server's own call ends after half a minute, and what is retried meanwhile is real.
    """
    world.stripe.advance(int(span.total_seconds()))
    while span > timedelta(0):
        await world.env.sleep(min(span, at_once))
        span -= at_once


async def events(stories: list[Story]) -> dict[str, int]:
    """Return how many events the present run of each account has."""
    return {each.world.account_id: len(await each.world.events()) for each in stories}
