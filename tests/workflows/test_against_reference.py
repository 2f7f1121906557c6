"""A sample of the same random lives, lived by the real workflow with the sandbox's cards, beside the rules."""

import os
import time
import uuid
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.reference import lives
from tests.reference.deeds import Deed, Opening
from tests.reference.life import ReferenceLife, elsewhere
from tests.workflows.beside_reference import LifeInTheWorld, in_the_world
from tests.workflows.world import World

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
SAMPLE = max(EXAMPLES // 50, 2)
"""How many lives: two in `make test`, more with `make models EXAMPLES=5000`."""

Life = tuple[Opening, list[Deed]]


def sample() -> list[Life]:
    """Draw many lives, and return few that go together through the most kinds of changes, by the rules."""
    drawn: list[Life] = []

    @settings(
        max_examples=10 * SAMPLE,
        derandomize=not EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(lives.openings, st.lists(lives.in_the_world, min_size=8, max_size=8))
    def draw(opening: Opening, happens: list[tuple[Deed, ...]]) -> None:
        drawn.append(in_the_world(opening, [deed for deeds in happens for deed in deeds]))

    draw()
    left = [(life, changes(*life)) for life in drawn]
    chosen: list[Life] = []
    covered: set[tuple[str, ...]] = set()
    while left and len(chosen) < SAMPLE:
        best = max(left, key=lambda each: len(each[1] - covered))
        left.remove(best)
        chosen.append(best[0])
        covered |= best[1]
    return chosen


def changes(opening: Opening, happens: list[Deed]) -> set[tuple[str, ...]]:
    """Return what a life comes through: which deeds in which state, and which changes."""
    life, now = ReferenceLife("a1", opening), opening.at
    life.open(now, elsewhere(opening, now))
    met: set[tuple[str, ...]] = set()
    for deed in happens:
        state = life.account.state
        now = life.do(deed, now)
        met.add((deed.what, state, life.account.state))
    return met | {(entry.type, entry.before, entry.after) for entry in life.account.timeline}


async def test_R1_to_R26_the_workflow_and_the_rules_agree_on_any_life(world: World, record_property: Any) -> None:
    """State, term, payment, timeline; and on Stripe's side each invoice and charge."""
    began, deeds = time.perf_counter(), 0
    for opening, happens in sample():
        here = World(world.env, world.stripe, f"acct-{uuid.uuid4().hex[:12]}")
        life = LifeInTheWorld(here, opening)
        await life.open()
        for number, deed in enumerate(happens):
            try:
                await life.do(deed)
            except AssertionError as error:
                error.add_note(f"{opening} {happens[: number + 1]}")
                raise
        await here.handle.terminate()
        deeds += life.deeds
    seconds = time.perf_counter() - began
    record_property("figure", f"workflow against the rules: {SAMPLE} lives, {deeds} events in {seconds:.1f} s")
