"""Histories that grow: what an account costs, in requests to Stripe and events of Temporal, for what it lives through.

An account that waits asks nothing. What it may cost is: so much for each of its days, for each command, each payment
and each change, however often something fails meanwhile; a loop costs more within a minute.
"""

from collections.abc import Iterator
from datetime import timedelta

from tests.chaos.evidence import Evidence
from tests.chaos.findings import instant

REQUESTS_A_DAY, EVENTS_A_DAY = 60, 500
"""What an account may cost in a day on which all is refused (E21)."""

REQUESTS_A_STOPPED_DAY = 24 * 6
"""What it may cost on a day on which its payment is stopped: hourly tries (R9) of six requests at most (R8)."""

REQUESTS_FOR_EACH, EVENTS_FOR_EACH = 8, 30
"""And for each thing that it was asked, or that happened to it: its tries and retries while Stripe fails."""

AT_ONCE = 100
"""How many requests to Stripe it may make in ten seconds, whatever happens: two terms and some commands. Its clock may
be moved over days in them, on which a payment that Stripe refuses for our fault is tried hourly (R9)."""


def days_of(evidence: Evidence) -> int:
    """Return on how many days of its own the account has done something."""
    days = {instant(entry["at"]).date() for entry in evidence.timeline}
    if not evidence.timeline or evidence.clock is None:
        return max(len(days), 1)
    quiet = evidence.clock - instant(evidence.timeline[-1]["at"])
    return len(days) + max(quiet // timedelta(days=1), 0)


def stopped_days_of(evidence: Evidence) -> int:
    """Return on how many days of its own the account has had a payment that was stopped, each begun day for one."""
    days, since = 0, None
    for entry in evidence.timeline:
        if since is not None and entry["payment_key"]:
            days, since = days + 1 + (instant(entry["at"]) - since).days, None
        if entry["type"] == "account.payment_stopped":
            since = instant(entry["at"])
    if since is not None and evidence.clock is not None:
        days += 1 + (evidence.clock - since).days
    return days


def things_of(evidence: Evidence) -> int:
    """Return how many things an account was asked, or happened to it."""
    pressed = evidence.pressed
    outside = pressed.cancellations + pressed.resets + pressed.pauses + len(pressed.commands)
    tries = sum(each.tries for each in evidence.commands)
    return tries + outside + len(evidence.timeline) + len(evidence.heard)


def growth(evidence: Evidence) -> Iterator[str]:
    """Yield what an account has cost beyond its bounds."""
    days, stopped, things = days_of(evidence), stopped_days_of(evidence), things_of(evidence)
    at_once = AT_ONCE + REQUESTS_A_DAY * stopped
    if evidence.figures.busiest > at_once:
        yield f"asked Stripe {evidence.figures.busiest} times within ten seconds, more than {at_once}"
    for what, found, of_days, for_each in (
        (
            "requests to Stripe",
            evidence.figures.requests,
            REQUESTS_A_DAY * days + REQUESTS_A_STOPPED_DAY * stopped,
            REQUESTS_FOR_EACH,
        ),
        ("events", evidence.figures.events, EVENTS_A_DAY * days, EVENTS_FOR_EACH),
    ):
        most = of_days + for_each * things
        if found > most:
            yield f"cost {found} {what} in {days} days with {things} things done, more than {most}"
