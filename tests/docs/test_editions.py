"""The table of what the editions decide otherwise, held to the code (R28): what asks for the edition stands there."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from statemachine.transition import Transition

from reprise.statemachine import editions
from reprise.statemachine.chart import AccountChart
from tests.docs.rules import NAMED, ROOT, rules
from tests.docs.rules import editions as rows

PACKAGE = ROOT / "reprise"
GUARD = "by_edition_2"

PLUMBING = {
    "core `guards.by_edition_2`": "what the others ask",
    "core `account.by_newest_edition`": "takes a record into the newest edition",
    "reconciliation `comparing._is_news`": "what the first edition does not tell is no difference",
    "reconciliation `comparing.of_refund`": "what the first edition does not tell is no difference",
    "core `record_checks.faults_of`": "refuses a record of an edition that is not known",
}
"""What asks for the edition and decides nothing by it."""


def asking() -> set[str]:
    """Return every place of the package that asks for the edition, as the table names it."""
    places = {f"chart `{each.event}`" for each in _transitions_by_edition()}
    for path in PACKAGE.rglob("*.py"):
        if path.name != "chart.py":
            places |= {f"{_part(path)} `{path.stem}.{name}`" for name in _functions_asking(ast.parse(path.read_text()))}
    return places - set(PLUMBING)


def _part(path: Path) -> str:
    return {"statemachine": "core", "workflows": "workflow"}.get(path.parent.name, path.parent.name)


def _functions_asking(tree: ast.Module) -> Iterator[str]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_asks, ast.walk(function))):
            yield function.name


def _asks(node: ast.AST) -> bool:
    """Whether something is compared with an edition, or asks the guard."""
    if isinstance(node, ast.Compare):
        return any(_is_edition(each) for each in (node.left, *node.comparators))
    return isinstance(node, ast.Attribute) and node.attr == GUARD


def _is_edition(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.strip("_") == "edition"


def _transitions_by_edition() -> list[Transition]:
    everywhere = [each for state in AccountChart.states_map.values() for each in state.transitions]
    return [each for each in everywhere if any(spec.func == GUARD for spec in each.cond)]


def test_R28_what_asks_for_the_edition_stands_in_the_table_and_nothing_else() -> None:
    """A decision that is not there would be forgotten when the edition is taken out."""
    table = [row[0] for row in rows()]
    assert Counter(table) == Counter(asking())
    assert len(table) > 30


def test_R28_each_row_says_what_each_edition_does_and_for_which_rule() -> None:
    """Four cells, none of them empty."""
    known = {rule.name for rule in rules()}
    for row in rows():
        assert len(row) == 4, row
        assert all(row), row
        named = {f"{letter}{number}" for letter, number in NAMED.findall(row[1])}
        assert named, row
        assert named <= known, row
        assert row[2] != row[3], row


def test_R28_decisions_are_compared_with_the_edition_that_brought_them() -> None:
    """With `NEWEST` they would change for edition 2 when a third one comes; only what is too new is held against it."""
    against_newest = {
        f"{path.stem}: {ast.unparse(node)}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare) and "NEWEST" in ast.unparse(node)
    }
    assert against_newest == {
        "opening: run.edition > editions.NEWEST",
        "record_checks: editions.FIRST <= account.edition <= editions.NEWEST",
    }


def test_R28_the_newest_edition_is_the_last_of_the_table() -> None:
    """A new edition needs its column."""
    text = (ROOT / "docs" / "rules.md").read_text()
    head = next(line for line in text.splitlines() if line.startswith("| where | rule |"))
    assert head == f"| where | rule | {' | '.join(f'edition {n}' for n in range(1, editions.NEWEST + 1))} |"
