"""The pages: each shows the account as it stands when it is asked for."""

import time
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from reprise.accounts.errors import AccountNotFound
from reprise.accounts.restoring import account_of
from reprise.errors import Unavailable
from reprise.http.customer_portal import customer_portal
from reprise.portal import content
from reprise.portal.content import Content
from reprise.portal.dependencies import Visitor, VisitorDep
from reprise.portal.problems import PageProblem
from reprise.portal.rendering import Frame
from reprise.portal.situation import Situation, situation_of
from reprise.sessions.hand_over import public_base
from reprise.stripe_api.billing_details import BillingDetailsReader
from reprise.stripe_api.invoice_list import hosted_invoice, invoice_page

router = APIRouter(prefix="/accounts/{account_id}")

Notice = Annotated[str | None, Query(alias="notice", max_length=20)]
"""What a page says after something was done; the address carries no more than the word."""

WATCHED_FOR: Final = 900
"""Seconds for which an open page asks by itself how a payment went: a payer is there for as long as that."""

STOP_POLLING: Final = 286
"""What htmx takes for "ask no more" (htmx.org/docs/#polling)."""


def show(request: Request, who: Visitor, shown: Content, watched: str | None = None) -> HTMLResponse:
    """Return a page of an account for its visitor."""
    return Frame.of(request, who, watched).render(shown)


def watched(who: Visitor, seen: Situation) -> str | None:
    """Return where an open page asks whether a payment that somebody is about to make has changed anything."""
    account = seen.account
    if not (account.may_pay_invoice or account.may_cancel_payment or account.payment.under_way):
        return None
    until = int(time.time()) + WATCHED_FOR
    return f"/portal/accounts/{who.account_id}/changed?seen={_mark(seen)}&until={until}"


def _mark(seen: Situation) -> str:
    """Return what differs when a page of the account would: its sequence number, and how its payment stands."""
    return f"{seen.account.sequence}-{seen.account.payment.status}"


@router.get("")
async def overview(request: Request, who: VisitorDep, notice: Notice = None) -> HTMLResponse:
    """Profile & Billing: how the account stands, and what can be done next."""
    seen = await situation_of(who, fresh=notice == "card")
    return show(request, who, content.overview(seen, who.local, notice), watched(who, seen))


@router.get("/changed")
async def changed(
    who: VisitorDep, seen: Annotated[str, Query(max_length=60)], until: Annotated[int, Query(ge=0, le=2**40)]
) -> Response:
    """Say to an open page whether it would look otherwise now: then it is loaded again. It asks until `until`."""
    now = await situation_of(who)
    if _mark(now) != seen:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return Response(status_code=204 if time.time() < until else STOP_POLLING)


@router.get("/subscription")
async def subscription(
    request: Request, who: VisitorDep, notice: Notice = None, carts: Annotated[str | None, Query(max_length=12)] = None
) -> HTMLResponse:
    """Manage Subscription: carts, billing information, cancelling. With `carts`, what that many would cost."""
    seen = await situation_of(who, fresh=notice == "card")
    shown = content.subscription(seen, who.local, notice)
    if carts is not None:
        shown.values["costs"] = content.carts_preview(seen, who.local, carts).values["costs"]
        shown.values["wrong"] = content.Wrong(typed={"carts": carts})
    return show(request, who, shown)


@router.get("/costs")
async def costs(request: Request, who: VisitorDep, carts: Annotated[str, Query(max_length=12)] = "") -> HTMLResponse:
    """Say what a number of carts would cost and from when, before it is saved (R11)."""
    return show(request, who, content.carts_preview(await situation_of(who), who.local, carts))


@router.get("/cancel")
async def cancel(
    request: Request, who: VisitorDep, notice: Notice = None, when: Literal["term_end", "now"] = "term_end"
) -> Response:
    """Say exactly what cancelling does and when, before it is done (R3)."""
    seen = await situation_of(who)
    if not seen.account.may_cancel:
        return RedirectResponse(f"/portal/accounts/{who.account_id}/subscription", 303)
    return show(request, who, content.cancelling(seen, who.local, notice, at_once=when == "now"))


@router.get("/reactivate")
async def reactivate(request: Request, who: VisitorDep, notice: Notice = None) -> HTMLResponse:
    """Show what coming back costs, line by line, and one button (R6, R7)."""
    return await reactivation_page(request, who, notice)


async def reactivation_page(
    request: Request, who: Visitor, notice: str | None = None, *, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    """Return the page of a reactivation, wherever it stands: quote, under way, to be confirmed, done."""
    seen = await situation_of(who, fresh=notice == "card")
    shown = content.reactivation(seen, who.local, notice, problem=problem, status=status)
    return show(request, who, shown, watched(who, seen))


@router.get("/invoices")
async def invoices(
    request: Request, who: VisitorDep, after: Annotated[str | None, Query(max_length=255)] = None
) -> HTMLResponse:
    """List the invoices, newest first."""
    seen = await situation_of(who)
    try:
        shown = await invoice_page(who.services.stripe, seen.record.customer_id, 20, after)
    except Unavailable as error:
        raise _stripe_is_away(who, error) from error
    return show(request, who, content.invoices(seen, who.local, shown))


@router.get("/invoices/{invoice_id}")
async def invoice(who: VisitorDep, invoice_id: Annotated[str, PathParameter(pattern=r"^in_\w{1,100}$")]) -> Response:
    """Lead to one of the account's invoices as Stripe shows it, to be paid or kept."""
    record = account_of((await who.accounts.record(who.account_id)).run)
    try:
        url = await hosted_invoice(
            who.services.stripe,
            invoice_id,
            customer=record.customer_id,
            account_id=record.account_id,
            life=record.life,
        )
    except Unavailable as error:
        raise _stripe_is_away(who, error) from error
    if url is None:
        raise AccountNotFound
    who.services.billing_details.forget(record.customer_id)
    return RedirectResponse(url, 303)


@router.get("/history")
async def history(request: Request, who: VisitorDep) -> HTMLResponse:
    """Tell what happened to the account, newest first (R17)."""
    return show(request, who, content.history(await situation_of(who), who.local, who.session.user.id))


@router.get("/billing-information")
async def billing_information(request: Request, who: VisitorDep) -> Response:
    """Lead to Stripe's customer portal, and from there back to Manage Subscription."""
    return await _to_stripe(request, who, "/subscription", None)


@router.get("/payment-method")
async def payment_method(
    request: Request, who: VisitorDep, to: Literal["", "subscription", "reactivate"] = ""
) -> Response:
    """Lead to where another card is entered at Stripe, and by itself back to the page that asked for it."""
    back = f"/{to}" if to else ""
    return await _to_stripe(request, who, back, f"{back}?notice=card")


async def _to_stripe(request: Request, who: Visitor, back: str, new_card_to: str | None) -> Response:
    base = f"{public_base(request, who.services.settings)}/portal/accounts/{who.account_id}"
    details: BillingDetailsReader = who.services.billing_details
    try:
        url = await customer_portal(
            who.services.stripe,
            who.accounts,
            who.account_id,
            f"{base}{back}",
            new_card_to=f"{base}{new_card_to}" if new_card_to is not None else None,
        )
    except Unavailable as error:
        raise _stripe_is_away(who, error) from error
    details.forget(await who.accounts.customer_id(who.account_id))
    return RedirectResponse(url, 303)


def _stripe_is_away(who: Visitor, error: Unavailable) -> PageProblem:
    said = who.local.text(
        "Our payment service cannot be reached right now. Nothing was changed. Try again in a minute."
    )
    return PageProblem(503, error.code, said, headers={"Retry-After": str(error.retry_after)})
