"""The parts of the code that are changed, which tests must notice, and the changes themselves."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.mutants.operators import Change, apply, changes, says_something_else

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Stage:
    """Test folders that are asked together, and for how many seconds of tests at the most, the quickest first."""

    suites: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Part:
    """A part of the code."""

    name: str
    places: tuple[str, ...]
    """Its files and folders."""
    share: float
    """Of a sample that is drawn from all parts."""
    least: float | None
    """Per cent of the changes that must be caught; None: it is only shown."""
    stages: tuple[Stage, ...]
    """Who is asked, and who is asked next about what was not caught."""

    def files(self, root: Path = ROOT) -> list[str]:
        """Return its files, relative to the project."""
        found = [
            path
            for place in self.places
            for path in ([root / place] if place.endswith(".py") else sorted((root / place).glob("*.py")))
            if path.is_file() and path.name != "__main__.py"
        ]
        return [path.relative_to(root).as_posix() for path in found]


OVER_HTTP = (
    *("tests/api", "tests/http", "tests/sessions", "tests/accounts", "tests/portal"),
    *("tests/client", "tests/cli", "tests/transfer", "tests/reconciliation"),
)
"""Folders whose tests ask a running API."""

PARTS = (
    Part(
        name="core",
        places=("reprise/statemachine",),
        share=0.5,
        least=98,
        stages=(
            Stage(("tests/statemachine", "tests/docs"), 60),
            Stage(("tests/activities", "tests/workflows", *OVER_HTTP), 60),
        ),
    ),
    Part(
        name="activities",
        places=("reprise/activities", "reprise/stripe_api"),
        share=0.2,
        least=95,
        stages=(Stage(("tests/activities", "tests/stripe_api"), 120), Stage(("tests/workflows", *OVER_HTTP), 90)),
    ),
    Part(
        name="workflow",
        places=("reprise/workflows", "reprise/temporal/runner.py"),
        share=0.15,
        least=90,
        stages=(Stage(("tests/workflows",), 180), Stage(OVER_HTTP, 90)),
    ),
    Part(
        name="api",
        places=("reprise/accounts", "reprise/api", "reprise/http", "reprise/sessions"),
        share=0.15,
        least=None,
        stages=(Stage(OVER_HTTP, 180), Stage(("tests/workflows", "tests/api/fuzz"), 90)),
    ),
)


@dataclass(frozen=True)
class Mutant:
    """One change of one file, known by what it says, not by where it stands: it stays itself when lines move."""

    part: Part
    file: str
    change: Change
    source: str = field(repr=False)
    twin: int = 0
    """Which one, of several that read the same in the same function."""

    @property
    def function(self) -> str:
        """The qualified name of the function or class that it is in; empty in a module's own statements."""
        return self.change.function

    @cached_property
    def original(self) -> str:
        """The lines that are changed, without indentation, in one."""
        start, end = self._lines
        return " ".join(self.source[start:end].split())

    @cached_property
    def mutated(self) -> str:
        """What these lines become."""
        start, end = self._lines
        here = self.source[start : self.change.start] + self.change.instead + self.source[self.change.end : end]
        return " ".join(here.split())

    @property
    def line(self) -> int:
        """Where the change begins, from 1 on."""
        return self.source.count("\n", 0, self.change.start) + 1

    @cached_property
    def id(self) -> str:
        """A short name, the same as long as the code around the change is."""
        said = "\0".join((self.file, self.function, self.original, self.mutated, str(self.twin)))
        return hashlib.sha256(said.encode()).hexdigest()[:8]

    @property
    def after(self) -> str:
        """The file with the change in it."""
        return apply(self.source, self.change)

    def says_something_else(self) -> bool:
        """Whether it is a change at all."""
        return says_something_else(self.source, self.change)

    @property
    def _lines(self) -> tuple[int, int]:
        start = self.source.rfind("\n", 0, self.change.start) + 1
        end = self.source.find("\n", self.change.end)
        return start, len(self.source) if end < 0 else end


def mutants_of(part: Part, root: Path = ROOT) -> Iterator[Mutant]:
    """Yield every change of a part."""
    for file in part.files(root):
        source = (root / file).read_text()
        seen: dict[tuple[str, str, str], int] = {}
        for change in changes(source):
            mutant = Mutant(part, file, change, source)
            same = (mutant.function, mutant.original, mutant.mutated)
            seen[same] = seen.get(same, -1) + 1
            yield Mutant(part, file, change, source, seen[same])


def draw(mutants: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """Draw a sample: the same one for the same code and seed."""
    order = sorted(mutants, key=lambda each: (each.file, each.id))
    random.Random(seed).shuffle(order)  # noqa: S311 - not a secret
    drawn: list[Mutant] = []
    for each in order:
        if len(drawn) == count:
            break
        if each.says_something_else():
            drawn.append(each)
    return drawn


def counts(parts: Sequence[Part], count: int) -> dict[str, int]:
    """Share a sample among parts."""
    whole = sum(part.share for part in parts)
    return {part.name: round(count * part.share / whole) for part in parts}
