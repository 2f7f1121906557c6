"""R2: terms are computed from the anchor, on the wall clock of the account's zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.statemachine.terms import months_after, nth_term
from tests.statemachine.book import utc

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
]


@pytest.mark.parametrize(
    ("anchor", "ends"),
    [
        ("2027-01-31T10:00", ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
        ("2027-01-28T10:00", ["2027-02-28", "2027-03-28"]),
        ("2028-01-30T10:00", ["2028-02-29", "2028-03-30"]),
    ],
)
def test_R2_the_day_is_clamped_to_the_months_last_and_comes_back(anchor: str, ends: list[str]) -> None:
    """31 January: 28 February, then 31 March again."""
    assert [nth_term(utc(anchor), n, "UTC").end for n in range(len(ends))] == [utc(f"{day}T10:00") for day in ends]


def test_R2_a_leap_day_comes_back_after_four_years() -> None:
    """29 Feb 2028, 28 Feb 2029, …, 29 Feb 2032."""
    anchor = utc("2028-02-29T08:00")
    assert months_after(anchor, 12, "UTC") == utc("2029-02-28T08:00")
    assert months_after(anchor, 48, "UTC") == utc("2032-02-29T08:00")


def test_R2_the_wall_clock_time_stays_over_daylight_saving() -> None:
    """10:00 in Berlin is 09:00 UTC in winter and 08:00 in summer."""
    anchor = utc("2027-01-15T09:00")
    assert months_after(anchor, 3, "Europe/Berlin") == utc("2027-04-15T08:00")


def test_R2_a_time_that_a_gap_skips_moves_forward_by_the_gap() -> None:
    """02:30 on 28 March 2027 does not exist in Berlin: 03:30 summer time, 01:30 UTC."""
    anchor = datetime(2027, 2, 28, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert months_after(anchor, 1, "Europe/Berlin") == utc("2027-03-28T01:30")


def test_R2_an_ambiguous_time_is_the_first() -> None:
    """02:30 on 31 October 2027 happens twice in Berlin: the first is 00:30 UTC."""
    anchor = datetime(2027, 8, 31, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert months_after(anchor, 2, "Europe/Berlin") == utc("2027-10-31T00:30")


def test_R2_an_ambiguous_time_is_the_first_also_of_an_anchor_in_the_second_of_two_hours() -> None:
    """Five years on, it is again the night in which the hour comes twice."""
    anchor = datetime(2027, 10, 31, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert anchor == utc("2027-10-31T01:30")
    assert months_after(anchor, 60, "Europe/Berlin") == utc("2032-10-31T00:30")


def test_R2_an_anchor_in_the_second_of_two_hours_is_itself_the_first_terms_start() -> None:
    """The anchor is an instant: the first term begins exactly there."""
    anchor = datetime(2027, 10, 31, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert nth_term(anchor, 0, "Europe/Berlin").start == anchor


@given(
    anchor=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
)
def test_R2_terms_neither_overlap_nor_leave_a_gap_nor_drift(anchor: datetime, zone: str) -> None:
    """Ten years of terms from any anchor in any zone."""
    start = anchor.replace(microsecond=0, tzinfo=UTC)
    wall = start.astimezone(ZoneInfo(zone))
    terms = [nth_term(start, n, zone) for n in range(120)]
    for before, after in pairwise(terms):
        assert before.end == after.start
    for n, term in enumerate(terms, start=1):
        end = term.end.astimezone(ZoneInfo(zone))
        assert timedelta(days=27) < term.end - term.start < timedelta(days=33)
        assert end.day == wall.day or end.day >= 28 or end.day == 1, (n, end)
