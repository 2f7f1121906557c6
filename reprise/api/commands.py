"""Operations that change an account: each becomes one workflow update (or signal, with `Prefer: respond-async`)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from reprise.accounts.sending import CommandResult
from reprise.api import examples
from reprise.api.auth import Authorized, PathAccount, operator_required, scope_required
from reprise.api.bodies import body_of, words_of
from reprise.api.dependencies import AccountsDep, IdempotencyKeyDep, SendDep, Sending, StripeDep
from reprise.api.permissions import IMPORT, tags_of
from reprise.api.problems import responses
from reprise.http import audit
from reprise.http.idempotency import ids_of
from reprise.http.problems import Problem
from reprise.http.tokens import Caller
from reprise.schemas.accounts import AccountView
from reprise.schemas.api import OpenAccountBody
from reprise.statemachine.commands import (
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
from reprise.statemachine.payments import PaymentStatus
from reprise.stripe_api.customers import check_customer

router = APIRouter(prefix="/v1/accounts")

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": AccountView,
        "description": "Not finished yet; it goes on by itself. The account as it stands.",
        **examples.ACCEPTED,
    }
}
_COMMAND = {**_ACCEPTED, **responses(401, 403, 404, 409, 422, 429, 503)}

IMPORTED = ("anchor", "customer_id", "opened_at", "cancelled")
"""What only operators give: a customer that exists brings its cards along (R25)."""


@router.post("", status_code=201, tags=["operators"], responses={201: examples.OPENED, **_COMMAND})
async def open_account(
    body: OpenAccountBody,
    request: Request,
    accounts: AccountsDep,
    client: StripeDep,
    caller: Authorized,
    key: IdempotencyKeyDep,
    response: Response,
) -> AccountView:
    """Open an account (R1); without `paid_through` the first month is collected at once.

    **201 says that the account exists, not that it is paid**: one whose first payment was declined is `disabled`, with
    `disabled_reason` `first_payment_failed` and the decline's code in `payment`. It is brought into service by
    `reactivate`, once there is another payment method. 202: the payment is not finished yet.

    One that lived elsewhere brings its `anchor`, `customer_id`, `opened_at` and `cancelled` along, which only operators
    may give; importing it charges nothing (R25).
    """
    audit.note_account(request, body.account_id)
    if body.model_fields_set.intersection(IMPORTED) and not caller.may(IMPORT):
        raise scope_required(IMPORT) if caller.is_operator else operator_required()
    if body.customer_id is not None:
        await check_customer(client, body.customer_id)
    command = OpenAccount(**dict(body), actor=caller.actor(), **ids_of(key, user=None))
    result = await accounts.open(command)
    response.headers["Location"] = f"/v1/accounts/{body.account_id}"
    if not result.finished:
        response.status_code = 202
    return result.account


@dataclass(frozen=True)
class Operation:
    """A command over HTTP: adding one is a line in `OPERATIONS`."""

    command: type[AnyCommand]
    method: Literal["POST", "PUT"]
    path: str
    said: str = ""
    """What its answers mean, beyond what the command's own words say."""
    statuses: tuple[int, ...] = ()
    """Errors that it has beside those of all commands."""
    tell: Callable[[CommandResult, Response], None] | None = None
    """How an answer is said that is not yet what was asked for."""

    @property
    def name(self) -> str:
        """The command's name: that of its update, too, and by which `PERMISSIONS` says who may send it."""
        return str(self.command.model_fields["name"].default)


def _tell_payment(result: CommandResult, response: Response) -> None:
    """Say why a reactivation has not brought the account back."""
    account, payment = result.account, result.account.payment
    if not result.finished or account.in_service:
        return
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


OPERATIONS: Final = (
    Operation(
        Cancel,
        "POST",
        "cancel",
        said="Again at the term's end succeeds and changes nothing; `now` ends a cancelled account at once.",
    ),
    Operation(
        Reactivate,
        "POST",
        "reactivate",
        said=(
            "202 with `payment.action_url`: the payer must authenticate there. 202 with `payment.status` `processing`:"
            " the money is on its way, which takes days with bank debits (R21); asking again joins that payment."
        ),
        statuses=(402,),
        tell=_tell_payment,
    ),
    Operation(SetCarts, "PUT", "carts"),
    Operation(SetEmail, "PUT", "email", said="422, if Stripe does not take it."),
    Operation(SetPaymentMethod, "PUT", "payment-method", statuses=(402,)),
    Operation(Disable, "POST", "disable", said="The term stays the account's."),
    Operation(Enable, "POST", "enable", said="Never a charge."),
    Operation(ExtendTerm, "POST", "extend", said="The anchor moves to the new end."),
    Operation(ChangePlan, "POST", "plan"),
    Operation(Close, "POST", "close", said="What is open is voided, and no personal data stays with the account."),
)
"""Every command to an account that is open, by its path."""


def _endpoint(operation: Operation) -> Callable[..., Awaitable[AccountView]]:
    """Return what FastAPI calls for an operation; its parameters are those of the signature that it is given."""
    body_type = body_of(operation.command)

    async def endpoint(account_id: str, caller: Caller, send: Sending, body: BaseModel | None = None) -> AccountView:
        result = await send(account_id, caller, operation.command, **dict(body or ()))
        if operation.tell is not None:
            operation.tell(result, send.response)
        return result.account

    parameters = {"account_id": PathAccount, "caller": Authorized, "send": SendDep}
    given = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in parameters.items()]
    if body_type is not None:
        needed = any(field.is_required() for field in body_type.model_fields.values())
        kind, default = (
            (body_type, Parameter.empty)
            if needed or body_type.model_config.get("json_schema_extra")
            else (body_type | None, None)
        )
        given.append(Parameter("body", Parameter.KEYWORD_ONLY, annotation=kind, default=default))
    endpoint.__signature__ = Signature(given)  # type: ignore[attr-defined] # what inspect.signature looks for first
    return endpoint


for each in OPERATIONS:
    router.add_api_route(
        f"/{{account_id}}/{each.path}",
        _endpoint(each),
        methods=[each.method],
        response_model=AccountView,
        name=each.name,
        description=f"{words_of(each.command)} {each.said}".strip(),
        tags=tags_of(each.name),
        responses={**_COMMAND, **responses(*each.statuses)},
    )
