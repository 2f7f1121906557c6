"""Writes the table of settings into docs/configuration.md: `make diagram`."""

from pathlib import Path
from typing import Final

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from reprise.settings import ApiSettings, WorkerSettings
from tests.docs.markers import between

CONFIGURATION: Final = Path(__file__).parents[2] / "docs" / "configuration.md"

READERS: Final[dict[str, type[BaseModel]]] = {"worker": WorkerSettings, "API": ApiSettings}
"""Who reads which settings."""


def variable_of(name: str, field: FieldInfo) -> str:
    """Return the environment variable of a setting; the first where several are taken."""
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"REPRISE_{name.upper()}"


def table() -> str:
    """Return all settings as a Markdown table, in the order in which they are declared."""
    fields = {name: field for model in READERS.values() for name, field in model.model_fields.items()}
    rows = ["| variable | who | meaning | default |", "|---|---|---|---|"]
    for name, field in fields.items():
        who = ", ".join(each for each, model in READERS.items() if name in model.model_fields)
        default = (
            "required" if field.is_required() else f"`{field.default}`" if field.default not in {None, ""} else "–"
        )
        rows.append(f"| `{variable_of(name, field)}` | {who} | {field.description} | {default} |")
    return "\n".join(rows)


def with_settings(text: str) -> str:
    """Return a Markdown text with the table between its markers as the settings have it.

    Raises:
        ValueError: The markers are missing.
    """
    return between(text, "settings", f"\n{table()}\n\n")


if __name__ == "__main__":
    CONFIGURATION.write_text(with_settings(CONFIGURATION.read_text()))
