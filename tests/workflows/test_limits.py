"""R8: waits that double and end, and a pace that holds a loop without stopping anything."""

from datetime import timedelta

from reprise.workflows.limits import MAX_EFFECTS_PER_HOUR, Backoff, Pace
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
