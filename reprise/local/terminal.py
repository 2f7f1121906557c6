"""What a terminal shows: text of other people's is shown, and moves no cursor, colours nothing, forges no line."""

import unicodedata

_HIDING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that show nothing and do something: control, format, surrogates, separators of lines."""


def printable(text: str, *, lines: bool = False) -> str:
    r"""Return `text` as it can be printed: what would steer a terminal stands there as `\x1b`.

    Args:
        text: Anything.
        lines: Keep the line breaks: the text is of several lines of our own.
    """
    if lines:
        return "\n".join(printable(line) for line in text.split("\n"))
    return "".join(_shown(each) for each in text)


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in _HIDING:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
