"""docs/security.md goes through OWASP ASVS 5.0.0, levels 1 and 2: nothing is left out, and what it names is there."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.docs.rules import ROOT

DOCUMENT = ROOT / "docs" / "security.md"

ASKED = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
"""How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has: its first ones, the third level's come last
(github.com/OWASP/ASVS, v5.0.0)."""

NAMED = re.compile(r"`((?:tests|reprise|docs|requirements)/[\w./-]+|[A-Za-z]+\.(?:md|toml))(?:::(\w+))?`")


class Row(NamedTuple):
    ids: tuple[str, ...]
    asked: str
    standing: str


@cache
def rows() -> tuple[Row, ...]:
    _, found, text = DOCUMENT.read_text().partition("\n## OWASP ASVS 5.0, levels 1 and 2\n")
    assert found
    parted = [line.strip("| ").split(" | ", 2) for line in text.splitlines() if re.match(r"\| \d", line)]
    return tuple(Row(tuple(ids.split(", ")), asked, standing) for ids, asked, standing in parted)


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_requirement_is_gone_through_once() -> None:
    """In the standard's order within each chapter."""
    wanted = [f"{section}.{number}" for section, count in ASKED.items() for number in range(1, count + 1)]
    assert len(wanted) == 253
    gone_through = [each for row in rows() for each in row.ids]
    assert sorted(gone_through) == sorted(wanted)
    chapters = [each.partition(".")[0] for each in gone_through]
    assert chapters == sorted(chapters, key=int)


def test_each_has_a_standing_and_a_reason() -> None:
    """Met by a test, or not applicable and why, or open and what that means."""
    for row in rows():
        standing, _, why = row.standing.partition(":")
        assert re.fullmatch(r"met(?: in the embedded default)?|n/a|open(?: in part)?", standing), row
        assert len(why) > 4, row
        if standing.startswith("met"):
            assert any(path.startswith("tests/") for path, _ in NAMED.findall(why)) or "as 6.5.3" in why, row
        assert row.asked


def test_every_file_and_test_that_is_named_exists() -> None:
    """In the whole document, and in SECURITY.md."""
    text = DOCUMENT.read_text() + (ROOT / "SECURITY.md").read_text()
    named = NAMED.findall(text)
    assert len(named) > 150
    for path, function in named:
        assert (ROOT / path).exists(), path
        if function:
            assert function in functions(ROOT / path), f"{path}::{function}"


def test_what_is_named_wrongly_is_noticed() -> None:
    """The pattern finds what it should."""
    found = NAMED.findall("`tests/a/test_b.py::test_c`, `reprise/x.py`; `SECURITY.md` and `make lint`, `POST /v1/x`")
    assert found == [("tests/a/test_b.py", "test_c"), ("reprise/x.py", ""), ("SECURITY.md", "")]


def test_how_to_report_is_said() -> None:
    """In private, with times, and how soon components are mended."""
    text = (ROOT / "SECURITY.md").read_text()
    for part in ("private vulnerability reporting", "Report a vulnerability", "3 working days", "within\n7 days"):
        assert part in text
