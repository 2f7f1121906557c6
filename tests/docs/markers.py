"""What is written into documents by the code stands between markers."""

import re


def between(text: str, name: str, content: str) -> str:
    """Return a text whose part between the markers of this name is `content`.

    Raises:
        ValueError: The markers are missing.
    """
    place = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"the markers <!-- {name} --> and <!-- /{name} --> are missing")
    return place.sub(lambda _: content, text)
