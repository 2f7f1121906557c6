"""Operations that change an account: each becomes one workflow update (or signal, with `Prefer: respond-async`)."""

import hashlib
import re
import uuid
from typing import Annotated, Any

import stripe
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field

from reprise.api import audit
from reprise.api.auth import Backend, BillingUser, Caller, Operator, PathAccount, limits_of, operator_required
from reprise.api.customers import check_customer
from reprise.api.engine import Engine, Outcome
from reprise.api.problems import Problem, invalid, responses
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
from reprise.statemachine.payments import PaymentStatus
from reprise.workflows.messages import (
    AccountView,
    AnyCommand,
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

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def engine_of(request: Request) -> Engine:
    """Return the engine of this process."""
    engine: Engine = request.app.state.engine
    return engine


TheEngine = Annotated[Engine, Depends(engine_of)]


def stripe_of(request: Request) -> stripe.StripeClient:
    """Return the Stripe client of this process."""
    client: stripe.StripeClient = request.app.state.stripe
    return client


TheStripe = Annotated[stripe.StripeClient, Depends(stripe_of)]


def idempotency_key(
    request: Request,
    idempotency_key: Annotated[
        Annotated[str, Field(min_length=1, max_length=255, json_schema_extra={"pattern": f"^{_KEY.pattern}$"})] | None,
        Header(
            description="Repeats of a request with the same key get the first answer (R14).",
            examples=["0b9e6c1e-6f0c-4c38-9d0a-2f6d2a3c9b11"],
        ),
    ] = None,
) -> str | None:
    """Return the request's idempotency key."""
    if idempotency_key is None:
        return None
    if len(request.headers.getlist("idempotency-key")) > 1 or not _KEY.fullmatch(idempotency_key):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters, and be given once")
    return idempotency_key


def ids_of(key: str | None, *, user: str | None) -> dict[str, str | None]:
    """Return the id under which a command's answer is remembered, and the one that 0.1.0 would have given it.

    A key is its caller's own: whatever key a billing user chooses, an operator's, or another user's, is another one
    (R14, R19). Operators share theirs, as before. The id of 0.1.0 goes with the next release.

    Args:
        key: The idempotency key; without one, the id is fresh.
        user: The billing user's id; None for the people who run the service.
    """
    if key is None:
        return {"command_id": str(uuid.uuid4())}
    if user is None:
        return {"command_id": key}
    own = hashlib.sha256(f"{user}\0{key}".encode()).hexdigest()[:40]
    return {"command_id": f"user-{own}", "earlier_id": key}


def wants_no_answer(
    prefer: Annotated[
        str | None, Header(description="`respond-async`: do not wait for the answer.", max_length=100)
    ] = None,
) -> bool:
    """Say whether the caller prefers not to wait."""
    wanted = (each.partition(";")[0].strip().lower() for each in (prefer or "").split(","))
    return "respond-async" in wanted


IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]
NoAnswer = Annotated[bool, Depends(wants_no_answer)]

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": AccountView, "description": "Not finished yet; it goes on by itself. The account as it stands."}
}
_COMMAND = {**_ACCEPTED, **responses(401, 403, 404, 409, 422, 429, 503)}


class Sending:
    """How one request's command goes out: under its idempotency key, waited for or not."""

    def __init__(
        self, request: Request, engine: TheEngine, key: IdempotencyKey, no_answer: NoAnswer, response: Response
    ) -> None:
        """Take what FastAPI knows of the request."""
        self.engine = engine
        self.key = key
        self.response = response
        self._limits = limits_of(request)
        self._no_answer = no_answer

    async def __call__(self, account_id: str, caller: Caller, command: type[AnyCommand], **fields: Any) -> Outcome:
        """Send a command to an account, on behalf of a caller."""
        user = None if caller.is_backend else caller.subject
        if user is not None:
            await self._limits.command(account_id)
        asked = command(actor=caller.actor(), **ids_of(self.key, user=user), **fields)
        if self._no_answer:
            await self.engine.send(account_id, asked)
            self.response.headers["Preference-Applied"] = "respond-async"
            outcome = Outcome(await self.engine.account(account_id), finished=False)
        else:
            outcome = await self.engine.command(account_id, asked)
        if not outcome.finished:
            self.response.status_code = 202
        return outcome


Send = Annotated[Sending, Depends(Sending)]


IMPORTED = ("anchor", "customer_id", "opened_at", "cancelled")
"""What only operators give: a customer that exists brings its cards along (R25)."""


@router.post("", status_code=201, tags=["operators"], responses=_COMMAND)
async def open_account(
    body: OpenAccountBody,
    request: Request,
    engine: TheEngine,
    client: TheStripe,
    caller: Backend,
    key: IdempotencyKey,
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
    outcome = await engine.open(command)
    response.headers["Location"] = f"/v1/accounts/{body.account_id}"
    if not outcome.finished:
        response.status_code = 202
    return outcome.account


@router.post("/{account_id}/cancel", tags=["billing"], responses=_COMMAND)
async def cancel(
    account_id: PathAccount, caller: BillingUser, send: Send, body: CancelBody | None = None
) -> AccountView:
    """Cancel at the term's end, or now (R3).

    Cancelling again at the term's end succeeds and changes nothing; cancelling `now` ends a cancelled account at once.
    """
    return (await send(account_id, caller, Cancel, **dict(body or CancelBody()))).account


@router.post("/{account_id}/reactivate", tags=["billing"], responses={**_COMMAND, **responses(402)})
async def reactivate(
    account_id: PathAccount, caller: BillingUser, send: Send, body: ReactivateBody | None = None
) -> AccountView:
    """Take a cancellation back, or return to service: free within the term, else for the upfront payment (R4, R6).

    202 with `payment.action_url`: the payer must authenticate there. 202 with `payment.status` `processing`: the money
    is on its way, which takes days with bank debits (R21); asking again joins that payment.
    """
    outcome = await send(account_id, caller, Reactivate, **dict(body or ReactivateBody()))
    if outcome.finished and not outcome.account.in_service:
        _tell_payment(outcome.account, send.response)
    return outcome.account


def _tell_payment(account: AccountView, response: Response) -> None:
    """Say why a reactivation has not brought the account back."""
    payment = account.payment
    if payment.status is not PaymentStatus.DECLINED:
        response.status_code = 202
        return
    if payment.stopped:
        detail = (
            "Stripe refused Reprise's own request. Nothing was charged, and the operators can see why. Try again later,"
            " with a new idempotency key: this one keeps its answer."
        )
        raise Problem(503, "payment_stopped", detail, headers={"Retry-After": "300"}, account=account)
    if payment.lacks_method:
        detail = "There is no payment method. Nothing was charged. Add one, then reactivate again."
        raise Problem(402, "no_payment_method", detail, account=account)
    detail = f"The payment was declined ({payment.decline_code}). Nothing was charged. Try another payment method."
    raise Problem(402, "payment_declined", detail, decline_code=payment.decline_code, account=account)


@router.put("/{account_id}/carts", tags=["billing"], responses=_COMMAND)
async def set_carts(account_id: PathAccount, body: CartsBody, caller: BillingUser, send: Send) -> AccountView:
    """Set the number of carts, from the next quote or renewal on (R11)."""
    return (await send(account_id, caller, SetCarts, carts=body.carts)).account


@router.put("/{account_id}/email", tags=["billing"], responses=_COMMAND)
async def set_email(account_id: PathAccount, body: EmailBody, caller: BillingUser, send: Send) -> AccountView:
    """Change the billing e-mail; Stripe's customer follows (R26). 422, if Stripe does not take it."""
    return (await send(account_id, caller, SetEmail, email=body.email)).account


@router.put("/{account_id}/payment-method", tags=["billing"], responses={**_COMMAND, **responses(402)})
async def set_payment_method(
    account_id: PathAccount, body: PaymentMethodBody, caller: BillingUser, send: Send
) -> AccountView:
    """Set the default payment method; an account that is past due is collected at once (R9)."""
    return (await send(account_id, caller, SetPaymentMethod, payment_method=body.payment_method)).account


@router.post("/{account_id}/disable", tags=["operators"], responses=_COMMAND)
async def disable(
    account_id: PathAccount, caller: Operator, send: Send, body: DisableBody | None = None
) -> AccountView:
    """Take an account out of service; the term stays the account's (R13)."""
    return (await send(account_id, caller, Disable, reason=(body or DisableBody()).reason)).account


@router.post("/{account_id}/enable", tags=["operators"], responses=_COMMAND)
async def enable(account_id: PathAccount, caller: Operator, send: Send) -> AccountView:
    """Undo `disable`, or bring an account back within its term; never a charge (R13)."""
    return (await send(account_id, caller, Enable)).account


@router.post("/{account_id}/extend", tags=["operators"], responses=_COMMAND)
async def extend(account_id: PathAccount, body: ExtendBody, caller: Operator, send: Send) -> AccountView:
    """Let the term end later, as goodwill; the anchor moves to the new end (R13)."""
    return (await send(account_id, caller, ExtendTerm, until=body.until, days=body.days)).account


@router.post("/{account_id}/plan", tags=["operators"], responses=_COMMAND)
async def change_plan(account_id: PathAccount, body: PlanBody, caller: Operator, send: Send) -> AccountView:
    """Change the plan, from the next quote on (R13)."""
    return (await send(account_id, caller, ChangePlan, plan=body.plan)).account


@router.post("/{account_id}/close", tags=["operators"], responses=_COMMAND)
async def close(account_id: PathAccount, caller: Operator, send: Send) -> AccountView:
    """Close for good; what is open is voided, and no personal data stays with the account (R13)."""
    return (await send(account_id, caller, Close)).account
