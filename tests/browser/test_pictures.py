"""Pages look as they looked: pictures of the gallery beside those in `pictures/`, pixel by pixel, with a tolerance.

`PICTURES=new pytest tests/browser/test_pictures.py` takes them anew. Fonts differ between machines, so the pages are
pictured in one that the browser draws the same everywhere: as blocks. What is compared is the layout and the colours.
"""

import base64
import os
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Visits

PICTURES: Final = Path(__file__).parent / "pictures"

SHOWN: Final = {
    "overview-desktop": ("past-due/overview", 1280, "light"),
    "subscription-dark": ("carts-changed/subscription", 1280, "dark"),
    "invoices-small": ("back-again/invoices", 320, "light"),
    "reactivate-phone-dark": ("debt-kept/reactivate", 390, "dark"),
    "cancel-phone": ("in-service/cancel", 390, "light"),
}

TOLERANCE: Final = 0.004
"""Which part of the pixels may differ: edges are drawn a little otherwise by another version of the browser."""

BLOCKS: Final = """
* { font-family: monospace !important; letter-spacing: 0 !important; }
body, body * { color: transparent !important; text-shadow: none !important; }
h1, h2, p, dt, dd, li, td, th, a, button, label, summary, caption, small, strong { text-decoration: none !important; }
"""
"""Words are left out, their boxes stay: lines break where they broke, in a font of one width."""

COMPARED: Final = """async ([one, other]) => {
  const drawn = async data => {
    const image = await createImageBitmap(await (await fetch("data:image/png;base64," + data)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.getContext("2d").getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await drawn(one), await drawn(other)];
  if (a.width !== b.width || Math.abs(a.height - b.height) > 2) return 1;
  let differing = 0;
  const rows = Math.min(a.height, b.height);
  for (let i = 0; i < rows * a.width * 4; i += 4) {
    const apart = Math.max(...[0, 1, 2].map(part => Math.abs(a.data[i + part] - b.data[i + part])));
    if (apart > 24) differing += 1;
  }
  return differing / (rows * a.width);
}"""
"""Which part of two pictures differs visibly, by the browser itself: no other library need know pictures."""


async def differing(page: Page, one: bytes, other: bytes) -> float:
    shown = [base64.b64encode(each).decode() for each in (one, other)]
    return float(await page.evaluate(COMPARED, shown))


async def pictured(page: Page, gallery: str, path: str) -> bytes:
    await page.goto(f"{gallery}/{path}")
    await page.add_style_tag(content=BLOCKS)
    return await page.screenshot(full_page=True, animations="disabled")


@pytest.mark.parametrize("name", SHOWN)
async def test_it_looks_as_it_looked(gallery: str, visit: Visits, name: str) -> None:
    """Within the tolerance; what is meant to look otherwise is pictured anew."""
    path, width, scheme = SHOWN[name]
    page: Page = await visit(
        bypass_csp=True, viewport={"width": width, "height": 600}, color_scheme=scheme, device_scale_factor=1
    )
    now, kept = await pictured(page, gallery, path), PICTURES / f"{name}.png"
    if os.environ.get("PICTURES") == "new":
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(now)
    apart = await differing(page, kept.read_bytes(), now)
    assert apart <= TOLERANCE, f"{apart:.2%} of {name} look otherwise: see {gallery}/{path}"


async def test_the_comparison_sees_a_difference(gallery: str, visit: Visits) -> None:
    """A button of another colour, and a paragraph more, are seen."""
    page: Page = await visit(bypass_csp=True, viewport={"width": 390, "height": 600})
    before = await pictured(page, gallery, "past-due/overview")
    assert await differing(page, before, await pictured(page, gallery, "past-due/overview")) == 0
    await page.add_style_tag(content=".button { background: #ff0000 !important; }")
    assert await differing(page, before, await page.screenshot(full_page=True)) > TOLERANCE
    await page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p>More</p>')")
    assert await differing(page, before, await page.screenshot(full_page=True)) == 1
