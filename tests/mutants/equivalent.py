"""The changes that change nothing that could be noticed, each with why: `equivalent.toml`."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.parts import Mutant

LIST = Path("tests/mutants/equivalent.toml")
"""The list, relative to the project."""


@dataclass(frozen=True)
class Equivalent:
    """One entry. It is known by what the lines say, so that it stays when they move."""

    file: str
    function: str
    original: str
    mutated: str
    why: str

    def __post_init__(self) -> None:
        """Refuse an entry that gives no reason.

        Raises:
            ValueError: It gives none.
        """
        if not self.why.strip():
            raise ValueError(f"{LIST.name}: say why this is equivalent: {self.file}: {self.mutated}")

    def is_about(self, mutant: Mutant) -> bool:
        """Whether this is the mutant that the entry means."""
        same_place = (self.file, self.function) == (mutant.file, mutant.function)
        return same_place and (_one_line(self.original), _one_line(self.mutated)) == (mutant.original, mutant.mutated)


def listed(path: Path) -> list[Equivalent]:
    """Read a list; one that is not there is empty.

    Raises:
        ValueError: An entry gives no reason, or is no entry.
    """
    entries = tomllib.loads(path.read_text()).get("equivalent", []) if path.exists() else []
    try:
        return [Equivalent(**entry) for entry in entries]
    except TypeError as error:
        raise ValueError(f"{path.name}: each entry has file, function, original, mutated and why: {error}") from error


def told_apart(mutants: Iterable[Mutant], entries: list[Equivalent]) -> tuple[list[Mutant], list[Equivalent]]:
    """Return the mutants that are not equivalent, and the entries that mean none of the mutants."""
    by_place: dict[tuple[str, str], list[Equivalent]] = {}
    for entry in entries:
        by_place.setdefault((entry.file, entry.function), []).append(entry)
    kept: list[Mutant] = []
    used: set[Equivalent] = set()
    for mutant in mutants:
        meant = {each for each in by_place.get((mutant.file, mutant.function), []) if each.is_about(mutant)}
        used |= meant
        if not meant:
            kept.append(mutant)
    return kept, [entry for entry in entries if entry not in used]


def as_entry(mutant: Mutant) -> str:
    """Return the entry that would list a mutant, for people to give a reason."""
    names = {"file": mutant.file, "function": mutant.function, "original": mutant.original, "mutated": mutant.mutated}
    lines = [f"{name} = {_quoted(value)}" for name, value in names.items()]
    return "\n".join(["[[equivalent]]", *lines, 'why = ""', ""])


def _quoted(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _one_line(text: str) -> str:
    return " ".join(text.split())
