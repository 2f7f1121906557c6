"""The catalogues: every text of the pages is in each of them, with the same parts; no page is in two languages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from reprise.portal import content, languages
from reprise.portal.gallery.routes import BRANDING, NAMES, _content, fits
from reprise.portal.gallery.standings import LIVES
from reprise.portal.notices import NOTICES, notice_of
from tests.portal.messages import TEMPLATE, read, strings, template
from tests.portal.situations import DE, EN, rendered, situation_of

CATALOGUES = sorted(languages.FOLDER.glob("*/LC_MESSAGES/messages.po"))
PARTS = re.compile(r"%\(\w+\)s")

SAME = frozenset({"Status", "Support", "%(day)s, %(time)s (%(zone)s)"})
"""Texts that read alike in German."""


def language(path: Path) -> str:
    return path.parent.parent.name


def translated(path: Path) -> Iterator[tuple[Message, tuple[str, ...], tuple[str, ...]]]:
    for message in read(path):
        if message.id:
            yield message, strings(message.id), strings(message.string)


def test_the_template_has_every_text_of_the_pages() -> None:
    """`make messages` was run since the last change of a text."""
    kept = {strings(each.id) for each in read(TEMPLATE) if each.id}
    assert kept == {strings(each.id) for each in template() if each.id}
    assert len(kept) > 300


def test_there_is_german() -> None:
    """English stands in the code, and German beside it."""
    assert "de" in {language(each) for each in CATALOGUES}
    assert {"en", "de"} <= languages.catalogues().keys()


@pytest.mark.parametrize("path", CATALOGUES, ids=language)
def test_a_catalogue_is_complete(path: Path) -> None:
    """Each text is there and translated, none is doubtful, and each keeps its parts: else a page would fail."""
    wanted = {strings(each.id) for each in template() if each.id}
    assert {ids for _, ids, _ in translated(path)} == wanted
    for message, ids, forms in translated(path):
        assert all(forms), ids
        assert not message.fuzzy, ids
        parts = set(PARTS.findall(ids[-1]))
        assert all(set(PARTS.findall(each)) == parts for each in forms), ids
        assert ids[0][-1] not in ".:…" or forms[0][-1] == ids[0][-1], ids


def test_german_is_not_english() -> None:
    """But for the few words that are the same."""
    left = {ids[0] for _, ids, forms in translated(languages.FOLDER / "de/LC_MESSAGES/messages.po") if ids == forms}
    assert left == SAME


def test_another_language_needs_no_more_than_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read as it is, and then offered."""
    there = tmp_path / "fr/LC_MESSAGES/messages.po"
    there.parent.mkdir(parents=True)
    there.write_text('msgid "Overview"\nmsgstr "Aperçu"\n', "utf-8")
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    languages.catalogues.cache_clear()
    try:
        assert languages.texts_of(EN.locale).gettext("Overview") == "Overview"
        assert languages.catalogues()["fr"].gettext("Overview") == "Aperçu"
    finally:
        languages.catalogues.cache_clear()


def words_of(html: str) -> str:
    """Return the words of a page, without what the product has said itself."""
    text = re.sub(r"<(script|style|head)\b.*?</\1>|<[^>]+>", "\n", html, flags=re.DOTALL)
    return text.replace(BRANDING.stays or "", "")


ENGLISH = re.compile(r"\b(the|your|you|and|is|for|of|with|until|at)\b", re.IGNORECASE)


@pytest.mark.parametrize("name", LIVES)
def test_no_page_is_in_two_languages(name: str) -> None:
    """Every page of every standing in German: no English word is left; and it says so to the browser."""
    seen = situation_of(name)
    for page in NAMES:
        if not fits(name, page):
            continue
        html = rendered(_content(seen, DE, name, page, None), DE, branding=BRANDING)
        assert '<html lang="de" dir="ltr">' in html
        assert ENGLISH.findall(words_of(html)) == [], (page, words_of(html))
    assert len(ENGLISH.findall(words_of(rendered(content.overview(seen, EN))))) > 2, "the check sees English"


def test_notices_are_in_the_reader_s_language() -> None:
    """All that a page says once."""
    for word in NOTICES:
        told = notice_of(word, situation_of("just-paid"), DE)
        assert told
        assert told != notice_of(word, situation_of("just-paid"), EN)
    assert notice_of("made-up", situation_of("in-service"), EN) is None
