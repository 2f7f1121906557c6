"""The chart of an account's states in a Markdown file, written from the state machine itself."""

import re
import sys
from pathlib import Path

from reprise.statemachine.machine import AccountMachine

_PLACE = re.compile(r"(?<=<!-- account-states -->\n).*?(?=<!-- /account-states -->)", re.DOTALL)


def with_diagram(text: str) -> str:
    """Return a Markdown text with the chart between its two markers as the machine has it.

    Raises:
        ValueError: The markers are missing.
    """
    if not _PLACE.search(text):
        raise ValueError("the markers <!-- account-states --> and <!-- /account-states --> are missing")
    return _PLACE.sub(lambda _: f"```mermaid\n{diagram()}\n```\n", text)


def diagram() -> str:
    """Return the chart in Mermaid."""
    return f"{AccountMachine:mermaid}".strip()


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(with_diagram(readme.read_text()))
