"""How the pages look and whom they name: the product's name, logo and colour, its support, and what it keeps."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

ENOUGH: Final = 4.5
"""The contrast that text must have with what is behind it (w3.org/TR/WCAG22/#contrast-minimum)."""

WHITE: Final = "#ffffff"
LIGHT: Final = ("#ffffff", "#f4f6f5", "#fffaf0", "#e5f3ec", "#fdeeec", "#eef4f2")
DARK: Final = ("#1a2220", "#111816", "#2a2418", "#17322a", "#3a2220", "#25302d")
"""What can be behind the accent colour in each scheme: paper, ground, warning, notice, alert, hover of `portal.css`."""

_Line = StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")


def _https(url: HttpUrl) -> HttpUrl:
    if url.scheme != "https" or len(str(url)) > 300:
        raise ValueError("must be an https address of at most 300 characters")
    return url


def _readable(color: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise ValueError("must be a colour such as #1f5f52")
    if not _is_readable_on(LIGHT, color):
        raise ValueError(f"must be darker: with light backgrounds it has not the contrast of {ENOUGH} that words need")
    return color.lower()


HttpsUrl = Annotated[HttpUrl, AfterValidator(_https)]
AccentColor = Annotated[str, AfterValidator(_readable)]
ProductName = Annotated[str, _Line, StringConstraints(max_length=60)]
Sentence = Annotated[str, _Line, StringConstraints(max_length=300)]


class Branding(BaseModel):
    """What the pages take from the product."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product_name: Annotated[ProductName | None, Field(description="What the pages call the product.")] = None
    logo_url: Annotated[HttpsUrl | None, Field(description="A picture beside the name, over https.")] = None
    accent_color: Annotated[
        AccentColor | None, Field(description="Colour of links and buttons, `#rrggbb`, readable on white.")
    ] = None
    support_url: Annotated[HttpsUrl | None, Field(description="Where users ask for help, over https.")] = None
    stays: Annotated[
        Sentence | None,
        Field(description="A sentence of yours on what stays after cancelling, in the user's language."),
    ] = None

    def over(self, defaults: "Branding") -> "Branding":
        """Return these, and the defaults where nothing is said."""
        return defaults.model_copy(update={name: value for name, value in self if value is not None})


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def on_dark(color: str) -> str:
    """Return a colour as light as it must be to be read in the dark scheme."""
    for white in range(0, 101, 2):
        mixed = "#" + "".join(f"{round(part + (255 - part) * white / 100):02x}" for part in _parts(color))
        if _is_readable_on(DARK, mixed):
            return mixed
    return WHITE


def _is_readable_on(grounds: tuple[str, ...], color: str) -> bool:
    return all(contrast(color, each) >= ENOUGH for each in grounds)


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    """Return the relative luminance (w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in _parts(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
