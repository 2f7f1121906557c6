"""Where the placeholders of an f-string stand: Python 3.11's syntax tree does not say."""

from collections.abc import Iterator


def placeholders(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each `{...}` in an f-string's source, outermost ones only."""
    at, depth, start = 0, 0, 0
    while at < len(text):
        if depth == 0 and text[at : at + 2] in {"{{", "}}"}:
            at += 2
            continue
        if text[at] == "{":
            start = at if depth == 0 else start
            depth += 1
        elif text[at] == "}" and depth:
            depth -= 1
            if depth == 0:
                yield start, at + 1
        at += 1
