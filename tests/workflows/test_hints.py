"""R15, R22, R24: each subject that is hinted at is looked at once, and hints cost a bounded number of looks."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from reprise.activities import names
from reprise.statemachine import editions
from reprise.statemachine.commands import SetEmail
from reprise.statemachine.outcomes import EmailChanged, InvoiceObserved, InvoiceState, NothingObserved
from reprise.workflows import hints
from reprise.workflows.hints import MAX_HINTED_POLLS_PER_DAY, Hints
from reprise.workflows.messages import AccountRun, HeldHints, PaymentHint
from tests.waiting import until
from tests.workflows.tasks import (
    A_MOMENT,
    HOUR,
    MINUTE,
    Run,
    active,
    activities,
    activity,
    answered,
    run_of,
    signal,
    summaries,
    timers,
    unpaid,
    update,
)
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
    assert found == [*(of(n) for n in range(20)), PaymentHint()]


def test_R15_what_waits_already_is_looked_at_by_itself_however_much_waits() -> None:
    """The latest of a subject is kept; what else comes is one look in general."""
    waiting = Hints(HeldHints())
    for n in range(20):
        waiting.add(of(n))
    again = of(3).model_copy(update={"event_id": "evt_2"})
    for hint in (again, of(20), of(21), PaymentHint(event_type="customer.deleted")):
        waiting.add(hint)
    assert waiting.held().hints == (*(again if n == 3 else of(n) for n in range(20)), PaymentHint())


def test_R23_a_deleted_customer_is_a_subject_of_its_own() -> None:
    """Beside a look in general, which would not find it."""
    waiting = Hints(HeldHints())
    hints = (PaymentHint(event_type="invoice.paid"), PaymentHint(event_type="customer.deleted"), PaymentHint())
    for hint in hints:
        waiting.add(hint)
    assert waiting.held().hints == (PaymentHint(), PaymentHint(event_type="customer.deleted"))


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


@pytest.mark.parametrize(("after", "looks"), [(timedelta(days=1), 1), (timedelta(days=1, microseconds=-1), 3)])
def test_R15_a_day_is_over_after_a_day(after: timedelta, looks: int) -> None:
    """Then looks are counted anew."""
    waiting = Hints(HeldHints(looks=2, since=NOW))
    waiting.add(of(1))
    assert taken(waiting, after) == [of(1)]
    assert waiting.held().looks == looks


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
    assert next_run.held().looks == MAX_HINTED_POLLS_PER_DAY
    assert taken(next_run, timedelta(hours=2)) == [of(1), of(2)]


# ---------------------------------------------------------------------- by the workflow


def look(run: Run, n: int) -> list[WorkflowCommand]:
    """Let a refund be hinted at, and looked at without finding it."""
    asked = activity(run.task(signal("payment_hint", PaymentHint(refund_id=f"re_{n}"))))
    return run.task(answered(asked, NothingObserved(reason="No such refund")))


def holds(commands: list[WorkflowCommand]) -> list[timedelta]:
    """Return the waits that a task has begun, but for the account's own deadline."""
    return [wait for each in timers(commands) if (wait := each.start_to_fire_timeout.ToTimedelta()) <= HOUR]


def test_R15_hints_that_are_held_wake_the_account_once_an_hour() -> None:
    """After sixty looks: one timer for however many, none where nothing waits; and none for what leads to no look."""
    run = Run(run_of(active()))
    run.begin()
    for _ in range(70):
        assert not activities(run.task(signal("payment_hint", {})))
    for n in range(60):
        assert holds(look(run, n)) == []
    last = run.now
    commands = run.task(signal("payment_hint", PaymentHint(refund_id="re_60")), after=MINUTE)
    assert not activities(commands)
    (wait,) = holds(commands)
    assert HOUR - MINUTE - A_MOMENT <= wait <= HOUR - MINUTE
    assert "hints are held" in summaries(commands)
    assert holds(run.task(signal("payment_hint", PaymentHint(refund_id="re_61")), after=MINUTE)) == []
    first = activity(run.wake())
    assert last + HOUR - A_MOMENT <= run.now <= last + HOUR
    second = activity(run.task(answered(first, NothingObserved(reason="No such refund"))))
    assert holds(run.task(answered(second, NothingObserved(reason="No such refund")))) == []
    commands = run.task(signal("payment_hint", PaymentHint(refund_id="re_62")), after=MINUTE)
    assert len(holds(commands)) == 1
    assert activity(run.wake()).activity_type == "look_at_refund"


def test_R15_a_hold_that_ends_while_stripe_is_asked_waits_for_no_timer() -> None:
    """At that very instant: what waits is taken when the answer comes."""
    held = HeldHints(looks=60, since=NOW)
    run = Run(run_of(active(), held=held), at=NOW)
    asked = activity(run.begin(signal("payment_hint", PaymentHint(refund_id="re_1")), after=timedelta(0)))
    run.task(answered(asked, NothingObserved(reason="No such refund")))
    mail = SetEmail(email="new@example.com")
    change = activity(run.task(update("set_email", mail)))
    hint = signal("payment_hint", PaymentHint(refund_id="re_2"))
    assert holds(run.task(hint, after=NOW + HOUR - run.now)) == []
    assert holds(run.task(hint, after=MINUTE)) == []
    assert activity(run.task(answered(change, EmailChanged(email=mail.email)))).activity_type == "look_at_refund"


def test_R23_a_deleted_customer_is_looked_at_in_general() -> None:
    """In service, with nothing awaited, where any other event of no payment leads to nothing."""
    run = Run(run_of(active()))
    assert not activities(run.begin(signal("payment_hint", PaymentHint(event_type="customer.updated"))))
    look_at = activity(run.task(signal("payment_hint", PaymentHint(event_type="customer.deleted"))))
    assert look_at.activity_type == "look_at_invoice"


def test_R28_in_a_run_of_0_1_0_one_look_answers_all_hints() -> None:
    """Whatever they were about."""
    run = Run(run_of(unpaid(editions.FIRST)))
    asked = activity(run.begin(*(signal("payment_hint", PaymentHint(payment_key=f"a1:{n}")) for n in (1, 2))))
    found = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.OPEN)
    assert not activities(run.task(answered(asked, found)))


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
