"""The pages: each shows the account as it stands when it is asked for."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from reprise.accounts.audiences import for_owner
from reprise.accounts.errors import CommandRefused
from reprise.errors import RepriseError
from reprise.http.customer_portal import customer_portal
from reprise.http.problems import Problem, problem_of
from reprise.portal import history as told
from reprise.portal import words
from reprise.portal.declines import Told, told_of
from reprise.portal.dependencies import Visitor, VisitorDep
from reprise.portal.rendering import page
from reprise.sessions.hand_over import public_base
from reprise.stripe_api.invoice_list import invoice_page
from reprise.workflows.messages import AccountView, Quote

router = APIRouter(prefix="/accounts/{account_id}")

NOTICES = {
    "cancelled": "Your subscription is cancelled.",
    "resumed": "The cancellation is taken back. Nothing was charged.",
    "reactivated": "Your account is back in service.",
    "already": "Your account is in service. Nothing more was charged.",
    "carts": "The number of carts is changed, from your next payment on.",
    "called-off": "The payment is called off. Nothing was charged.",
    "stopped": "Your subscription is cancelled, and your shop has stopped.",
    "email": "Your billing e-mail is changed.",
    "paid-meanwhile": "The payment has gone through meanwhile. Nothing was cancelled.",
    "ended-meanwhile": "The payment has ended meanwhile. Nothing was charged.",
    "cancelled-already": "Your subscription is cancelled already. To stop your shop at once, confirm it here.",
    "changed": "Your account has changed since that page was shown. Nothing was cancelled. This is how it stands now.",
    "out-already": "Your account is out of service already. Nothing was changed.",
}
"""What a page says after something was done; the address carries no more than the word."""

Notice = Annotated[str | None, Query(alias="notice", max_length=20)]


@router.get("")
async def overview(request: Request, who: VisitorDep, notice: Notice = None) -> HTMLResponse:
    """Profile & Billing: how the account stands, and what can be done next."""
    account = await who.accounts.account(who.account_id)
    quote = since = None
    if account.is_out_of_service:
        quote = await _quote(who)
        since = words.went_out_of_service(await who.accounts.timeline(who.account_id))
    return page(
        request,
        who,
        "overview.html",
        account=account,
        standing=words.standing(account, who.local, quote, since),
        price=words.price(account, who.local),
        may_come_back=quote is not None and not account.payment_open,
        quote=quote,
        key=str(uuid.uuid4()),
        notice=NOTICES.get(notice or ""),
    )


@router.get("/subscription")
async def subscription(request: Request, who: VisitorDep, notice: Notice = None) -> HTMLResponse:
    """Manage Subscription: carts, billing information, cancelling."""
    account = await who.accounts.account(who.account_id)
    return page(
        request,
        who,
        "subscription.html",
        account=account,
        standing=words.standing(account, who.local),
        price=words.price(account, who.local),
        key=str(uuid.uuid4()),
        key_of_email=str(uuid.uuid4()),
        notice=NOTICES.get(notice or ""),
    )


@router.get("/cancel")
async def cancel(request: Request, who: VisitorDep, notice: Notice = None) -> Response:
    """Say exactly what cancelling does and when, before it is done (R3)."""
    account = await who.accounts.account(who.account_id)
    if not account.may_cancel:
        return RedirectResponse(f"/portal/accounts/{who.account_id}/subscription", 303)
    said = NOTICES.get(notice or "")
    return page(request, who, "cancel.html", account=account, key=str(uuid.uuid4()), notice=said)


@router.get("/reactivate")
async def reactivate(request: Request, who: VisitorDep) -> HTMLResponse:
    """Show what coming back costs, line by line, and one button (R6, R7)."""
    return await reactivation_page(request, who)


async def reactivation_page(
    request: Request, who: Visitor, *, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    """Return the page of a reactivation, wherever it stands: quote, under way, to be confirmed, done."""
    account = await who.accounts.account(who.account_id)
    comes_back = account.is_out_of_service
    return page(
        request,
        who,
        "reactivate.html",
        status=status,
        account=account,
        standing=words.standing(account, who.local),
        quote=await _quote(who) if comes_back and not account.payment_open else None,
        amount=words.amount_of(account, who.local),
        under_way=comes_back and account.payment.collecting,
        on_its_way=comes_back and account.payment.clearing,
        to_confirm=account.may_cancel_payment,
        declined=_declined(account),
        problem=problem,
        key=str(uuid.uuid4()),
    )


def _declined(account: AccountView) -> Told | None:
    if not (account.is_out_of_service and account.payment.failed):
        return None
    return told_of(account.payment.decline_code)


async def _quote(who: Visitor) -> Quote | None:
    """Return what coming back costs; None when it is refused, or the account came back meanwhile."""
    try:
        return await who.accounts.quote(who.account_id)
    except CommandRefused:
        return None


@router.get("/invoices")
async def invoices(
    request: Request, who: VisitorDep, after: Annotated[str | None, Query(max_length=255)] = None
) -> HTMLResponse:
    """List the invoices, newest first."""
    account = await who.accounts.account(who.account_id)
    customer = await who.accounts.customer_id(who.account_id)
    shown = await invoice_page(who.services.stripe, customer, 20, after)
    return page(request, who, "invoices.html", account=account, invoices=shown.invoices, following=shown.next_cursor)


@router.get("/history")
async def history(request: Request, who: VisitorDep) -> HTMLResponse:
    """Tell what happened to the account, newest first (R17)."""
    account = await who.accounts.account(who.account_id)
    entries = [
        {
            "at": entry.at,
            "told": told.told(entry, account.timezone, who.local),
            "who": told.who(entry, who.session.user.id),
        }
        for entry in reversed(for_owner(await who.accounts.timeline(who.account_id), who.session.user.id))
    ]
    return page(request, who, "history.html", account=account, entries=entries)


@router.get("/billing-information")
async def billing_information(request: Request, who: VisitorDep) -> Response:
    """Lead to Stripe's customer portal, and from there back here."""
    back = f"{public_base(request, who.services.settings)}/portal/accounts/{who.account_id}"
    try:
        return RedirectResponse(await customer_portal(who.services.stripe, who.accounts, who.account_id, back), 303)
    except RepriseError as error:
        status, code = problem_of(error).status, error.code
        raise Problem(status, code, "Billing information cannot be opened now. Try again.") from error
