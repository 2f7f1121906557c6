"""`make messages`: take the texts of the pages out of the code, into `messages.pot` and every language's catalogue."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from reprise.portal import content, declines
from reprise.portal.languages import FOLDER

PORTAL = FOLDER.parent
TEMPLATE = FOLDER / "messages.pot"
HEADER = "# Texts of the Profile & Billing pages.\n"

METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}}
KEYWORDS = {"_": None, "text": None, "markup": None, "count": (1, 2)}


def found() -> Iterator[tuple[str | tuple[str, ...], str]]:
    """Yield each text of the pages, and the file that it stands in."""
    for file, _, message, _, _ in extract_from_dir(PORTAL, METHODS, OPTIONS, KEYWORDS):
        if message and not file.startswith("templates/gallery"):
            yield message, file
    for told in declines.ALL:
        yield told.why, "declines.py"
        yield told.remedy, "declines.py"
    for sentence in (content.NO_CARTS, content.NO_SUM, content.NO_EMAIL):
        yield sentence, "content.py"


def template() -> Catalog:
    """Return all texts, without a translation."""
    catalogue = Catalog(
        project="Reprise", header_comment=HEADER.strip(), creation_date=datetime(2026, 1, 1, tzinfo=UTC)
    )
    for message, file in found():
        catalogue.add(message, locations=[(file, 0)])
    return catalogue


def read(path: Path) -> Catalog:
    """Return a catalogue as it stands in a file."""
    with path.open("rb") as source:
        return read_po(source, locale=path.parent.parent.name)


def write(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue, in an order that does not change with line numbers."""
    with path.open("wb") as target:
        write_po(target, catalogue, width=110, sort_output=True, include_lineno=False, ignore_obsolete=True)


def update() -> None:
    """Bring the template and each catalogue up to date; what is new in a catalogue waits there for its translation."""
    fresh = template()
    write(fresh, TEMPLATE)
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")):
        catalogue = read(path)
        catalogue.update(fresh, no_fuzzy_matching=True)
        write(catalogue, path)
        missing = [each.id for each in catalogue if each.id and not all(strings(each.string))]
        print(f"{path.parent.parent.name}: {len(missing)} of {len(fresh)} texts to be translated")


def strings(translation: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Return the forms of a translation: one, or one for each plural."""
    return tuple(translation) if isinstance(translation, tuple | list) else (translation or "",)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    update()
    sys.exit(0)
