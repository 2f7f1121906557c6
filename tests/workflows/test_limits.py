"""R8, R27: waits that double and end, a pace that holds a loop without stopping anything, and floods from outside."""

from datetime import timedelta

import pytest

from reprise.statemachine import editions
from reprise.statemachine.commands import SetCarts
from reprise.workflows import limits
from reprise.workflows.limits import MAX_EFFECTS_PER_HOUR, Backoff, Pace
from tests.workflows.tasks import (
    Run,
    active,
    activities,
    activity,
    answers,
    carts,
    markers,
    next_run,
    patch,
    refusals,
    run_of,
    signal,
    summaries,
    timers,
    unpaid,
    update,
)
from tests.workflows.world import utc

NOW = utc("2027-01-31T10:00")


def test_R8_waits_double_from_a_minute_to_an_hour() -> None:
    """And begin anew after a success."""
    backoff = Backoff()
    assert backoff.wait == timedelta(0)
    assert [backoff.failed() for _ in range(9)] == [timedelta(minutes=n) for n in (1, 2, 4, 8, 16, 32, 60, 60, 60)]
    assert backoff.wait == timedelta(hours=1)
    backoff.succeeded()
    assert backoff.wait == timedelta(0)
    assert backoff.failed() == timedelta(minutes=1)


def test_R8_a_hundred_failures_wait_no_longer() -> None:
    """No wait grows out of its bounds."""
    backoff = Backoff()
    assert {backoff.failed() for _ in range(100)} == {timedelta(minutes=n) for n in (1, 2, 4, 8, 16, 32, 60)}


def test_R8_what_begins_too_often_waits_for_the_hour_to_hold_one_less() -> None:
    """Sixty at once, then one for each whose hour is over."""
    pace = Pace(3)
    assert [pace.begin(NOW + timedelta(minutes=n)) for n in range(3)] == [timedelta(0)] * 3
    assert pace.begin(NOW + timedelta(minutes=10)) == timedelta(minutes=50)
    assert pace.begin(NOW + timedelta(minutes=60)) == timedelta(minutes=1)
    assert pace.begin(NOW + timedelta(minutes=200)) == timedelta(0)


def test_R8_a_loop_makes_no_more_than_its_pace_in_any_day() -> None:
    """One act after another, each begun as soon as it may."""
    pace, now, begun = Pace(MAX_EFFECTS_PER_HOUR), NOW, []
    while now < NOW + timedelta(days=1):
        now += pace.begin(now)
        begun.append(now)
    assert len(begun) <= 25 * MAX_EFFECTS_PER_HOUR
    for at in begun:
        assert sum(at <= other < at + timedelta(hours=1) for other in begun) <= MAX_EFFECTS_PER_HOUR


# ---------------------------------------------------------------------- floods

FLOODS = "hold-floods"


def test_R27_five_hundred_commands_are_taken_in_one_task() -> None:
    """The rest a moment later, in another; the run does not end between them."""
    run = Run(run_of(active()))
    commands = run.begin(*(carts(number) for number in range(1, 503)), signal("start_new_run"))
    (pause,) = [each for each in timers(commands) if each.start_to_fire_timeout.ToTimedelta() < limits.HOUR]
    assert pause.start_to_fire_timeout.ToMicroseconds() == 1000
    assert "more commands wait" in summaries(commands)
    assert next_run(commands) is None
    assert (run.account().carts, markers(commands)) == (500, [])
    commands = run.wake()
    given = next_run(commands)
    assert given is not None
    assert given.account is not None
    assert (given.account.carts, timers(commands)) == (502, [])


@pytest.mark.parametrize(("replaying", "marked", "taken"), [(False, False, 5), (True, True, 5), (True, False, 7)])
def test_R28_a_run_of_0_1_0_took_all_that_came(
    monkeypatch: pytest.MonkeyPatch, replaying: bool, marked: bool, taken: int
) -> None:
    """So it is replayed: without a pause, whatever its history had grown to; else a marker says that it pauses."""
    monkeypatch.setattr(limits, "COMMAND_BATCH_SIZE", 5)
    run = Run(run_of(active(editions.FIRST)))
    flood = [carts(number) for number in range(1, 8)]
    commands = run.begin(
        *([patch(FLOODS)] if marked else []),
        *flood,
        replaying=replaying,
        events=10 if marked or not replaying else 40_000,
    )
    assert ("more commands wait" in summaries(commands)) is (taken == 5)
    assert (FLOODS in markers(commands)) is (taken == 5)
    assert run.account().carts == taken


FULL = [{"events": 40_000}, {"events": 10, "size": 40_000_000}]
NOT_FULL = {"events": 39_999, "size": 39_999_999}


@pytest.mark.parametrize("grown", FULL, ids=["events", "bytes"])
@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
def test_R27_a_run_that_has_grown_too_long_takes_no_more(edition: int, grown: dict[str, int]) -> None:
    """An update is refused, a signal leaves the refusal, a hint leads to nothing."""
    run = Run(run_of(unpaid(edition)))
    run.begin()
    commands = run.task(update("set_carts", SetCarts(carts=5)), signal("payment_hint", {}), carts(6, "s"), **grown)
    assert refusals(commands) == {"u": "too_many_commands"}
    assert not activities(commands)
    assert run.account().carts == 3
    ((command_id, answer),) = [(each.command_id, each.answer) for each in run.record().answered]
    assert answer.refusal is not None
    assert (command_id, answer.refusal.code, answer.refusal.message) == ("s", "too_many_commands", limits.TOO_MANY)


def test_R27_a_run_takes_what_comes_until_it_is_too_long() -> None:
    """Forty thousand events, or forty megabytes."""
    run = Run(run_of(active()))
    run.begin()
    assert answers(run.task(update("set_carts", SetCarts(carts=5)), **NOT_FULL))["u"].account.carts == 5
    commands = run.task(signal("payment_hint", {"refund_id": "re_1"}), **NOT_FULL)
    assert activity(commands).activity_type == "look_at_refund"


def test_R28_a_hint_that_came_to_a_long_run_of_0_1_0_was_taken() -> None:
    """So it is when it is replayed."""
    run = Run(run_of(unpaid(editions.FIRST)))
    run.begin(replaying=True)
    look = activity(run.task(signal("payment_hint", {}), events=40_000, replaying=True))
    assert look.activity_type == "look_at_invoice"


@pytest.mark.parametrize(("waiting", "code"), [(1_999, None), (2_000, "too_many_commands")])
def test_R18_two_thousand_changes_may_wait_for_the_product(waiting: int, code: str | None) -> None:
    """More are refused: the next run could not be given them."""
    account = active()
    entry = account.timeline[-1]
    outbox = tuple(entry.model_copy(update={"sequence": n + 1}) for n in range(waiting))
    grown = account.model_copy(update={"sequence": waiting})
    commands = Run(run_of(grown, announce=True, outbox=outbox)).begin(update("set_carts", SetCarts(carts=5)))
    assert refusals(commands).get("u") == code
    assert ("u" in answers(commands)) is (code is None)
