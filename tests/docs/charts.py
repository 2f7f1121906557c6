"""Writes the chart of an account's states into README.md and docs/states.md: `make diagram`."""

from pathlib import Path
from typing import Final

from reprise.statemachine.chart_markdown import small_chart, whole_table
from tests.docs.markers import between

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
STATES: Final = ROOT / "docs" / "states.md"


def with_chart(text: str) -> str:
    """Return a Markdown text with the small chart between its markers as the machine has it.

    Raises:
        ValueError: The markers are missing.
    """
    return between(text, "account-states", f"```mermaid\n{small_chart()}\n```\n")


def with_table(text: str) -> str:
    """Return a Markdown text with the table of all transitions between its markers as the machine has it.

    Raises:
        ValueError: The markers are missing.
    """
    return between(text, "account-transitions", f"\n{whole_table()}\n")


if __name__ == "__main__":
    README.write_text(with_chart(README.read_text()))
    STATES.write_text(with_table(with_chart(STATES.read_text())))
