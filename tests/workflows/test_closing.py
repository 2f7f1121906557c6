"""R13: the run of a closed account names nobody, whatever its life was and whatever is still under way (row 3)."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.testing import WorkflowEnvironment

from reprise.statemachine import editions
from reprise.statemachine.commands import Cancel, Close, Disable, OpenAccount, Reactivate, SetCarts, SetEmail
from reprise.statemachine.money import Plan
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.worker import account_worker
from reprise.workflows.messages import OPENED_BY, OPENING, Answer
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.world import World

USER = Actor(kind=ActorKind.USER, id="user-ada")
OPERATOR = Actor(kind=ActorKind.OPERATOR, id="operator-bob")
PEOPLE = ("user-ada", "operator-bob", " ada", "ada ", " bob", "bob ", "owner@", "new@", "moving to Rome")


@pytest.fixture
async def told(env: WorkflowEnvironment, stripe_side: StripeSide, product: Product) -> AsyncIterator[World]:
    """A world whose product hears of nothing: all of it waits in the outbox."""
    product.answers = [500] * 1000
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(env.client, settings):
        here = World(env, stripe_side, f"closing-{uuid.uuid4().hex[:12]}")
        await here.skip_to("2027-01-31T10:00")
        yield here


async def lived(world: World, edition: int, *, announce: bool = True) -> None:
    """Many have had to do with the account, under ids and keys that name them."""
    opening = OpenAccount(
        command_id="opened by bob", account_id=world.account_id, email="owner@example.com", carts=3,
        plan=Plan(currency="usd", unit_amount=2500), payment_method="pm_card_visa", actor=OPERATOR,
    )  # fmt: skip
    await world.open_with(opening, announce=announce, edition=edition)
    await world.do(SetCarts(carts=4, actor=USER, command_id="carts of ada"))
    await world.do(SetEmail(email="new@example.com", actor=USER, command_id="mail of ada"))
    await world.do(Cancel(when="now", feedback="other", reason="moving to Rome", actor=USER, command_id="ada leaves"))
    await world.do(Reactivate(actor=USER, command_id="ada returns"))
    await world.do(Disable(reason="a call from ada", actor=OPERATOR, command_id="bob disables"))


async def closed(world: World, close: Close) -> dict[str, Any]:
    """Close the account, and return the closed run's input.

    By a signal: the test server forgets the answer of an update whose run has ended, which the real one keeps.
    """
    await world.handle.signal(close.name, close)
    await world.until("closed")
    await until(world.events, lambda them: _started(them).continued_execution_run_id, seconds=30)
    await world.quiet()
    (payload,) = _started(await world.events()).input.payloads
    given: dict[str, Any] = json.loads(payload.data)
    assert given["account"] is not None, "it is a run that goes on"
    return given


def _started(events: list[HistoryEvent]) -> WorkflowExecutionStartedEventAttributes:
    return events[0].workflow_execution_started_event_attributes


async def named(world: World) -> list[str]:
    """Whom the history of the account's present run names, anywhere in it. As JSON it would be in Base64."""
    whole = b"".join([event.SerializeToString() for event in await world.events()])
    return [each for each in PEOPLE if each.encode() in whole]


@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
async def test_R13_the_run_of_a_closed_account_names_nobody(told: World, edition: int) -> None:
    """Not the record, not the outbox, not the ids of answered commands, not the memo: nothing in its whole history."""
    await lived(told, edition)
    assert len(await named(told)) > 5, "it would be found"
    close = Close(actor=OPERATOR, command_id="bob closes")
    given = await closed(told, close)
    assert not await named(told)
    assert [each["type"] for each in given["outbox"]][-1] == "account.closed"
    assert given["outbox"][0]["type"] == "account.opened"
    assert await (await told.handle.describe()).memo() == {OPENED_BY: "", OPENING: ""}
    (answered,) = given["answered"]
    assert answered["command_id"].startswith("sha256-")
    again = await told.do(close)
    assert again == Answer.model_validate(answered["answer"]), "a repeat of the close is known all the same (R14)"


async def test_R13_the_customer_at_stripe_names_nobody_either(told: World) -> None:
    """By the time that closing is answered."""
    await lived(told, editions.NEWEST)
    await closed(told, Close(actor=OPERATOR))
    mine = told.stripe.customers(told.account_id)
    assert [(each["email"], each["invoice_settings"]["default_payment_method"]) for each in mine] == [(None, None)]
    assert told.charged() == [7500]


async def test_R13_a_run_of_the_first_edition_has_its_customer_erased_by_the_next(told: World) -> None:
    """R28: its decisions stay what they were; the closed run begins with what it left undone."""
    await lived(told, editions.FIRST)
    await closed(told, Close(actor=OPERATOR))
    mine = told.stripe.customers(told.account_id)
    assert [each["email"] for each in mine] == [None]
    assert [each.type for each in await told.timeline()][-1] == "account.customer_erased"


async def test_R13_while_stripe_refuses_the_account_is_closed_and_the_next_run_goes_on_trying(world: World) -> None:
    """The closed run names nobody, though Stripe does still; once it may, it is done."""
    await lived(world, editions.NEWEST, announce=False)
    world.stripe.fault(path="/v1/customers/[^/]+/payment_methods", method="GET", status=401, times=2)
    given = await closed(world, Close(actor=OPERATOR, command_id="bob closes"))
    assert given["account"]["erasure_owed"] is not None
    assert not [each for each in PEOPLE if each in json.dumps(given)]
    await world.at("2027-02-01T10:01")
    await world.at("2027-02-02T10:02")
    assert [each.type for each in await world.timeline()][-3:] == [
        "account.closed", "account.customer_not_erased", "account.customer_erased",
    ]  # fmt: skip
    assert (await world.see()).next is None


async def test_R13_what_is_told_after_the_closing_keeps_its_reason(told: World) -> None:
    """It is Stripe's, and for operators."""
    await lived(told, editions.NEWEST)
    told.stripe.fault(path="/v1/customers/[^/]+/payment_methods", method="GET", status=401, times=1)
    given = await closed(told, Close(actor=OPERATOR))
    last = given["outbox"][-1]
    assert last["type"] == "account.customer_not_erased"
    assert last["reason"].startswith("Invalid API Key")
