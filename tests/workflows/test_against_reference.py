"""A sample of the same random lives, lived by the real workflow with the sandbox's cards, beside the rules."""

import os
import time
import uuid
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.reference import lives
from tests.reference.lives import Deed, Opening
from tests.workflows.beside_reference import LifeInTheWorld
from tests.workflows.world import World

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
SAMPLE = max(EXAMPLES // 50, 6)
"""How many lives: six in `make test`, more with `make models EXAMPLES=5000`."""

Life = tuple[Opening, list[Deed]]


def sample() -> list[Life]:
    """Draw many lives, and return those in which the most different things happen."""
    drawn: list[Life] = []
    single = st.one_of(lives.by_users, lives.by_operators, lives.of_time, lives.at_stripe).map(lambda deed: (deed,))

    @settings(
        max_examples=10 * SAMPLE,
        derandomize=not EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(lives.openings, st.lists(st.one_of(single, lives.stories), min_size=8, max_size=8))
    def draw(opening: Opening, happens: list[tuple[Deed, ...]]) -> None:
        drawn.append((opening, [deed for deeds in happens for deed in deeds]))

    draw()
    return sorted(drawn, key=lambda life: -len({(deed.what, str(deed.value)) for deed in life[1]}))[:SAMPLE]


async def test_R1_to_R17_the_workflow_and_the_rules_agree_on_any_life(world: World, record_property: Any) -> None:
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
