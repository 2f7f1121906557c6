"""Calendar terms (R2): instants, months counted from an anchor, time zones."""

import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, model_validator

from reprise.statemachine.frozen import Frozen

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""What instants people may give."""

_FIRST = datetime(1990, 1, 1, tzinfo=UTC)
_LAST = datetime(2300, 1, 1, tzinfo=UTC)
"""What instants a record may hold: those that follow from given ones, such as the start of the term before."""

ZONES = frozenset((files("tzdata") / "zones").read_text("utf-8").split()) - {"Factory"}
"""The zones of the IANA database, the same on every machine; a machine's own directory of zones may hold more, such as
`localtime`, and to list it takes long."""

_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def whole_seconds(moment: datetime) -> datetime:
    """Return `moment` in UTC, cut down to the second: the finest grain that Stripe's timestamps carry."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _written_out(moment: Any) -> Any:
    """Refuse what is no date and time: a bare number may be seconds, milliseconds or a mistake."""
    if isinstance(moment, datetime) or (isinstance(moment, str) and _TIMESTAMP.match(moment)):
        return moment
    raise ValueError("must be a date and time with its offset from UTC, such as 2027-01-31T10:00:00Z")


def _sane(moment: datetime) -> datetime:
    if not _FIRST <= moment < _LAST:
        raise ValueError("is out of every subscription's time")
    return whole_seconds(moment)


def _near(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise ValueError("must be an instant between the years 2000 and 2200")
    return whole_seconds(moment)


def _known_zone(name: str) -> str:
    if name not in ZONES:
        raise ValueError(f"{name[:60]!r} is not a time zone of the IANA database, such as 'Europe/Berlin'")
    return name


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return a zone by the locked tzdata, never by the machine's own files, which may know it otherwise (R2).

    `ZoneInfo(name)` reads the system first (docs.python.org/3/library/zoneinfo.html#data-sources): two workers would
    disagree about a term, and a replay with its past.
    """
    with (files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_sane)]
"""A moment in UTC, in whole seconds; naive ones are refused (R20)."""

GivenInstant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_near)]
"""A moment that somebody asks for; absurd ones are refused (R20)."""

ZoneName = Annotated[str, AfterValidator(_known_zone)]
"""The name of an IANA time zone (R1, R20)."""


class Term(Frozen):
    """The half-open interval `[start, end)` that is paid for."""

    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a term must end after it starts")
        return self

    def is_over(self, now: datetime) -> bool:
        """Say whether the term has ended at `now`; at `end` itself it has (R5)."""
        return now >= self.end


def months_after(anchor: datetime, months: int, zone: str) -> datetime:
    """Return the instant `months` after `anchor` on the wall clock of `zone` (R2).

    The day is clamped to the month's last. A time that a DST gap skips moves forward by the gap, an ambiguous
    one is the first: both are what PEP 495 defines for `fold=0`.
    """
    if months == 0:
        return anchor
    tz = zone_of(zone)
    wall_clock = anchor.astimezone(tz).replace(tzinfo=None) + relativedelta(months=months)
    return wall_clock.replace(tzinfo=tz).astimezone(UTC)  # `fold` is 0 after a sum


def nth_term(anchor: datetime, n: int, zone: str) -> Term:
    """Return the n-th term of an anchor, both ends computed from the anchor, never from another term (R2)."""
    return Term(start=months_after(anchor, n, zone), end=months_after(anchor, n + 1, zone))
