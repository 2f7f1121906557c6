"""Every rule and example that code, tests and documents name is one of docs/rules.md, and each is proved by a test."""

import functools
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.rules import NAMED, ROOT, rules

TEXTS = (".py", ".md", ".html", ".css", ".toml", ".sh", ".yaml", ".yml", ".json", "Makefile")
NOT_OURS = re.compile(r"\.min\.|^requirements/|^tests/workflows/histories/|/stripe_codes\.py$")
"""What is generated, or written by others."""

CODES_OF_RUFF = re.compile(r"noqa: .*$|^\s*(?:select|ignore|\"[^\"]+\") ?= ?\[.*$|^ {4}\"[A-Z]+\d+\",.*$", re.MULTILINE)


@functools.cache
def names() -> Mapping[Path, set[str]]:
    """Return the rules that each text of the project names."""
    return {path: named_in(text) for path, text in texts()}


def texts() -> Iterator[tuple[Path, str]]:
    """Return every text of the project that may name rules."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(listed.stdout.splitlines()):
        if name.endswith(TEXTS) and not NOT_OURS.search(name) and (ROOT / name).is_file():
            yield Path(name), CODES_OF_RUFF.sub("", (ROOT / name).read_text())


def named_in(text: str) -> set[str]:
    """Return the rules that a text names."""
    return {f"{letter}{number}" for letter, number in NAMED.findall(text)}


def test_the_rules_are_numbered_without_a_gap() -> None:
    """R1 and E1 onward, each once, in order."""
    for letter in "RE":
        numbers = [int(rule.name[1:]) for rule in rules() if rule.name.startswith(letter)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) > 20


def test_every_rule_that_is_named_exists() -> None:
    """A number that docs/rules.md does not have is a slip, or a rule that was forgotten there."""
    known = {rule.name for rule in rules()}
    unknown = {f"{path}: {name}" for path, named in names().items() for name in named - known}
    assert not unknown


@pytest.mark.parametrize("name", [rule.name for rule in rules() if rule.built])
def test_every_rule_that_is_built_is_named_by_a_test(name: str) -> None:
    """By its name or its docstring; a rule without one is marked as not built, or is not proved."""
    tests = [path for path in names() if path.name.startswith("test_") and "docs" not in path.parts]
    assert any(name in names()[path] for path in tests), f"no test says that it proves {name}"


def test_numbers_of_other_kinds_are_not_taken_for_rules() -> None:
    """Amounts, ids, versions and codes of lint."""
    assert named_in("test_R8_R27_x (R1-R14), E16's R22: 7500") == {"R8", "R27", "R1", "R14", "E16", "R22"}
    assert named_in("E501 PR12 R2D2 AE3 R100 0.E1 #E1 R0") == set()
