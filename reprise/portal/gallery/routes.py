"""The gallery's addresses: a list of standings, and each page of each, by the templates and words of the real ones."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from reprise.branding import Branding
from reprise.portal import content
from reprise.portal.content import Content
from reprise.portal.gallery.standings import LIVES, life_of, situation_of
from reprise.portal.localized import LocalFormat, locale_of
from reprise.portal.rendering import Frame
from reprise.portal.situation import Situation
from reprise.sessions.hand_over import HandOver, PortalUser

router = APIRouter(prefix="/_gallery")

USER: Final = "user-7"

BRANDING: Final = Branding.model_validate(
    {
        "product_name": "Integration Manager",
        "support_url": "https://shop.example.com/help",
        "accent_color": "#1f5f52",
        "stays": "Your product feeds and mappings stay for a year.",
    }
)


def _at_once(seen: Situation, local: LocalFormat) -> Content:
    return content.cancelling(seen, local, at_once=True)


def _wrong(seen: Situation, local: LocalFormat) -> Content:
    errors = {"carts": local.text(content.NO_CARTS), "email": local.text(content.NO_EMAIL)}
    return content.subscription(seen, local, wrong=content.Wrong(errors, {"carts": "-3", "email": "ada@shop"}))


PAGES: Final[dict[str, Callable[[Situation, LocalFormat], Content]]] = {
    "overview": content.overview,
    "subscription": content.subscription,
    "subscription-wrong": _wrong,
    "cancel": content.cancelling,
    "cancel-now": _at_once,
    "reactivate": content.reactivation,
}
"""The pages that a situation alone makes; invoices and history need a little more."""

NAMES: Final = (*PAGES, "invoices", "history")


def fits(name: str, page: str) -> bool:
    """Say whether a page is shown in a standing: the real ones lead elsewhere where there is nothing to cancel."""
    account = situation_of(name).account
    if page in {"cancel", "cancel-now"}:
        return account.may_cancel and not (page == "cancel-now" and account.cancels_at_once)
    if page == "subscription-wrong":
        return name == "in-service"
    return page != "reactivate" or not account.is_closed


@router.get("")
async def index(request: Request) -> HTMLResponse:
    """List the standings, and the pages of each."""
    shown = [(name, live.__doc__, [each for each in NAMES if fits(name, each)]) for name, live in LIVES.items()]
    frame = Frame(here=request.url.path, local=LocalFormat(locale_of("en")), branding=BRANDING)
    return frame.render(Content("gallery.html", {"standings": shown}))


@router.get("/{name}/{page}")
async def page(request: Request, name: str, page: str, notice: str | None = None) -> HTMLResponse:
    """Show a page of a standing, in the reader's language."""
    if name not in LIVES or page not in NAMES or not fits(name, page):
        raise HTTPException(404)
    seen, local = situation_of(name), LocalFormat(locale_of(request.headers.get("accept-language", "")))
    user = PortalUser(id=USER, name="Ada Lovelace", billing_access=True)
    session = HandOver(
        session="gallery",
        account_id=seen.record.account_id,
        user=user,
        return_url="https://shop.example.com/settings",
        branding=BRANDING,
        expires=0,
    )
    base = f"/portal/_gallery/{name}"
    frame = Frame(
        here=base if page == "overview" else f"{base}/{page}",
        local=local,
        branding=BRANDING,
        session=session,
        forms_token="of the gallery",  # noqa: S106 - no secret: its forms lead nowhere
        base=base,
    )
    return frame.render(_content(seen, local, name, page, notice))


@router.get("/{name}")
async def overview(request: Request, name: str, notice: str | None = None) -> HTMLResponse:
    """Show a standing's overview, where the pages' own links lead."""
    return await page(request, name, "overview", notice)


def _content(seen: Situation, local: LocalFormat, name: str, page: str, notice: str | None) -> Content:
    match page:
        case "invoices":
            return content.invoices(seen, local, life_of(name).invoice_list)
        case "history":
            return content.history(seen, local, USER)
        case "overview":
            return content.overview(seen, local, notice)
        case _:
            return PAGES[page](seen, local)
