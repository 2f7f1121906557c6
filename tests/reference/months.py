"""R2: months on the wall clock of a zone, counted from the anchor, by hand."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Term(NamedTuple):
    """`[start, end)`, in UTC."""

    start: datetime
    end: datetime


@cache
def place_of(zone: str) -> ZoneInfo:
    """Return a zone as the locked tzdata knows it, whatever this machine's own says (R2)."""
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone)


def month_after(anchor: datetime, n: int, zone: str) -> datetime:
    """Return the instant n months after the anchor (R2): same day and time of day, or the month's last day."""
    if n == 0:
        return anchor
    place = place_of(zone)
    wall = anchor.astimezone(place).replace(tzinfo=None)
    year, month0 = divmod(wall.year * 12 + wall.month - 1 + n, 12)
    day = min(wall.day, monthrange(year, month0 + 1)[1])
    return _instant(wall.replace(year=year, month=month0 + 1, day=day), place)


def term_of(anchor: datetime, n: int, zone: str) -> Term:
    """Return the n-th term of an anchor: from n to n + 1 months after it, never from another term's end (R2)."""
    return Term(month_after(anchor, n, zone), month_after(anchor, n + 1, zone))


def _instant(wall: datetime, place: tzinfo) -> datetime:
    """Return when clocks in `place` show `wall`: the first time, if twice; moved on by the gap, if never (R2)."""
    as_if_utc = wall.replace(tzinfo=UTC)
    before, after = (
        (as_if_utc + day).astimezone(place).utcoffset() or timedelta(0)
        for day in (-timedelta(days=1), timedelta(days=1))
    )
    shown = [at for at in (as_if_utc - before, as_if_utc - after) if at.astimezone(place).replace(tzinfo=None) == wall]
    return min(shown) if shown else as_if_utc - before
