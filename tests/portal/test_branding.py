"""The product's name, colour, logo and support on the pages: what is taken, and that everybody can read it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reprise.branding import DARK, ENOUGH, LIGHT, WHITE, Branding, contrast, on_dark
from reprise.portal.app import STATIC
from reprise.portal.rendering import headers
from reprise.sessions.hand_over import PortalSessionBody


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accent_color", "#777777"),
        ("accent_color", "red"),
        ("accent_color", "#12345"),
        ("accent_color", "#1f5f52;}"),
        ("logo_url", "http://shop.example.com/logo.svg"),
        ("logo_url", "data:image/svg+xml,<svg/>"),
        ("logo_url", "https://shop.example.com/" + "x" * 300),
        ("support_url", "javascript:alert(1)"),
        ("support_url", "http://shop.example.com/help"),
        ("product_name", ""),
        ("product_name", "x" * 61),
        ("product_name", "a\nb"),
        ("stays", "x" * 301),
    ],
)
def test_R20_what_is_not_taken(field: str, value: str) -> None:
    """Refused by name, before a link is made."""
    with pytest.raises(ValidationError) as refused:
        PortalSessionBody.model_validate({"user": {"id": "u"}, field: value})
    assert refused.value.errors()[0]["loc"] == (field,)


def test_what_is_left_out_is_as_configured() -> None:
    """A hand-over says its own, over the settings."""
    settings = Branding(product_name="Reprise", stays="Everything.")
    said = Branding(product_name="Integration Manager").over(settings)
    assert (said.product_name, said.stays, said.logo_url) == ("Integration Manager", "Everything.", None)


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, a colour on itself 1; #767676 is the lightest grey that passes on white."""
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#1f5f52", "#1f5f52") == 1
    assert contrast("#767676", WHITE) >= ENOUGH > contrast("#777777", WHITE)


@given(st.integers(0, 0xFFFFFF))
def test_every_accent_colour_can_be_read_in_the_dark(number: int) -> None:
    """As light as it must be, whatever it was."""
    assert min(contrast(on_dark(f"#{number:06x}"), each) for each in DARK) >= ENOUGH


def test_the_policy_takes_the_logo_s_origin_and_no_other() -> None:
    """Never inline styles or scripts."""
    logo = Branding.model_validate({"logo_url": "https://cdn.example.com/a/logo.svg?x=1"})
    policy = headers(logo)["Content-Security-Policy"]
    assert "img-src 'self' https://cdn.example.com;" in policy
    assert "unsafe" not in policy
    assert "img-src 'self';" in headers(Branding())["Content-Security-Policy"]


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    """What is checked is what is shown."""
    style = (STATIC / "portal.css").read_text()
    light, dark = style.split("@media (prefers-color-scheme: dark)", 1)
    for grounds, scheme in ((LIGHT, light), (DARK, dark)):
        named = {
            match
            for name in ("paper", "ground", "warning-ground", "notice", "alert", "hover")
            for match in re.findall(rf"--{name}: (#\w+);", scheme)[:1]
        }
        assert {each.replace("#fff", "#ffffff") if len(each) == 4 else each for each in named} == set(grounds)
