"""The README's chart and the table of states are the state machine's own."""

import re
from pathlib import Path

import pytest

from reprise.local.diagram import chart, table, transitions, with_chart
from reprise.statemachine.account import AccountState
from reprise.statemachine.machine import AccountMachine

ROOT = Path(__file__).parents[2]
AGAIN = "run `make diagram`"


def test_the_readme_shows_the_chart_as_it_is() -> None:
    """If this fails, the chart has changed: run `make diagram`."""
    text = (ROOT / "README.md").read_text()
    assert chart() in text, AGAIN
    assert with_chart(text) == text, AGAIN


def test_the_table_shows_every_transition() -> None:
    """One row for each of the class, also where several have the same source, target and event."""
    assert (ROOT / "docs/states.md").read_text() == table(), AGAIN
    everywhere = [*AccountMachine.states, *(each for state in AccountMachine.states for each in state.states)]
    made = sum(len([*each.events]) for state in everywhere for each in state.transitions)
    assert len(transitions()) == made > 100
    assert len(re.findall(r"^\| \w+ \| `", table(), re.MULTILINE)) == made


def test_the_chart_has_one_arrow_for_each_pair_of_states() -> None:
    """And an arrow for each pair that a transition leads between."""
    arrows = re.findall(r"^    (\w+) --> (\w+) : ", chart(), re.MULTILINE)
    assert len(arrows) == len(set(arrows))
    assert set(arrows) == {(each.source, each.target) for each in transitions() if each.source != each.target}
    assert {state.value for state in AccountState} <= set(re.findall(r"\w+", chart()))


def test_without_its_markers_the_chart_has_no_place() -> None:
    """A README that lost them is not written to."""
    with pytest.raises(ValueError, match="markers"):
        with_chart("# Reprise")
