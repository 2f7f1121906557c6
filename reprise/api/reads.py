"""Operations that only look: the account, access, quotes, invoices, timeline, and the list of accounts."""

import asyncio
import base64
import binascii
import zlib
from typing import Annotated

from fastapi import APIRouter, Query
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from reprise.api.audiences import for_owner
from reprise.api.auth import BillingUser, Operator, PathAccount, Reader
from reprise.api.commands import TheEngine, TheStripe
from reprise.api.customers import customer_portal, invoice_page
from reprise.api.engine import Engine, clock_of, is_account
from reprise.api.problems import invalid, refused, responses, unavailable
from reprise.api.schemas import (
    Access,
    AccountList,
    AccountSummary,
    InvoiceList,
    PortalUrl,
    ReturnBody,
    Timeline,
)
from reprise.statemachine.access import grace_until, may_work
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

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(min_length=1, max_length=1000, description="`next_cursor` of the page before.")]
_READ = responses(401, 403, 404, 422, 429, 503)


@router.get("", tags=["operators"], responses=responses(401, 403, 422, 429, 503))
async def list_accounts(
    engine: TheEngine,
    _: Operator,
    state: AccountState | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> AccountList:
    """List accounts, newest first, then those whose workflow was ended from outside.

    From Temporal's visibility store: complete, but a moment late. A page may hold fewer accounts than `limit` and still
    have a next one.
    """
    query = f"WorkflowType='{WORKFLOW}' AND ExecutionStatus!='ContinuedAsNew'"
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
    found = [each for each in pages.current_page or () if is_account(each)]
    shown = await asyncio.gather(*(_is_shown(engine, each) for each in found))
    return AccountList(
        accounts=[_summary(each) for each, so in zip(found, shown, strict=True) if so],
        next_cursor=_cursor(following) if following else None,
    )


def _cursor(token: bytes) -> str:
    """Return a page token of Temporal's with its checksum: Temporal is asked, and asked again, about any other."""
    return base64.urlsafe_b64encode(zlib.crc32(token).to_bytes(4) + token).decode()


def _token(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    try:
        given = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("cursor", "is not one that this list has given") from error
    if _cursor(given[4:]) != cursor or not given[4:]:
        raise invalid("cursor", "is not one that this list has given")
    return given[4:]


async def _is_shown(engine: Engine, execution: WorkflowExecution) -> bool:
    return execution.status is WorkflowExecutionStatus.RUNNING or await engine.is_newest(execution)


def _summary(execution: WorkflowExecution) -> AccountSummary:
    known = execution.typed_search_attributes
    return AccountSummary(
        account_id=account_id_of(execution.id),
        state=AccountState(known.get(ACCOUNT_STATE) or AccountState.NEW),
        stopped=execution.status is not WorkflowExecutionStatus.RUNNING,
        payment_status=known.get(PAYMENT_STATUS),
        carts=known.get(CARTS),
        term_ends_at=known.get(TERM_ENDS_AT),
        access_until=known.get(ACCESS_UNTIL),
    )


@router.get("/{account_id}", tags=["billing"], responses=_READ)
async def account(account_id: PathAccount, engine: TheEngine, _: BillingUser) -> AccountView:
    """Return the account as it stands."""
    return await engine.account(account_id)


@router.get("/{account_id}/access", tags=["billing"], responses=_READ)
async def access(account_id: PathAccount, engine: TheEngine, _: Reader) -> Access:
    """Say whether the account may work now (R16): no worker is asked, and the clock is compared here."""
    description = await engine.describe(account_id)
    known = description.typed_search_attributes
    state, until, term_end = known.get(ACCOUNT_STATE), known.get(ACCESS_UNTIL), known.get(TERM_ENDS_AT)
    return Access(
        access=may_work(state, until, clock_of(description)),
        state=AccountState(state or AccountState.DISABLED),
        until=until,
        term_end=term_end,
        grace_until=grace_until(term_end, until),
    )


@router.get("/{account_id}/reactivation-quote", tags=["billing"], responses={**_READ, **responses(409)})
async def reactivation_quote(account_id: PathAccount, engine: TheEngine, _: BillingUser) -> Quote:
    """Return what reactivating would cost now, line by line (R7)."""
    answer = await engine.quote(account_id)
    if answer.quote is None:
        assert answer.refusal is not None, "an answer without a quote says why"
        raise refused(answer.refusal)
    return answer.quote


@router.get("/{account_id}/timeline", tags=["billing"], responses=_READ)
async def timeline(
    account_id: PathAccount, engine: TheEngine, caller: BillingUser, limit: Limit = 20, cursor: Cursor = None
) -> Timeline:
    """List what happened to the account, newest first; the last 100 entries (R17).

    Operators see all of it. Users see who acted by kind (`operator`, `user`, …), their own id where it was them, and no
    reasons but their own.
    """
    if cursor is not None and not (cursor.isdecimal() and cursor.isascii()):
        raise invalid("cursor", "is not one that this list has given")
    told = await engine.timeline(account_id)
    shown = told if caller.is_operator else for_owner(told, caller.subject)
    entries = [each for each in reversed(shown) if not cursor or each.sequence < int(cursor)]
    more = len(entries) > limit
    return Timeline(timeline=entries[:limit], next_cursor=str(entries[limit - 1].sequence) if more else None)


@router.get("/{account_id}/invoices", tags=["billing"], responses=_READ)
async def invoices(
    account_id: PathAccount,
    engine: TheEngine,
    client: TheStripe,
    _: BillingUser,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> InvoiceList:
    """List the account's invoices at Stripe, newest first; drafts are left out."""
    return await invoice_page(client, await engine.customer_id(account_id), limit, cursor)


@router.post("/{account_id}/billing-portal", tags=["billing"], responses={**_READ, **responses(409)})
async def billing_portal(
    account_id: PathAccount, body: ReturnBody, engine: TheEngine, client: TheStripe, _: BillingUser
) -> PortalUrl:
    """Return an address of Stripe's customer portal, where billing information is edited."""
    return PortalUrl(url=await customer_portal(client, engine, account_id, str(body.return_url)))
