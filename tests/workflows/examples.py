"""Accounts brought to where several of the worked examples begin."""

from reprise.statemachine.commands import Cancel
from tests.workflows.world import World


async def cancelled(world: World) -> None:
    """E2: opened 2027-01-31T10:00Z, cancelled on 10 February."""
    await world.open()
    await world.at("2027-02-10T10:00")
    await world.do(Cancel())


async def past_due(world: World) -> None:
    """E7 as far as the first failed renewal: the card goes bad before 28 February."""
    await world.open()
    await world.at("2027-02-20T10:00")
    await world.card("pm_card_chargeCustomerFail")
    await world.at("2027-02-28T10:00:01")
