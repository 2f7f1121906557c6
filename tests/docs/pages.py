"""Writes docs/pages.md, the pages of the gallery as pictures: `make diagram`. `make screenshots` takes the pictures."""

from pathlib import Path
from typing import Final

from reprise.portal.gallery.standings import LIVES
from tests.browser.gallery import SAMPLE

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGES: Final = DOCS / "pages.md"

BEGINNING: Final = """# The pages in every standing

Profile & Billing as an account's owner sees it on a phone, in every standing that there is. The accounts are made up,
and the core leads them there. `make screenshots` takes the pictures. With `reprise dev` running, the same pages stand
under `/portal/_gallery`, at any width, dark or light, in each language ([Profile & Billing](portal.md#the-gallery)).
"""


def pictured() -> dict[str, list[str]]:
    """Return the pages that are pictured, by standing: each overview, and the other pages where they hold most."""
    others = [each.split("/") for each in SAMPLE]
    return {
        name: ["overview", *(page for standing, page in others if standing == name and page != "overview")]
        for name in LIVES
    }


def picture(standing: str, page: str) -> Path:
    """Return where the picture of a page is kept."""
    return DOCS / "screenshots" / "pages" / f"{standing}-{page}.png"


def document() -> str:
    """Return the document."""
    parts = [BEGINNING]
    for standing, pages in pictured().items():
        title = standing.replace("-", " ").capitalize()
        parts.append(f"## {title}\n\n{LIVES[standing].__doc__}\n")
        shown = (f"![{title}: {page}]({picture(standing, page).relative_to(DOCS)})" for page in pages)
        parts.append("\n".join(shown) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGES.write_text(document())
