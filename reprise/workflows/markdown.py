"""Texts of other people's in what operators read in the Temporal UI, which takes details and summaries for Markdown.

What customers and Stripe have written is quoted: it makes no link, no picture, no heading and no line of its own.
"""

import re
import unicodedata
from typing import Final

MAX_SHOWN_LENGTH: Final = 200
"""Characters of somebody else's text that are shown; the whole stands in the timeline."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
"""Categories of characters that show nothing and do something: control, format (of direction, too). Line ends are
white space."""

_LINK: Final = re.compile(r"([!\]])(?=[\[(])")
"""Where Markdown begins a picture, or goes on from a link's text to its address."""


def quoted(text: str) -> str:
    """Return a text as Markdown shows it letter by letter: in a code span, on one line.

    Nothing in a code span is Markdown, HTML or an address (spec.commonmark.org/0.31.2, 6.1). A backtick, which would
    end it, becomes an apostrophe; should a reader not know code spans, there is still no tag and no link in it. Longer
    texts are cut.
    """
    line = "".join(" " if unicodedata.category(each) in _UNSEEN else each for each in text)
    line = _LINK.sub(r"\1 ", " ".join(line.split())).replace("`", "'").replace("<", "‹").replace(">", "›")
    cut = line if len(line) <= MAX_SHOWN_LENGTH else f"{line[: MAX_SHOWN_LENGTH - 1]}…"
    return f"`{cut or '–'}`"
