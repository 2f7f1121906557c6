"""What a run will do, drawn from its seed alone: the lives of accounts, and all that is done to them from outside.

Nothing here looks at a clock or at the system: the same seed and duration give the same plan, whatever the machine.
"""

import hashlib
from dataclasses import dataclass

from tests.chaos import draws, scripts
from tests.chaos.draws import Trouble
from tests.chaos.scripts import Life

SLOTS = 240
"""How many accounts live at the same time, where nothing else is asked for: enough that those which wait for a time-out
do not slow the run down."""


@dataclass(frozen=True)
class Plan:
    """A whole run."""

    seed: int
    duration: float
    troubles: tuple[Trouble, ...]
    slots: int = SLOTS
    favoured: tuple[str, ...] = ()
    """The chapters of lives that it is about, where it is not about all alike."""

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
        return cls(seed, duration, troubles, slots, favoured)

    def life(self, slot: int, number: int) -> Life:
        """Return the script of the slot's n-th account."""
        return scripts.life(self.seed, slot, number, self.favoured)

    @property
    def digest(self) -> str:
        """A short name for the plan: two runs with the same one were asked to do the same."""
        lives = [self.life(slot, 0) for slot in range(self.slots)]
        return hashlib.sha256(repr((self.troubles, lives)).encode()).hexdigest()[:12]
