"""The gallery in a browser: a server of the pages alone, and which of its pages are built alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from reprise.portal.app import create_portal
from reprise.portal.gallery.routes import NAMES, fits
from reprise.portal.gallery.standings import LIVES
from tests.api_side import served

WIDTHS: Final = {"desktop": 1280, "phone": 390, "small": 320}
SCHEMES: Final = ("light", "dark")


@asynccontextmanager
async def gallery_served() -> AsyncIterator[str]:
    """Serve the pages without Temporal and Stripe; yield where the gallery is."""
    app = FastAPI()
    app.mount("/portal", create_portal(with_gallery=True))
    async with served(app) as url:
        yield f"{url}/portal/_gallery"


SAMPLE: Final = (
    "in-service/overview", "just-paid/overview", "carts-changed/overview", "card-expires/overview", "past-due/overview",
    "past-due-to-confirm/overview", "in-service/subscription-wrong", "cancelled/subscription", "in-service/cancel",
    "in-service/cancel-now", "past-due/cancel", "debt-kept/reactivate", "declined/reactivate", "to-confirm/reactivate",
    "stopped-now/reactivate", "back-again/invoices", "renewal-failed/history",
)  # fmt: skip
"""Pages that have, between them, all that a page can hold."""


def all_pages() -> list[str]:
    """Return every page of every standing."""
    return [f"{name}/{page}" for name in LIVES for page in NAMES if fits(name, page)]
