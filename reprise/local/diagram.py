"""The account's states for people to read, written from the state machine itself: a small chart, and the whole table.

The library's own Mermaid formatter (python-statemachine 3.2) keeps only the first of several transitions with the same
source, target and event; here every one is read from the class.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from statemachine import State

from reprise.statemachine.machine import AccountMachine

_PLACE = re.compile(r"(?<=<!-- account-states -->\n).*?(?=<!-- /account-states -->)", re.DOTALL)

_PAGE = """# The states of an account

Every transition of `AccountMachine` ([chart.py](../reprise/statemachine/chart.py)), written from the class by
`make diagram`. Of several for the same event, the first whose conditions hold is taken; an event without one is
refused. A check refuses with a reason of its own. What conditions and checks ask is in `guards.py`, what is done in the
files named `…decisions.py`, by the same names.

| in | event | if | to | check | does |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Transition:
    """One transition of the chart. Conditions with `!` must not hold; a check refuses, saying why."""

    source: str
    event: str
    conditions: tuple[str, ...]
    target: str
    checks: tuple[str, ...]
    actions: tuple[str, ...]


def transitions() -> list[Transition]:
    """Return every transition that an event makes, in the chart's order."""
    return [
        Transition(
            source=state.id,
            event=event.id,
            conditions=tuple(str(each) for each in transition.cond),
            target=transition.target.id,
            checks=tuple(str(each) for each in transition.validators),
            actions=tuple(each for each in map(str, transition.on) if not each.startswith("on_")),
        )
        for state in _all(AccountMachine.states)
        for transition in state.transitions
        for event in transition.events
        if transition.target is not None
    ]


def _all(states: Iterable[State]) -> Iterator[State]:
    for state in states:
        yield state
        yield from _all(state.states)


def chart() -> str:
    """Return the small chart in Mermaid: one arrow for each pair of states, with the events that lead that way."""
    events: dict[tuple[str, str], list[str]] = {}
    for each in transitions():
        if each.source != each.target:
            names = events.setdefault((each.source, each.target), [])
            names.extend([] if each.event in names else [each.event])
    lines = ["stateDiagram-v2", "    direction LR", "    [*] --> new"]
    for state in AccountMachine.states:
        if state.states:
            inside = [f"        {each.id}" for each in state.states]
            lines += [f'    state "{state.name}" as {state.id} {{', *inside, "    }"]
    for (source, target), names in events.items():
        lines.append(f"    {source} --> {target} : {', '.join(names).replace('_', ' ')}")
    return "\n".join([*lines, "    closed --> [*]"])


def table() -> str:
    """Return the page with every transition."""
    return _PAGE + "".join(f"| {' | '.join(_cells(each))} |\n" for each in transitions())


def _cells(transition: Transition) -> tuple[str, ...]:
    stays = transition.source == transition.target
    return (
        transition.source,
        f"`{transition.event}`",
        " and ".join(transition.conditions),
        "–" if stays else f"**{transition.target}**",
        ", ".join(transition.checks),
        ", ".join(transition.actions),
    )


def with_chart(text: str) -> str:
    """Return a Markdown text with the small chart between its two markers as the machine has it.

    Raises:
        ValueError: The markers are missing.
    """
    if not _PLACE.search(text):
        raise ValueError("the markers <!-- account-states --> and <!-- /account-states --> are missing")
    return _PLACE.sub(lambda _: f"```mermaid\n{chart()}\n```\n", text)


if __name__ == "__main__":
    readme, page = Path(sys.argv[1]), Path(sys.argv[2])
    readme.write_text(with_chart(readme.read_text()))
    page.write_text(table())
