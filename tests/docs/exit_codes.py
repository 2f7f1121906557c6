"""Writes the table of exit codes into docs/cli.md: `make diagram`."""

from pathlib import Path
from typing import Final

from reprise.cli.exit_codes import MEANINGS
from tests.docs.markers import between

CLI: Final = Path(__file__).parents[2] / "docs" / "cli.md"


def with_exit_codes(text: str) -> str:
    """Return a Markdown text with the table between its markers as the command line has it.

    Raises:
        ValueError: The markers are missing.
    """
    rows = ["| code | meaning |", "|---|---|", *(f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())]
    return between(text, "exit-codes", "\n" + "\n".join(rows) + "\n\n")


if __name__ == "__main__":
    CLI.write_text(with_exit_codes(CLI.read_text()))
