"""The chart of an account as people read it: a small one in Mermaid, and every transition in tables.

Both are written from the class itself. The library's own Mermaid formatter (3.2.2) keeps only the first of several
transitions with the same source, target and event, and draws those that leave a state as it is.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from statemachine import State
from statemachine.callbacks import SpecListGrouper
from statemachine.transition import Transition

from reprise.statemachine.chart import AccountChart

NOT_PAID: Final = ("payment_declined", "payment_needs_action", "payment_stopped")
"""Three answers of Stripe that lead the same way: "not paid" in the small chart."""

_SHORT: Final = {"payment_paid": "paid"}

_FROM_TOP: Final = ("new", "in_service", "active", "past_due", "disabled", "reactivated", "closed", "cancelled")
"""The order in which Mermaid is told of the states: so it draws the chart 970 pixels wide, with no label on another."""

_LAYOUT: Final = '%%{init: {"state": {"nodeSpacing": 5, "rankSpacing": 40}}}%%'


def transitions() -> Iterator[Transition]:
    """Return every transition of the chart, by its source and in the order in which the chart tries them.

    That a compound state is entered through its initial child is no transition of an account's.
    """
    for state in _all_states(AccountChart.states):
        yield from (each for each in state.transitions if not each.initial)


def small_chart() -> str:
    """Return the transitions that change the state, in Mermaid: one arrow for each pair of states."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for each in transitions():
        assert each.target is not None, "every transition of this chart leads somewhere"
        if not each.internal:
            events = arrows.setdefault((each.source.id, each.target.id), [])
            events += [each.event] if each.event not in events else []
    lines = [_LAYOUT, "stateDiagram-v2"]
    for state in AccountChart.states:
        if not state.initial:
            lines += _declared(state)
    for source, target in sorted(arrows, key=lambda pair: (_FROM_TOP.index(pair[0]), _FROM_TOP.index(pair[1]))):
        start = "[*]" if _states()[source].initial and not _states()[source].parent else source
        lines.append(f"    {start} --> {target} : {_label(arrows[source, target])}")
    lines += [f"    {state.id} --> [*]" for state in _states().values() if state.final]
    return "\n".join(lines)


def whole_table() -> str:
    """Return every transition in Markdown: a section for each state, a row for each transition."""
    return "\n".join(
        _section(state) for state in _states().values() if any(not each.initial for each in state.transitions)
    )


def _all_states(states: Iterable[State]) -> Iterator[State]:
    for state in states:
        yield state
        yield from _all_states(state.states)


def _states() -> dict[str, State]:
    return {state.id: state for state in _all_states(AccountChart.states)}


def _declared(state: State) -> list[str]:
    """Return the lines that declare a state: the compound one in service as a frame, the others as boxes."""
    boxes = sorted(state.states, key=lambda child: _FROM_TOP.index(child.id))
    if state.id != "in_service":
        return [f'    state "{each.name}" as {each.id}' for each in boxes]
    frame = f'    state "{state.name}" as {state.id} {{'
    return [frame, *(f'        state "{each.name}" as {each.id}' for each in boxes), "    }"]


def _label(events: list[str]) -> str:
    if set(NOT_PAID) <= set(events):
        events = [*(each for each in events if each not in NOT_PAID), "not paid"]
    return "<br>".join(_SHORT.get(each, each).replace("_", " ") for each in events)


def _section(state: State) -> str:
    inner = f" ({', '.join(each.name.lower() for each in state.states)})" if state.states else ""
    rows = [
        "| event | guard | validators | action | target |",
        "|---|---|---|---|---|",
        *(_row(each) for each in state.transitions if not each.initial),
    ]
    return "\n".join([f"## {state.name}{inner}", "", *rows, ""])


def _row(each: Transition) -> str:
    assert each.target is not None, "every transition of this chart leads somewhere"
    target = "stays" if each.internal else f"**{each.target.id}**"
    cells = [f"`{each.event}`", _callbacks(each.cond), _callbacks(each.validators), _callbacks(each.on), target]
    return f"| {' | '.join(cells)} |"


def _callbacks(group: SpecListGrouper) -> str:
    """Return the names that a transition was declared with, not those that the library looks for by convention."""
    asked = [each for each in group if not each.is_convention]
    return ", ".join(f"{'not ' if each.expected_value is False else ''}`{each.func}`" for each in asked) or "–"
