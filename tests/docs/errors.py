"""Writes the table of codes into docs/errors.md: `make diagram`."""

from pathlib import Path
from typing import Final

from reprise.schemas.problem_codes import PROBLEMS
from tests.docs.markers import between

ERRORS: Final = Path(__file__).parents[2] / "docs" / "errors.md"


def table() -> str:
    """Return all codes as a Markdown table, in the order in which they are declared."""
    rows = ["| code | status | when | what to do |", "|---|---|---|---|"]
    for each in PROBLEMS:
        statuses = ", ".join(str(status) for status in each.statuses)
        rows.append(f"| `{each.code}` | {statuses} | {each.when} | {each.remedy} |")
    return "\n".join(rows)


def with_codes(text: str) -> str:
    """Return a Markdown text with the table between its markers as the codes have it.

    Raises:
        ValueError: The markers are missing.
    """
    return between(text, "error-codes", f"\n{table()}\n\n")


if __name__ == "__main__":
    ERRORS.write_text(with_codes(ERRORS.read_text()))
