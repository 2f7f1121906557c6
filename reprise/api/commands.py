"""Operations that change an account: each becomes one workflow update (or signal, with `Prefer: respond-async`)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from reprise.api.auth import Backend, BillingUser, Operator, PathAccount, operator_required
from reprise.api.dependencies import AccountsDep, IdempotencyKeyDep, SendDep, StripeDep
from reprise.api.problems import responses
from reprise.api.schemas import (
    CancelBody,
    CartsBody,
    DisableBody,
    EmailBody,
    ExtendBody,
    OpenAccountBody,
    PaymentMethodBody,
    PlanBody,
    ReactivateBody,
)
from reprise.http import audit
from reprise.http.idempotency import ids_of
from reprise.http.problems import Problem
from reprise.statemachine.payments import PaymentStatus
from reprise.stripe_api.customers import check_customer
from reprise.workflows.messages import (
    AccountView,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    OpenAccount,
    Reactivate,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)

router = APIRouter(prefix="/v1/accounts")

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": AccountView, "description": "Not finished yet; it goes on by itself. The account as it stands."}
}
_COMMAND = {**_ACCEPTED, **responses(401, 403, 404, 409, 422, 429, 503)}

IMPORTED = ("anchor", "customer_id", "opened_at", "cancelled")
"""What only operators give: a customer that exists brings its cards along (R25)."""


@router.post("", status_code=201, tags=["operators"], responses=_COMMAND)
async def open_account(
    body: OpenAccountBody,
    request: Request,
    accounts: AccountsDep,
    client: StripeDep,
    caller: Backend,
    key: IdempotencyKeyDep,
    response: Response,
) -> AccountView:
    """Open an account (R1); without `paid_through` the first month is collected at once.

    One that lived elsewhere brings its `anchor`, `customer_id`, `opened_at` and `cancelled` along, which only operators
    may give; importing it charges nothing (R25).
    """
    audit.note_account(request, body.account_id)
    if not caller.is_operator and body.model_fields_set.intersection(IMPORTED):
        raise operator_required()
    if body.customer_id is not None:
        await check_customer(client, body.customer_id)
    command = OpenAccount(**dict(body), actor=caller.actor(), **ids_of(key, user=None))
    result = await accounts.open(command)
    response.headers["Location"] = f"/v1/accounts/{body.account_id}"
    if not result.finished:
        response.status_code = 202
    return result.account


@router.post("/{account_id}/cancel", tags=["billing"], responses=_COMMAND)
async def cancel(
    account_id: PathAccount, caller: BillingUser, send: SendDep, body: CancelBody | None = None
) -> AccountView:
    """Cancel at the term's end, or now (R3).

    Cancelling again at the term's end succeeds and changes nothing; cancelling `now` ends a cancelled account at once.
    """
    return (await send(account_id, caller, Cancel, **dict(body or CancelBody()))).account


@router.post("/{account_id}/reactivate", tags=["billing"], responses={**_COMMAND, **responses(402)})
async def reactivate(
    account_id: PathAccount, caller: BillingUser, send: SendDep, body: ReactivateBody | None = None
) -> AccountView:
    """Take a cancellation back, or return to service: free within the term, else for the upfront payment (R4, R6).

    202 with `payment.action_url`: the payer must authenticate there. 202 with `payment.status` `processing`: the money
    is on its way, which takes days with bank debits (R21); asking again joins that payment.
    """
    result = await send(account_id, caller, Reactivate, **dict(body or ReactivateBody()))
    if result.finished and not result.account.in_service:
        _tell_payment(result.account, send.response)
    return result.account


def _tell_payment(account: AccountView, response: Response) -> None:
    """Say why a reactivation has not brought the account back."""
    payment = account.payment
    if payment.status is not PaymentStatus.DECLINED:
        response.status_code = 202
        return
    if payment.decline_code == "payment_stopped":
        detail = (
            "Stripe refused Reprise's own request. Nothing was charged, and the operators can see why. Try again later,"
            " with a new idempotency key: this one keeps its answer."
        )
        raise Problem(503, "payment_stopped", detail, headers={"Retry-After": "300"}, account=account)
    if payment.decline_code == "no_payment_method":
        detail = "There is no payment method. Nothing was charged. Add one, then reactivate again."
        raise Problem(402, "no_payment_method", detail, account=account)
    detail = f"The payment was declined ({payment.decline_code}). Nothing was charged. Try another payment method."
    raise Problem(402, "payment_declined", detail, decline_code=payment.decline_code, account=account)


@router.put("/{account_id}/carts", tags=["billing"], responses=_COMMAND)
async def set_carts(account_id: PathAccount, body: CartsBody, caller: BillingUser, send: SendDep) -> AccountView:
    """Set the number of carts, from the next quote or renewal on (R11)."""
    return (await send(account_id, caller, SetCarts, carts=body.carts)).account


@router.put("/{account_id}/email", tags=["billing"], responses=_COMMAND)
async def set_email(account_id: PathAccount, body: EmailBody, caller: BillingUser, send: SendDep) -> AccountView:
    """Change the billing e-mail; Stripe's customer follows (R26). 422, if Stripe does not take it."""
    return (await send(account_id, caller, SetEmail, email=body.email)).account


@router.put("/{account_id}/payment-method", tags=["billing"], responses={**_COMMAND, **responses(402)})
async def set_payment_method(
    account_id: PathAccount, body: PaymentMethodBody, caller: BillingUser, send: SendDep
) -> AccountView:
    """Set the default payment method; an account that is past due is collected at once (R9)."""
    return (await send(account_id, caller, SetPaymentMethod, payment_method=body.payment_method)).account


@router.post("/{account_id}/disable", tags=["operators"], responses=_COMMAND)
async def disable(
    account_id: PathAccount, caller: Operator, send: SendDep, body: DisableBody | None = None
) -> AccountView:
    """Take an account out of service; the term stays the account's (R13)."""
    return (await send(account_id, caller, Disable, reason=(body or DisableBody()).reason)).account


@router.post("/{account_id}/enable", tags=["operators"], responses=_COMMAND)
async def enable(account_id: PathAccount, caller: Operator, send: SendDep) -> AccountView:
    """Undo `disable`, or bring an account back within its term; never a charge (R13)."""
    return (await send(account_id, caller, Enable)).account


@router.post("/{account_id}/extend", tags=["operators"], responses=_COMMAND)
async def extend(account_id: PathAccount, body: ExtendBody, caller: Operator, send: SendDep) -> AccountView:
    """Let the term end later, as goodwill; the anchor moves to the new end (R13)."""
    return (await send(account_id, caller, ExtendTerm, until=body.until, days=body.days)).account


@router.post("/{account_id}/plan", tags=["operators"], responses=_COMMAND)
async def change_plan(account_id: PathAccount, body: PlanBody, caller: Operator, send: SendDep) -> AccountView:
    """Change the plan, from the next quote on (R13)."""
    return (await send(account_id, caller, ChangePlan, plan=body.plan)).account


@router.post("/{account_id}/close", tags=["operators"], responses=_COMMAND)
async def close(account_id: PathAccount, caller: Operator, send: SendDep) -> AccountView:
    """Close for good; what is open is voided, and no personal data stays with the account (R13)."""
    return (await send(account_id, caller, Close)).account
