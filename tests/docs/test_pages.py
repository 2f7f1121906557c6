"""The page of pictures shows every standing of the gallery."""

from tests.docs.pages import PAGES, document, picture, pictured


def test_every_standing_is_pictured() -> None:
    """If this fails, the gallery has changed: run `make screenshots diagram`."""
    assert PAGES.read_text() == document(), "run `make diagram`"
    there = set(picture("any", "page").parent.glob("*.png"))
    assert there == {picture(name, page) for name, pages in pictured().items() for page in pages}, "`make screenshots`"
