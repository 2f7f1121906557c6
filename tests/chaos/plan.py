"""What a run will do, drawn from its seed alone: the lives of accounts, and all that is done to them from outside.

Nothing here looks at a clock or at the system: the same seed and duration give the same plan, whatever the machine.
"""

import hashlib
from dataclasses import dataclass, replace

from tests.chaos import draws, scripts
from tests.chaos.draws import Trouble
from tests.chaos.scripts import Life

SLOTS = 240
"""How many accounts live at the same time, where nothing else is asked for: enough that those which wait for a time-out
do not slow the run down."""

RESTS_WITHIN = 420.0
"""Seconds that an account gets to come to rest once all trouble is over: the longest pause between two tries of an
effect is five minutes, and a try takes a minute at most."""

RESTS_SOON = 120.0
"""Seconds that it gets where no process was struck and Stripe failed at nothing: there is no such pause."""

CALM: tuple[type[Trouble], ...] = (draws.Blow, draws.StripeTrouble)
"""The kinds of trouble without which no try is lost: Stripe fails only where somebody at its dashboard makes it."""


@dataclass(frozen=True)
class Plan:
    """A whole run."""

    seed: int
    duration: float
    troubles: tuple[Trouble, ...]
    slots: int = SLOTS
    favoured: tuple[str, ...] = ()
    """The chapters of lives that it is about, where it is not about all alike."""
    rests_within: float = RESTS_WITHIN

    @classmethod
    def of(
        cls,
        seed: int,
        duration: float,
        slots: int = SLOTS,
        favoured: tuple[str, ...] = (),
        without: tuple[type[Trouble], ...] = (),
    ) -> "Plan":
        """Return the plan of a seed, for so many accounts at the same time, without some kinds of trouble."""
        troubles = tuple(each for each in draws.troubles(seed, duration) if not isinstance(each, without))
        rests_within = RESTS_SOON if set(CALM) <= set(without) else RESTS_WITHIN
        return cls(seed, duration, troubles, slots, favoured, rests_within)

    def with_trouble(self, troubles: tuple[Trouble, ...]) -> "Plan":
        """Return the same plan with further trouble in it."""
        return replace(self, troubles=tuple(sorted((*self.troubles, *troubles), key=lambda each: each.at)))

    def life(self, slot: int, number: int) -> Life:
        """Return the script of the slot's n-th account."""
        return scripts.life(self.seed, slot, number, self.favoured)

    @property
    def digest(self) -> str:
        """A short name for the plan: two runs with the same one were asked to do the same."""
        lives = [self.life(slot, 0) for slot in range(self.slots)]
        return hashlib.sha256(repr((self.troubles, lives)).encode()).hexdigest()[:12]
