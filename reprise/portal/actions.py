"""What the buttons do: each sends one command, and leads on to a page that can be reloaded without sending it again.

A form carries the idempotency key of its command. Sent twice (Back, reload, a double click), it is one command (R14).
"""

import re
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.responses import Response

from reprise.accounts.errors import CommandRefused
from reprise.accounts.sending import CommandResult
from reprise.http.problems import Problem
from reprise.portal.dependencies import FormSenderDep, Visitor
from reprise.portal.pages import reactivation_page
from reprise.statemachine.payments import PaymentStatus
from reprise.workflows.messages import AccountState, AnyCommand, Cancel, Reactivate, RefusalCode, SetCarts, SetEmail

router = APIRouter(prefix="/accounts/{account_id}")

Key = Annotated[str, Form(pattern=r"^[0-9a-f-]{36}$")]
Whole = Annotated[str, Form(max_length=12)]
When = Literal["term_end", "now"]
Shown = Annotated[AccountState, Form(alias="state")]
"""The state that the page showed: its button does something about that state alone."""
Payment = Annotated[str, Form(max_length=100)]
"""The key of the payment that the page showed, likewise."""


_OUT_OF_DATE: Final = frozenset({RefusalCode.STATE_CHANGED, RefusalCode.NOT_IN_SERVICE})
"""Why a button is refused whose page shows an account that stands otherwise by now."""

_SAID = {
    "expected_amount": "The amount is not one that this page has shown. Open it again. Nothing was changed.",
    "carts": "Carts must be a whole number from 0 to 10,000. Nothing was changed.",
}
"""What a person is told whose form holds what the command does not take."""


async def _send(who: Visitor, key: str, command: type[AnyCommand], **fields: Any) -> CommandResult:
    """Send the command of a form; what its model does not take is a sentence (R20).

    Raises:
        Problem: 422.
        RepriseError: What the account says.
    """
    try:
        asked = command(actor=who.actor, **who.ids_of(key), **fields)
    except ValidationError as error:
        first = error.errors()[0]
        field, why = str(first["loc"][0]) if first["loc"] else "", str(first["msg"]).removeprefix("Value error, ")
        said = f"The e-mail {why.rstrip('.')}. Nothing was changed." if field == "email" else _SAID.get(field)
        fallback = "Something in the form was missing or wrong. Nothing was changed."
        raise Problem(422, "invalid_request", said or fallback) from error
    await who.services.limits.command(who.account_id)
    return await who.accounts.command(who.account_id, asked)


def _whole(text: str, field: str) -> int:
    """Return the whole number that a form holds, written with digits alone.

    Raises:
        Problem: 422.
    """
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise Problem(422, "invalid_request", _SAID[field])
    return int(text)


def _to(who: Visitor, where: str = "", notice: str | None = None) -> Response:
    query = f"?notice={notice}" if notice else ""
    return RedirectResponse(f"/portal/accounts/{who.account_id}{where}{query}", 303)


@router.post("/cancel")
async def cancel(
    who: FormSenderDep, key: Key, shown: Shown, payment: Payment = "", when: Annotated[When, Form()] = "term_end"
) -> Response:
    """Cancel what the page showed, at the term's end or now (R3)."""
    try:
        result = await _send(who, key, Cancel, when=when, expected_state=shown, expected_payment=payment or None)
    except CommandRefused as refused:
        if refused.code not in _OUT_OF_DATE:
            raise
        return await _told_what_changed(who, was=shown, when=when)
    return _to(who, notice="cancelled" if result.account.in_service else "stopped")


async def _told_what_changed(who: Visitor, *, was: AccountState, when: When) -> Response:
    """Lead to the account as it stands, and say what is true: its button did nothing."""
    account = await who.accounts.account(who.account_id)
    if not account.in_service:
        return _to(who, notice="out-already")
    if not account.may_resume:
        paid = was is AccountState.PAST_DUE and account.payment.status is PaymentStatus.PAID
        return _to(who, notice="paid-meanwhile" if paid else "changed")
    return _to(who, notice="cancelled") if when == "term_end" else _to(who, "/cancel", notice="cancelled-already")


@router.post("/resume")
async def resume(who: FormSenderDep, key: Key) -> Response:
    """Take a cancellation back: free, or not at all; the term may have ended since the page was shown (R4, R7)."""
    try:
        await _send(who, key, Reactivate, expected_amount=0)
    except CommandRefused as refused:
        if refused.code is RefusalCode.ALREADY_IN_SERVICE:
            return _to(who, notice="already")
        if refused.code is RefusalCode.QUOTE_CHANGED:
            return _to(who, "/reactivate")
        raise
    return _to(who, notice="resumed")


@router.post("/reactivate")
async def reactivate(request: Request, who: FormSenderDep, key: Key, expected_amount: Whole) -> Response:
    """Come back for what the page showed, and for no other sum (R6, R7)."""
    amount = _whole(expected_amount, "expected_amount")
    try:
        result = await _send(who, key, Reactivate, expected_amount=amount)
    except CommandRefused as refused:
        if (
            refused.code is RefusalCode.ALREADY_IN_SERVICE
        ):  # another tab was faster: one charge, and both are right (R14)
            return _to(who, notice="already")
        if refused.code is RefusalCode.QUOTE_CHANGED:
            told = "The price has changed since this page was shown. Nothing was charged. This is what it costs now:"
            return await reactivation_page(request, who, problem=told, status=409)
        raise
    if result.account.in_service:
        return _to(who, notice="reactivated")
    return _to(who, "/reactivate")


@router.post("/call-off")
async def call_off(who: FormSenderDep, key: Key, payment: Payment) -> Response:
    """Call off the payment that the page showed, which waits for its payer's confirmation (R14)."""
    try:
        await _send(who, key, Cancel, expected_state=AccountState.DISABLED, expected_payment=payment)
    except CommandRefused as refused:
        if refused.code not in _OUT_OF_DATE:
            raise
        account = await who.accounts.account(who.account_id)
        return _to(who, notice="paid-meanwhile" if account.in_service else "ended-meanwhile")
    return _to(who, notice="called-off")


@router.post("/carts")
async def carts(who: FormSenderDep, key: Key, carts: Whole) -> Response:
    """Change the number of carts, from the next payment on (R11)."""
    await _send(who, key, SetCarts, carts=_whole(carts, "carts"))
    return _to(who, "/subscription", notice="carts")


@router.post("/email")
async def email(who: FormSenderDep, key: Key, email: Annotated[str, Form(max_length=254)]) -> Response:
    """Change the billing e-mail (R26)."""
    await _send(who, key, SetEmail, email=email)
    return _to(who, "/subscription", notice="email")
