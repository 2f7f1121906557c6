"""R15, R22, R24: each subject that is hinted at is looked at once, and hints cost a bounded number of looks."""

from datetime import timedelta

from temporalio.api.enums.v1 import EventType

from reprise.activities import names
from reprise.workflows import hints
from reprise.workflows.hints import MAX_HINTED_POLLS_PER_DAY, MAX_SUBJECTS, Hints
from reprise.workflows.messages import AccountRun, HeldHints, PaymentHint
from tests.waiting import until
from tests.workflows.world import World, utc

NOW = utc("2027-01-31T10:00")


def of(n: int) -> PaymentHint:
    return PaymentHint(payment_key=f"shop:{n}")


def taken(waiting: Hints, at: timedelta) -> list[PaymentHint]:
    """Take all hints that may be taken at an instant; each causes a look."""
    found = []
    while waiting.are_due(NOW + at):
        found.append(waiting.take())
        waiting.polled(NOW + at)
    return found


async def looks(world: World, activity: str = names.RETRIEVE_INVOICE) -> int:
    """Count how often an account has looked, in its present run."""
    return sum(
        each.activity_task_scheduled_event_attributes.activity_type.name == activity
        for each in await world.events()
        if each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    )


def test_R15_hints_of_one_subject_are_one_in_the_order_of_their_coming() -> None:
    """A payment, a refund, the account in general."""
    waiting = Hints(HeldHints())
    for hint in (of(2), PaymentHint(refund_id="re_1"), of(1), of(2), PaymentHint(), PaymentHint(event_id="evt_2")):
        waiting.add(hint)
    subjects = [(each.payment_key, each.refund_id) for each in taken(waiting, timedelta(0))]
    assert subjects == [("shop:2", None), (None, "re_1"), ("shop:1", None), (None, None)]


def test_R15_too_many_subjects_are_one_look_in_general() -> None:
    """The first are looked at one by one."""
    waiting = Hints(HeldHints())
    for n in range(100):
        waiting.add(of(n))
    found = taken(waiting, timedelta(0))
    assert found[:-1] == [of(n) for n in range(MAX_SUBJECTS)]
    assert (found[-1].payment_key, found[-1].refund_id) == (None, None)


def test_R15_too_many_looks_in_a_day_and_hints_are_taken_once_an_hour() -> None:
    """None is lost; on the next day they are taken at once again."""
    waiting = Hints(HeldHints())
    for n in range(MAX_HINTED_POLLS_PER_DAY):
        waiting.add(of(n))
        assert taken(waiting, timedelta(0)) == [of(n)]
    for n in range(3):
        waiting.add(of(n))
    assert taken(waiting, timedelta(minutes=59)) == []
    assert taken(waiting, timedelta(hours=1)) == [of(0), of(1), of(2)]
    waiting.add(of(4))
    assert taken(waiting, timedelta(hours=1, minutes=59)) == []
    assert taken(waiting, timedelta(hours=2)) == [of(4)]
    for n in range(3):
        waiting.add(of(n))
        assert taken(waiting, timedelta(hours=25)) == [of(n)]


def test_R15_what_is_held_goes_on_in_the_next_run() -> None:
    """With the count of the day."""
    waiting = Hints(HeldHints())
    for n in range(MAX_HINTED_POLLS_PER_DAY):
        waiting.add(of(n))
        taken(waiting, timedelta(0))
    for n in range(3):
        waiting.add(of(n))
    held = AccountRun.model_validate_json(AccountRun(held=waiting.held()).model_dump_json()).held
    assert held == HeldHints(hints=(of(0), of(1), of(2)), looks=MAX_HINTED_POLLS_PER_DAY, since=NOW)
    next_run = Hints(held)
    assert taken(next_run, timedelta(minutes=1)) == [of(0), of(1), of(2)][:1], "and then an hour's hold"
    assert taken(next_run, timedelta(hours=2)) == [of(1), of(2)]


async def test_R22_R24_each_payment_and_refund_that_is_hinted_at_is_looked_at(world: World) -> None:
    """In service, with nothing awaited: a look for each, whatever comes beside it."""
    await world.open()
    hinted = [of(7), of(8), of(7), PaymentHint(refund_id="re_1Unknown"), PaymentHint(), PaymentHint()]
    for hint in hinted:
        await world.handle.signal("payment_hint", hint)
    await until(lambda: looks(world), lambda times: times >= 2, seconds=30)
    await until(lambda: looks(world, names.RETRIEVE_REFUND), seconds=30)
    await world.quiet()
    assert await looks(world) <= 3, "one more, if the same hint came when its look was under way"
    assert await looks(world, names.RETRIEVE_REFUND) == 1


async def test_R15_a_day_of_hints_costs_a_bounded_number_of_looks(world: World) -> None:
    """One every twelve minutes, of a payment that nobody knows: as a shop at the same customer would make them."""
    await world.open()
    for n in range(24 * 5):
        await world.handle.signal("payment_hint", of(n))
        await world.env.sleep(timedelta(minutes=12))
    await world.env.sleep(timedelta(hours=1))
    await world.quiet()
    spent = await looks(world)
    assert MAX_HINTED_POLLS_PER_DAY <= spent <= MAX_HINTED_POLLS_PER_DAY + 24 * 5 // 2
    assert (await world.see()).next is not None
    assert hints.MAX_HINTED_POLLS_PER_DAY == MAX_HINTED_POLLS_PER_DAY
