"""The languages of the pages: gettext catalogues, one file each, read when the process starts.

English is what stands in the code. Another language is a file `locale/<language>/LC_MESSAGES/messages.po`, made from
`locale/messages.pot`; it needs no build step, and is offered as soon as it is there.
"""

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent / "locale"
FALLBACK: Final = "en"


@cache
def catalogues() -> dict[str, NullTranslations]:
    """Return the texts of each language that the pages are written in, by its code."""
    found = {each.parent.parent.name: _read(each) for each in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po"))}
    return {FALLBACK: NullTranslations(), **found}


def texts_of(locale: Locale) -> NullTranslations:
    """Return the texts for a locale: of its very language and script or region, else of its language, else English."""
    known = catalogues()
    return next((known[each] for each in _codes(locale) if each in known), known[FALLBACK])


def is_written_in(locale: Locale) -> bool:
    """Say whether the pages are written in a locale's language."""
    return any(each in catalogues() for each in _codes(locale))


def _codes(locale: Locale) -> tuple[str, ...]:
    return str(locale), f"{locale.language}_{locale.script}", locale.language


def _read(path: Path) -> NullTranslations:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=path.parent.parent.name, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
