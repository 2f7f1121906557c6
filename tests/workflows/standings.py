"""Accounts on a real worker, one in each standing: state, and what is under way beside it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from reprise.statemachine.commands import Cancel, Close, Disable, Reactivate
from tests.workflows.world import World


async def active(world: World) -> None:
    await world.open()


async def cancelled(world: World) -> None:
    await world.open()
    await world.do(Cancel())


async def past_due(world: World) -> None:
    """Its term ends in half a minute, and its card is bad."""
    now = await world.now()
    await world.open(paid_through=now + timedelta(seconds=30), payment_method="pm_card_chargeCustomerFail")


async def disabled(world: World) -> None:
    await world.open(paid_through=await world.now() - timedelta(days=3))


async def held(world: World) -> None:
    await world.open()
    await world.do(Disable(reason="check"))


async def reactivated(world: World) -> None:
    await disabled(world)
    await world.do(Reactivate())


async def awaiting_authentication(world: World) -> None:
    await world.open(payment_method="pm_card_authenticationRequired")


async def closed(world: World) -> None:
    await world.open()
    await world.do(Close())
    await world.until("closed")


Standing = Callable[[World], Awaitable[None]]

STANDINGS: dict[Standing, str] = {
    active: "active",
    cancelled: "cancelled",
    past_due: "past_due",
    disabled: "disabled",
    held: "disabled",
    reactivated: "reactivated",
    awaiting_authentication: "disabled",
    closed: "closed",
}
"""Each standing, and the state that it is in a minute after it was brought about."""


async def one_of_each(world: World, *, announce: bool = False) -> dict[str, World]:
    """Bring about an account of each standing, in a world that several accounts share."""
    here = {}
    for standing in STANDINGS:
        each = World(world.env, world.stripe, f"{world.account_id}-{standing.__name__.replace('_', '-')}")
        each.announce = announce
        await standing(each)
        here[standing.__name__] = each
    await world.env.sleep(timedelta(minutes=1, seconds=1))
    for standing, state in STANDINGS.items():
        await here[standing.__name__].until(state)
        await here[standing.__name__].quiet()
    return here
