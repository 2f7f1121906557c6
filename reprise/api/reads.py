"""Operations that only look: the account, access, quotes, invoices, timeline, and the list of accounts."""

from typing import Annotated

from fastapi import APIRouter, Query

from reprise.accounts import listing
from reprise.accounts.audiences import for_owner
from reprise.accounts.description import AccountDescription
from reprise.accounts.listing import AccountFilter
from reprise.accounts.restoring import account_of
from reprise.api.auth import Authorized, PathAccount
from reprise.api.dependencies import AccountsDep, BillingDetailsDep, StripeDep
from reprise.api.pages import Cursor, cursor_of, token_of
from reprise.api.problems import responses
from reprise.errors import InvalidInput
from reprise.http.customer_portal import customer_portal
from reprise.schemas.accounts import AccountView
from reprise.schemas.api import (
    Access,
    AccountCount,
    AccountList,
    AccountSummary,
    CountQuery,
    ListQuery,
    PortalUrl,
    ReturnBody,
    Timeline,
)
from reprise.schemas.invoices import InvoiceList
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.statemachine.access import grace_until
from reprise.statemachine.account import AccountState
from reprise.statemachine.quotes import Quote
from reprise.stripe_api.invoice_list import invoice_page

router = APIRouter(prefix="/v1/accounts")

Limit = Annotated[int, Query(ge=1, le=100)]
_READ = responses(401, 403, 404, 422, 429, 503)


@router.get("", tags=["operators"], responses=responses(401, 403, 422, 429, 503))
async def list_accounts(accounts: AccountsDep, _: Authorized, asked: Annotated[ListQuery, Query()]) -> AccountList:
    """List accounts, newest first, then those whose workflow was ended from outside: each with why and since when.

    From Temporal's visibility store: complete, but a moment late. A page may hold fewer accounts than `limit` and still
    have a next one.
    """
    page = await listing.page(accounts, _filter(asked), asked.limit, token_of(asked.cursor))
    following = page.next_page_token
    return AccountList(
        accounts=[_summary(each) for each in page.accounts], next_cursor=cursor_of(following) if following else None
    )


@router.get("/count", tags=["operators"], responses=responses(401, 403, 422, 429, 503))
async def count_accounts(accounts: AccountsDep, _: Authorized, asked: Annotated[CountQuery, Query()]) -> AccountCount:
    """Count accounts, by their states: as cheap for a million as for one, and like the list a moment late."""
    by_state = await listing.count(accounts, _filter(asked))
    return AccountCount(count=sum(by_state.values()), by_state={each.value: of for each, of in by_state.items()})


def _filter(asked: CountQuery) -> AccountFilter:
    return AccountFilter(**asked.model_dump(include=set(CountQuery.model_fields)))


def _summary(account: AccountDescription) -> AccountSummary:
    return AccountSummary(
        account_id=account.account_id,
        state=account.state or AccountState.NEW,
        stopped=not account.is_running,
        restorable=account.is_restorable,
        payment_status=account.payment_status,
        carts=account.carts,
        term_ends_at=account.term_ends_at,
        access_until=account.access_until,
        disabled_reason=account.disabled_reason,
        decline_code=account.decline_code,
        since=account.since,
        next_action=account.next_action,
        next_attempt_at=account.next_attempt_at,
    )


@router.get("/{account_id}", name="get_account", tags=["billing"], responses=_READ)
async def account(account_id: PathAccount, accounts: AccountsDep, _: Authorized) -> AccountView:
    """Return the account as it stands."""
    return await accounts.account(account_id)


@router.get("/{account_id}/access", name="get_access", tags=["billing"], responses=_READ)
async def access(account_id: PathAccount, accounts: AccountsDep, _: Authorized) -> Access:
    """Say whether the account may work now (R16): no worker is asked, and the clock is compared here."""
    account = await accounts.describe(account_id)
    until, term_end = account.access_until, account.term_ends_at
    return Access(
        access=account.has_access,
        state=account.state or AccountState.DISABLED,
        until=until,
        term_end=term_end,
        grace_until=grace_until(term_end, until),
        restorable=account.is_restorable,
    )


@router.get(
    "/{account_id}/reactivation-quote",
    name="get_reactivation_quote",
    tags=["billing"],
    responses={**_READ, **responses(409)},
)
async def reactivation_quote(account_id: PathAccount, accounts: AccountsDep, _: Authorized) -> Quote:
    """Return what reactivating would cost now, line by line (R7)."""
    return await accounts.quote(account_id)


@router.get("/{account_id}/timeline", name="list_timeline", tags=["billing"], responses=_READ)
async def timeline(
    account_id: PathAccount, accounts: AccountsDep, caller: Authorized, limit: Limit = 20, cursor: Cursor = None
) -> Timeline:
    """List what happened to the account, newest first; the last 100 entries (R17).

    Operators see all of it. Users see who acted by kind, operators as `Support`, their own id where it was them, and no
    reasons but their own.
    """
    if cursor is not None and not (cursor.isdecimal() and cursor.isascii()):
        raise InvalidInput("cursor", "is not one that this list has given")
    told = await accounts.timeline(account_id)
    shown = told if caller.is_operator else for_owner(told, caller.subject)
    entries = [each for each in reversed(shown) if not cursor or each.sequence < int(cursor)]
    more = len(entries) > limit
    return Timeline(timeline=entries[:limit], next_cursor=str(entries[limit - 1].sequence) if more else None)


@router.get("/{account_id}/invoices", name="list_invoices", tags=["billing"], responses=_READ)
async def invoices(
    account_id: PathAccount,
    accounts: AccountsDep,
    client: StripeDep,
    _: Authorized,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> InvoiceList:
    """List the account's invoices at Stripe, newest first; drafts are left out."""
    return await invoice_page(client, await accounts.customer_id(account_id), limit, cursor)


@router.get("/{account_id}/payment-method", name="get_payment_method", tags=["billing"], responses=_READ)
async def payment_method(
    account_id: PathAccount, accounts: AccountsDep, details: BillingDetailsDep, _: Authorized
) -> PaymentMethodView | None:
    """Return the payment method that the account is charged to, as Stripe has it now; null where there is none.

    Read from Stripe, kept for seconds, stored nowhere. A bank account has its bank's name as `brand`, and no expiry.
    """
    account = account_of((await accounts.record(account_id)).run)
    return (await details.details(account.customer_id, account.sequence)).payment_method


@router.post(
    "/{account_id}/billing-portal",
    name="create_billing_portal_session",
    tags=["billing"],
    responses={**_READ, **responses(409)},
)
async def billing_portal(
    account_id: PathAccount, body: ReturnBody, accounts: AccountsDep, client: StripeDep, _: Authorized
) -> PortalUrl:
    """Return an address of Stripe's customer portal, where billing information is edited."""
    return PortalUrl(url=await customer_portal(client, accounts, account_id, str(body.return_url)))
