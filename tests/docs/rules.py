"""What docs/rules.md says: its rules, its examples, and what each edition decides otherwise."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "docs" / "rules.md"

NOT_BUILT: Final = "*(not built yet)*"

NAMED: Final = re.compile(r"(?<![A-Za-z0-9.#])([RE])([1-9]\d?)(?![A-Za-z0-9])")
"""A rule or an example, in prose (`R6`), in a test's name (`test_R6_R8_…`), or as the end of a range (`R1-R14`)."""


@dataclass(frozen=True)
class Rule:
    """A rule or a worked example; it is `built`, or all of it is still to come."""

    name: str
    built: bool


def rules() -> list[Rule]:
    """Return the rules and examples of docs/rules.md, in its order."""
    found = re.findall(r"^(?:### |\| )([RE]\d+)\b(.*)$", RULES.read_text(), re.MULTILINE)
    return [Rule(name, built=NOT_BUILT not in rest.partition("|")[0]) for name, rest in found]


def editions() -> list[tuple[str, ...]]:
    """Return the rows of the table of what edition 2 decides otherwise: where, rule, edition 1, edition 2."""
    rows = re.findall(r"^\| ((?:core|chart|workflow) `.*) \|$", RULES.read_text(), re.MULTILINE)
    return [tuple(cell.strip() for cell in row.split(" | ")) for row in rows]
