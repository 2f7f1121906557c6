"""R14: every command comes as a signal too, as the Temporal UI and `Prefer: respond-async` send it; none is lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, get_args

from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    Reactivate,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)
from reprise.statemachine.money import Plan
from tests.workflows import standings
from tests.workflows.standings import Standing
from tests.workflows.world import World, utc


class Sent(NamedTuple):
    """A command, the standing in which it does something, and what is so after it."""

    standing: Standing
    command: AnyCommand
    done: Callable[[AccountView], bool]


SIGNALLED = (
    Sent(standings.active, Cancel(), lambda now: now.state == "cancelled"),
    Sent(standings.cancelled, Reactivate(), lambda now: now.state == "active"),
    Sent(standings.disabled, Reactivate(expected_amount=7500), lambda now: now.payment.status == "paid"),
    Sent(standings.active, SetCarts(carts=8), lambda now: now.carts == 8),
    Sent(standings.active, SetPaymentMethod(payment_method="pm_card_mastercard"), lambda now: now.sequence == 3),
    Sent(standings.active, SetEmail(email="ada@example.com"), lambda now: now.email == "ada@example.com"),
    Sent(standings.active, Disable(reason="check"), lambda now: now.disabled_reason == "operator"),
    Sent(standings.held, Enable(), lambda now: now.state == "reactivated"),
    Sent(standings.active, ExtendTerm(days=3), lambda now: bool(now.term and now.term.end >= utc("2027-03-03T10:00"))),
    Sent(
        standings.active,
        ChangePlan(plan=Plan(currency="usd", unit_amount=990)),
        lambda now: now.plan.unit_amount == 990,
    ),
    Sent(standings.active, Close(), lambda now: now.state == "closed"),
)


def test_every_command_is_tried() -> None:
    """One command, one signal."""
    assert {type(each.command) for each in SIGNALLED} == set(get_args(AnyCommand))


async def test_R14_each_command_as_a_signal_is_taken_once(world: World) -> None:
    """However often it comes under its id; and a repeat as an update gets the first answer."""
    accounts = [World(world.env, world.stripe, f"{world.account_id}-{n}") for n in range(len(SIGNALLED))]
    for each, sent in zip(accounts, SIGNALLED, strict=True):
        await sent.standing(each)
    before = [await each.see() for each in accounts]
    for each, sent in zip(accounts, SIGNALLED, strict=True):
        command = sent.command.model_copy(update={"command_id": "once"})
        for _ in range(3):
            await each.handle.signal(command.name, command)
    for each, sent, was in zip(accounts, SIGNALLED, before, strict=True):
        assert not sent.done(was)
        account = await each.until_it(sent.done)
        await each.quiet()
        assert (await each.see()).sequence == was.sequence + 1, f"{sent.command.name}: once"
        if account.state != "closed":
            again = await each.do(sent.command.model_copy(update={"command_id": "once"}))
            assert again.account.sequence == account.sequence


async def test_R14_a_reactivation_as_a_signal_waits_for_stripe_and_is_not_lost(world: World) -> None:
    """Sent while Stripe is away; the account comes back when Stripe does, charged once."""
    await standings.disabled(world)
    world.stripe.fault(method="*", path="/v1/.*", when="before", status=503, times=7)
    await world.handle.signal("reactivate", Reactivate(expected_amount=7500, command_id="back"))
    await world.env.sleep(timedelta(minutes=10))
    assert (await world.until("reactivated")).payment.status == "paid"
    assert (await world.do(Reactivate(expected_amount=7500, command_id="back"))).account.state == "reactivated"
    assert world.charged() == [7500]


async def test_R14_a_refused_signal_leaves_its_refusal_for_whoever_asks_again(world: World) -> None:
    """The same id as an update: the first answer, which is why it was refused."""
    await standings.disabled(world)
    command = Reactivate(expected_amount=1, command_id="dear")
    await world.handle.signal("reactivate", command)
    await world.quiet()
    answer = await world.do(command)
    assert answer.refusal is not None
    assert answer.refusal.code == "quote_changed"
    assert world.charged() == []
