"""R28: what an edition of the rules has decided, it decides for ever: accounts that run rely on it."""

import pytest

from reprise.statemachine import editions
from tests.statemachine.decided import LIVES, answers, digests, file_of
from tests.statemachine.standings import BOTH, EDITIONS

CHANGED = """Edition {edition} decides otherwise than it did in life {number}, after

{said}

One of these is new:

{answers}

Where accounts may run by this edition already, give the change an edition of its own (docs/rules.md). Where none does,
see that it is meant, and write it down: make decisions"""


@BOTH
def test_R28_an_edition_decides_as_it_has_decided(edition: int) -> None:
    """Whatever comes to an account, in any order, also what nobody has asked for."""
    kept = file_of(edition).read_text().splitlines()
    assert len(kept) == LIVES
    for number, line in enumerate(kept):
        steps = list(digests(number, edition))
        for (step, digest), before in zip(steps, line.split(), strict=False):
            if digest != before:
                said, now = "\n".join(step.said), "\n".join(f"- {each:.500}" for each in answers(step))
                pytest.fail(CHANGED.format(edition=edition, number=number, said=said, answers=now))
        assert len(steps) == len(line.split()), number


def test_R28_every_edition_is_written_down() -> None:
    """A third one, too."""
    assert tuple(range(editions.FIRST, editions.NEWEST + 1)) == EDITIONS
