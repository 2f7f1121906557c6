"""Which tests are asked about a change: of those that run the place, first one for each way through its file."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.mutants.measured import Measured
from tests.mutants.parts import Mutant, Stage
from tests.mutants.trial import Trial

NAMED = re.compile(r"\s*(?:class\s+)?(\w+)")


@dataclass(frozen=True)
class Choice:
    """Who is asked about a change."""

    trial: Trial | None
    """None if no test of the stage runs the place."""
    not_asked: int = 0
    """Tests that would have been asked if there were more time."""


def choose(mutant: Mutant, stage: Stage, measured: Mapping[str, Measured], root: Path, patience: float) -> Choice:
    """Choose the tests of a stage for a mutant. Each may take `patience` seconds, and five times what it took.

    What runs when its module is imported, such as a constant or a model's field, is run by no test in particular: those
    come first that run code which names it, then all the others.
    """
    suites = [measured[suite] for suite in stage.suites]
    seconds = {test: took for suite in suites for test, took in suite.seconds.items()}
    change = mutant.change
    order: list[str] = []
    if not change.at_import:
        places = [(mutant.file, change.first_line, change.last_line)]
        order = _in_turns(_running(suites, places), suites, mutant.file, seconds)
    if not order:  # also what only a function does that a module calls while it is imported
        first = _running(suites, _places_of(mutant, root))
        order = [*sorted(first, key=seconds.__getitem__), *sorted(seconds.keys() - first, key=seconds.__getitem__)]
    asked: list[str] = []
    left = stage.seconds
    for test in order:
        if asked and seconds[test] > left:
            continue
        left -= seconds[test]
        asked.append(test)
    if not asked:
        return Choice(None)
    files = dict.fromkeys(test.partition("::")[0] for test in asked)
    limits = {test: patience + 5 * seconds[test] for test in asked}
    return Choice(Trial(tuple(files), limits), len(order) - len(asked))


def _in_turns(tests: Iterable[str], suites: Sequence[Measured], file: str, seconds: Mapping[str, float]) -> list[str]:
    """Return tests in the order in which they are asked: those that go other ways through a file notice other things.

    First comes the quickest of all that run the same lines of it, then the second of each, and so on; tests of one file
    together, since they share servers.
    """
    ran: dict[str, list[str]] = {test: [] for test in tests}
    for suite in suites:
        for line, those in suite.lines.get(file, {}).items():
            for test in ran.keys() & set(those):
                ran[test].append(line)
    turns: Counter[frozenset[str]] = Counter()
    files: dict[str, int] = {}
    order: list[tuple[int, int, float, str]] = []
    for test in sorted(ran, key=seconds.__getitem__):
        way, place = frozenset(ran[test]), test.partition("::")[0]
        turns[way] += 1
        order.append((turns[way], files.setdefault(place, len(files)), seconds[test], test))
    return [each[-1] for each in sorted(order)]


def _running(suites: Sequence[Measured], places: Iterable[tuple[str, int, int]]) -> set[str]:
    return {test for place in places for suite in suites for test in suite.running(*place)}


def _places_of(mutant: Mutant, root: Path) -> list[tuple[str, int, int]]:
    line = mutant.source.splitlines()[mutant.change.first_line - 1]
    named = NAMED.match(line)
    return _mentions(named[1], root) if named else []


@cache
def _mentions(name: str, root: Path) -> list[tuple[str, int, int]]:
    """Return where the package names something."""
    found: list[tuple[str, int, int]] = []
    for path in sorted((root / "reprise").rglob("*.py")):
        text = path.read_text()
        if name in text:
            lines = {line for node in ast.walk(ast.parse(text)) if (line := _line_naming(node, name))}
            found.extend((path.relative_to(root).as_posix(), line, line) for line in sorted(lines))
    return found


def _line_naming(node: ast.AST, name: str) -> int | None:
    match node:
        case ast.Name(id=there, lineno=line) | ast.Attribute(attr=there, lineno=line) if there == name:
            return line
        case ast.keyword(arg=there, lineno=line) if there == name:
            return line
        case _:
            return None
