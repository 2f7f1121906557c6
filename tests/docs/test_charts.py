"""The charts that people read are the state machine's own: each transition of the class, once, and no other."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from statemachine.callbacks import SpecListGrouper
from statemachine.transition import Transition

from reprise.statemachine.account import AccountState
from reprise.statemachine.chart import AccountChart
from reprise.statemachine.chart_markdown import NOT_PAID, small_chart
from tests.docs.charts import README, STATES, with_chart, with_table

AGAIN = "run `make diagram`"

Row = tuple[str, str, str, str, str, str]

CLASS = [
    (state.id, each)
    for state in AccountChart.states_map.values()
    for each in state.transitions
    if each.event  # entering a compound state has none
]
"""Every transition, by the id of its source."""


def test_the_texts_are_written_from_the_class() -> None:
    """If this fails, the chart has changed: run `make diagram`."""
    readme, states = README.read_text(), STATES.read_text()
    assert with_chart(readme) == readme, AGAIN
    assert with_table(with_chart(states)) == states, AGAIN


def test_the_table_has_every_transition_of_the_class_and_no_other() -> None:
    """Guards, validators and actions too; also several with the same source, target and event."""
    assert Counter(_table_rows()) == Counter(_row_of(source, each) for source, each in CLASS)
    assert len(CLASS) > 100


def test_the_table_has_the_order_in_which_transitions_are_tried() -> None:
    """Of each state and event: the first whose guard holds is taken."""
    rows = [row for row in _table_rows() if row[0] == "disabled" and row[1] == "reactivate"]
    tried = [_row_of(source, each) for source, each in CLASS if source == "disabled" and each.event == "reactivate"]
    assert rows == tried
    assert rows[-1][2] == "–", "the last is taken if no guard before it holds"


def test_the_small_chart_has_one_arrow_for_each_pair_of_states_with_its_events() -> None:
    """As many as the class has pairs, and on each the events that lead there."""
    leads: dict[tuple[str, str], set[str]] = {}
    for source, each in CLASS:
        for target in each.targets:
            if target.id != source:
                leads.setdefault((source, target.id), set()).add(each.event)
    arrows = re.findall(r"^ {4}(\S+) --> (\w+) : (.+)$", small_chart(), re.MULTILINE)
    pairs = [("new" if source == "[*]" else source, target) for source, target, _ in arrows]
    assert len(pairs) == len(set(pairs))
    shown = {pair: _events(label) for pair, (_, _, label) in zip(pairs, arrows, strict=True)}
    assert shown == leads


def test_the_small_chart_names_every_state_that_people_see() -> None:
    """`new` lasts only while an account opens: it is where the arrows begin."""
    named = set(re.findall(r'state "[\w ]+" as (\w+)', small_chart()))
    assert named == {state.value for state in AccountState if state is not AccountState.NEW} | {"in_service"}


def test_the_small_chart_stays_small() -> None:
    """Rendered by Mermaid 11 it is 970 pixels wide; a longer line, or many more arrows, would make it wider."""
    labels = [line for label in re.findall(r" : (.+)$", small_chart(), re.MULTILINE) for line in label.split("<br>")]
    assert max(map(len, labels)) <= len("money received")
    assert small_chart().count("-->") <= 24, "render it, and see that it is still less than 1,000 pixels wide"


@pytest.mark.parametrize("fill", [with_chart, with_table])
def test_without_its_markers_a_text_is_not_written_to(fill: Callable[[str], str]) -> None:
    """The error says which are missing."""
    with pytest.raises(ValueError, match="markers <!-- account-"):
        fill("# Reprise")


def _table_rows() -> list[Row]:
    ids = {state.name: state.id for state in AccountChart.states_map.values()}
    rows: list[Row] = []
    source = ""
    for line in STATES.read_text().splitlines():
        if heading := re.match(r"## ([\w ]+?)(?: \(.*\))?$", line):
            source = ids.get(heading[1], "")
        elif line.startswith("| `"):
            event, guard, validators, action, target = (cell.strip() for cell in line.strip("|").split("|"))
            rows.append((source, _plain(event), guard, validators, action, _plain(target)))
    return rows


def _plain(cell: str) -> str:
    return cell.strip("`*")


def _row_of(source: str, each: Transition) -> Row:
    assert each.target is not None, "each leads somewhere"
    target = "stays" if each.internal else each.target.id
    guard, validators, action = (_declared(group) for group in (each.cond, each.validators, each.on))
    return (source, each.event, guard, validators, action, target)


def _declared(group: SpecListGrouper) -> str:
    """Return what a transition was declared with, guards that must not hold with `not`."""
    names = [f"not `{each.func}`" if each.expected_value is False else f"`{each.func}`" for each in group]
    by_convention = [f"`{each.func}`" for each in group if each.is_convention]
    return ", ".join(name for name in names if name not in by_convention) or "–"


def _events(label: str) -> set[str]:
    """Return the events that a label stands for."""
    names = [name.replace(" ", "_") for name in label.split("<br>")]
    long = {"paid": ["payment_paid"], "not_paid": list(NOT_PAID)}
    return {event for name in names for event in long.get(name, [name])}
