"""Writes the types of announcements, and their JSON schema, into docs/webhooks.md: `make diagram`."""

import json
import textwrap
from pathlib import Path
from typing import Final

from reprise.schemas.announcement_catalogue import CATALOGUE, example_of
from reprise.schemas.announcements import Announcement
from tests.docs.markers import between

WEBHOOKS: Final = Path(__file__).parents[2] / "docs" / "webhooks.md"


def types() -> str:
    """Return every type with when it comes and an example, in the order in which they are declared."""
    parts = []
    for kind, each in CATALOGUE.items():
        written = json.dumps(example_of(kind).as_json())
        folded = "\n".join(textwrap.wrap(written, 118, break_long_words=False, break_on_hyphens=False))
        parts.append(f"### `{kind.value}`\n{each.when}\n\n```json\n{folded}\n```\n")
    return "\n".join(parts)


def schema() -> str:
    """Return the JSON schema of an announcement."""
    return f"```json\n{json.dumps(Announcement.model_json_schema(mode='serialization'), indent=1)}\n```\n"


def with_announcements(text: str) -> str:
    """Return a Markdown text with both between their markers, as the code has them.

    Raises:
        ValueError: The markers are missing.
    """
    return between(between(text, "announcement-types", f"\n{types()}\n"), "announcement-schema", schema())


if __name__ == "__main__":
    WEBHOOKS.write_text(with_announcements(WEBHOOKS.read_text()))
