"""Random lives of the core beside the rules in plain Python (`tests/reference`): whatever happens, they agree."""

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from reprise.statemachine.terms import months_after
from tests.reference import lives, rules
from tests.reference.deeds import Deed, Opening
from tests.reference.months import month_after, place_of
from tests.statemachine.side_by_side import SideBySide

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
"""0: the small, repeatable share of `make test`. `make models EXAMPLES=5000` looks elsewhere each time."""


CLOSED_FOR = 12
"""How many things happen to an account that has closed."""


RARE = {"account.customer_erased", "account.customer_not_erased"}
"""What few lives meet: an account that closes while Stripe refuses. `make models` meets it, and `test_erasing.py`."""


class Lives(RuleBasedStateMachine):
    """One account, in the core and in the reference, driven by anything."""

    met: ClassVar[Counter[str]] = Counter()
    deeds: ClassVar[Counter[str]] = Counter()

    @initialize(opening=lives.openings)
    def open(self, opening: Opening) -> None:
        self.opening, self.closed_for = opening, 0
        self.both = SideBySide(opening)

    @rule(happens=lives.anything)
    def happens(self, happens: tuple[Deed, ...]) -> None:
        """Live on. Some time after an account has closed, another opens as it did: the rest of its life is dull."""
        if self.closed_for > CLOSED_FOR:
            self.met.update(self.both.met)
            self.open(self.opening)
        for deed in happens:
            self.deeds[deed.what] += 1
            self.both.do(deed)
            self.closed_for += self.both.reference.state == "closed"

    def teardown(self) -> None:
        if hasattr(self, "both"):
            self.met.update(self.both.met)


def test_R1_to_R26_the_core_and_the_rules_agree_on_any_life(record_property: Any) -> None:
    """State, terms, payments, refusals, quotes, deadlines, access and timeline: after every event."""
    Lives.met.clear()
    Lives.deeds.clear()
    began = time.perf_counter()
    run_state_machine_as_test(
        Lives,
        settings=settings(max_examples=EXAMPLES or 70, stateful_step_count=28, deadline=None, derandomize=not EXAMPLES),
    )
    seconds = time.perf_counter() - began
    lacking = set(rules.TIMELINE) - set(Lives.met)
    missed = lacking if EXAMPLES else lacking - RARE
    record_property(
        "figure",
        f"core against the rules: {sum(Lives.deeds.values())} events in {seconds:.1f} s;"
        f" {len(rules.TIMELINE) - len(lacking)} of {len(rules.TIMELINE)} kinds of change",
    )
    assert len(missed) < 3, f"the lives are too dull to prove much: never {missed}"


def changes_of_the_clocks(zone: str) -> list[datetime]:
    """Return the hours of two years before which a zone's offset changes."""
    hours = [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(2 * 366 * 24)]
    offsets = [hour.astimezone(place_of(zone)).utcoffset() for hour in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


@pytest.mark.parametrize("zone", lives.ZONES)
def test_R2_months_by_the_core_and_by_hand_are_the_same(zone: str) -> None:
    """Into each gap and each hour that comes twice, a quarter of an hour apart; and from the ends of months."""
    changes = changes_of_the_clocks(zone)
    into = [
        (month_after(at, -n, zone) + timedelta(minutes=15 * q), n)
        for at in changes
        for n in (1, 2, 12)
        for q in range(-16, 16)
    ]
    ends = [
        (datetime(2027, 12, day, hour, tzinfo=UTC) + timedelta(days=31 * month), n)
        for day in (28, 29, 30, 31)
        for hour in (0, 9, 23)
        for month in range(3)
        for n in range(50)
    ]
    for anchor, n in into + ends:
        assert months_after(anchor, n, zone) == month_after(anchor, n, zone), (anchor, n)
