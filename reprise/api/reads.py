"""Operations that only look: the account, access, quotes, invoices, timeline, and the list of accounts."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any

import stripe
from fastapi import APIRouter, Depends, Query, Request
from temporalio.client import WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from reprise.activities.stripe_client import is_passing, metadata_of, sentence_of
from reprise.api.auth import BillingUser, Operator
from reprise.api.commands import TheEngine
from reprise.api.engine import clock_of
from reprise.api.problems import Problem, invalid, not_found, refused, responses, unavailable
from reprise.api.schemas import (
    Access,
    AccountList,
    AccountSummary,
    InvoiceList,
    InvoiceView,
    PortalUrl,
    ReturnBody,
    Timeline,
)
from reprise.statemachine.machine import AccountMachine
from reprise.statemachine.terms import Term
from reprise.workflows.messages import (
    ACCESS_UNTIL,
    ACCOUNT_STATE,
    CARTS,
    PAYMENT_STATUS,
    TERM_ENDS_AT,
    WORKFLOW,
    AccountState,
    AccountView,
    Quote,
    account_id_of,
)

router = APIRouter(prefix="/v1/accounts")

IN_SERVICE = frozenset(state.value for state in AccountMachine.states_map["in_service"].states)

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before.")]
_READ = responses(401, 403, 404, 422, 503)


def stripe_of(request: Request) -> stripe.StripeClient:
    """Return the Stripe client of this process."""
    client: stripe.StripeClient = request.app.state.stripe
    return client


TheStripe = Annotated[stripe.StripeClient, Depends(stripe_of)]


@router.get("", tags=["operators"], responses=responses(401, 403, 422, 503))
async def list_accounts(
    engine: TheEngine,
    _: Operator,
    state: AccountState | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> AccountList:
    """List accounts, newest first. From Temporal's visibility store: complete, but a moment late."""
    query = f"WorkflowType='{WORKFLOW}' AND ExecutionStatus='Running'"
    if state is not None:
        query += f" AND {ACCOUNT_STATE.name}='{state.value}'"
    pages = engine.client.list_workflows(query, page_size=limit, next_page_token=_token(cursor))
    try:
        await pages.fetch_next_page()
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise invalid("cursor", "is not one that this list has given") from error
        raise unavailable("Temporal cannot be reached. Try again.") from error
    except RuntimeError as error:
        raise unavailable("Temporal cannot be reached. Try again.") from error
    following = pages.next_page_token
    return AccountList(
        accounts=[_summary(each) for each in pages.current_page or ()],
        next_cursor=base64.urlsafe_b64encode(following).decode() if following else None,
    )


def _token(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("cursor", "is not one that this list has given") from error


def _summary(execution: WorkflowExecution) -> AccountSummary:
    known = execution.typed_search_attributes
    return AccountSummary(
        account_id=account_id_of(execution.id),
        state=AccountState(known.get(ACCOUNT_STATE) or AccountState.NEW),
        payment_status=known.get(PAYMENT_STATUS),
        carts=known.get(CARTS),
        term_ends_at=known.get(TERM_ENDS_AT),
        access_until=known.get(ACCESS_UNTIL),
    )


@router.get("/{account_id}", tags=["billing"], responses=_READ)
async def account(account_id: str, engine: TheEngine, _: BillingUser) -> AccountView:
    """Return the account as it stands."""
    return await engine.account(account_id)


@router.get("/{account_id}/access", tags=["billing"], responses=_READ)
async def access(account_id: str, engine: TheEngine, _: BillingUser) -> Access:
    """Say whether the account may work now (R16): no worker is asked, and the clock is compared here."""
    description = await engine.describe(account_id)
    known = description.typed_search_attributes
    state, until = known.get(ACCOUNT_STATE), known.get(ACCESS_UNTIL)
    may = state in IN_SERVICE and until is not None and clock_of(description) < until
    return Access(access=may, state=AccountState(state or AccountState.DISABLED), until=until)


@router.get("/{account_id}/reactivation-quote", tags=["billing"], responses={**_READ, **responses(409)})
async def reactivation_quote(account_id: str, engine: TheEngine, _: BillingUser) -> Quote:
    """Return what reactivating would cost now, line by line (R7)."""
    answer = await engine.quote(account_id)
    if answer.quote is None:
        assert answer.refusal is not None, "an answer without a quote says why"
        raise refused(answer.refusal)
    return answer.quote


@router.get("/{account_id}/timeline", tags=["billing"], responses=_READ)
async def timeline(
    account_id: str, engine: TheEngine, _: BillingUser, limit: Limit = 20, cursor: Cursor = None
) -> Timeline:
    """List what happened to the account, newest first; the last 100 entries (R17)."""
    if cursor is not None and not (cursor.isdecimal() and cursor.isascii()):
        raise invalid("cursor", "is not one that this list has given")
    entries = [
        each for each in reversed(await engine.timeline(account_id)) if not cursor or each.sequence < int(cursor)
    ]
    more = len(entries) > limit
    return Timeline(timeline=entries[:limit], next_cursor=str(entries[limit - 1].sequence) if more else None)


@router.get("/{account_id}/invoices", tags=["billing"], responses=_READ)
async def invoices(
    account_id: str,
    engine: TheEngine,
    client: TheStripe,
    _: BillingUser,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> InvoiceList:
    """List the account's invoices at Stripe, newest first; drafts are left out."""
    customer = await engine.customer_id(account_id)
    if customer is None:
        return InvoiceList(invoices=[], next_cursor=None)
    wanted: Any = {"customer": customer, "limit": limit}
    if cursor is not None:
        wanted["starting_after"] = cursor
    try:
        page = await client.v1.invoices.list_async(wanted)
    except stripe.InvalidRequestError as error:
        if error.param == "starting_after":
            raise invalid("cursor", "is not one that this list has given") from error
        raise _stripe_problem(error) from error
    except stripe.StripeError as error:
        raise _stripe_problem(error) from error
    shown = [_invoice(each) for each in page.data if each.status != "draft"]
    return InvoiceList(invoices=shown, next_cursor=page.data[-1].id if page.has_more else None)


def _invoice(invoice: stripe.Invoice) -> InvoiceView:
    line = invoice.lines.data[0] if invoice.lines.data else None
    return InvoiceView(
        id=invoice.id,
        number=invoice.number,
        status=invoice.status or "open",
        amount_due=invoice.amount_due,
        amount_paid=invoice.amount_paid,
        currency=invoice.currency,
        created=_instant(invoice.created),
        period=Term(start=_instant(line.period.start), end=_instant(line.period.end)) if line else None,
        payment_key=metadata_of(invoice).get("payment_key"),
        hosted_invoice_url=invoice.hosted_invoice_url,
        invoice_pdf=invoice.invoice_pdf,
    )


def _instant(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def _stripe_problem(error: stripe.StripeError) -> Problem:
    if is_passing(error):
        return unavailable("Stripe cannot be reached. Try again.")
    return unavailable(f"Stripe refused Reprise's own request ({sentence_of(error)}).", retry_after=300)


@router.post("/{account_id}/billing-portal", tags=["billing"], responses={**_READ, **responses(413)})
async def billing_portal(
    account_id: str, body: ReturnBody, engine: TheEngine, client: TheStripe, _: BillingUser
) -> PortalUrl:
    """Return an address of Stripe's customer portal, where billing information is edited."""
    customer = await engine.customer_id(account_id)
    if customer is None:
        raise (
            not_found()
            if (await engine.account(account_id)).state is AccountState.CLOSED
            else unavailable("The account's customer is still being registered with Stripe. Try again.")
        )
    try:
        session = await client.v1.billing_portal.sessions.create_async(
            {"customer": customer, "return_url": str(body.return_url)}
        )
    except stripe.StripeError as error:
        raise _stripe_problem(error) from error
    return PortalUrl(url=session.url)
