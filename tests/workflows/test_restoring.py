"""R27: an account whose workflow was ended from outside is taken up again, and goes on as if nothing had happened."""

from datetime import datetime, timedelta

from reprise.accounts.client import Accounts
from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import RestoreAccount, SetCarts
from reprise.statemachine.timeline import Actor, ActorKind
from tests.product import Product
from tests.workflows import standings
from tests.workflows.hearing import heard_all
from tests.workflows.world import World, utc

OPERATOR = Actor(kind=ActorKind.OPERATOR, id="ada")


async def restore(world: World) -> AccountView:
    command = RestoreAccount(actor=OPERATOR, command_id=world.key())
    return (await Accounts(world.client).restore(world.account_id, command)).account


async def test_E23_terminated_and_restored_a_day_later(world: World) -> None:
    """The same account, by whom it was restored; it renews on 02-28 and 03-31 as before, one charge for each term."""
    await world.open()
    before = await world.see()
    await world.at("2027-02-10T10:00")
    await world.handle.terminate()
    await world.skip_to("2027-02-11T10:00")
    assert await restore(world) == before.model_copy(update={"sequence": before.sequence + 1})
    entry = (await world.timeline())[-1]
    assert (entry.type, entry.actor, entry.at) == ("account.restored", OPERATOR, utc("2027-02-11T10:00"))
    await world.at("2027-03-31T10:00:01")
    account = await world.until_it(lambda it: it.term is not None and it.term.end == utc("2027-04-30T10:00"))
    assert account.state == "active"
    assert world.charged() == [7500, 7500, 7500]


def life_of(account: AccountView) -> dict[str, object]:
    """What two accounts of one life have in common: instants in hours from the opening, and nobody's ids."""
    seen = account.model_dump(exclude={"account_id", "email", "sequence"})
    for theirs in ("key", "invoice_id", "action_url"):
        seen["payment"].pop(theirs)
    return {name: _from(account.opened_at, value) for name, value in seen.items()}


def _from(opened_at: datetime, value: object) -> object:
    if isinstance(value, datetime):
        return round((value - opened_at) / timedelta(hours=1), 1)
    return {name: _from(opened_at, each) for name, each in value.items()} if isinstance(value, dict) else value


async def test_R27_in_every_state_a_restored_account_lives_on_as_its_twin(world: World) -> None:
    """Terminated, and restored after a day, in every state; forty days later, nobody could tell which.

    The others, which the test server cannot describe any more: `tests/api/test_buttons.py`.
    """
    twins, ended = [
        await standings.one_of_each(World(world.env, world.stripe, f"{world.account_id}-{name}"))
        for name in ("twin", "ended")
    ]
    for name in ("held", "closed"):
        del ended[name]
    for each in ended.values():
        await each.handle.terminate()
    await world.env.sleep(timedelta(days=1))
    for each in ended.values():
        await restore(each)
    for days in (1, 8, 31):
        await world.env.sleep(timedelta(days=days, minutes=5))
        for name, each in ended.items():
            await twins[name].quiet()
            await each.quiet()
            assert life_of(await each.see()) == life_of(await twins[name].see()), (name, days)
            assert each.charged() == twins[name].charged(), name


async def test_R18_R27_what_was_not_announced_is(told: World, product: Product) -> None:
    """The product is away as the account ends and is restored: everything is told, in order, by one try at once."""
    product.answers = [500] * 3
    await told.open()
    await told.do(SetCarts(carts=4))
    await told.handle.terminate()
    product.answers.clear()
    await restore(told)
    await told.env.sleep(timedelta(minutes=5))
    await heard_all(told, product)
    assert product.sequences(told.account_id) == [1, 2, 3, 4]
    assert product.most_at_once[told.account_id] == 1
