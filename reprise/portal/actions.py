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
from reprise.portal import content
from reprise.portal.content import NO_CARTS, NO_EMAIL, NO_SUM, Wrong, carts_of
from reprise.portal.dependencies import FormSenderDep, Visitor
from reprise.portal.pages import reactivation_page, show
from reprise.portal.problems import PageProblem
from reprise.portal.situation import situation_of
from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import AnyCommand, Cancel, Feedback, Reactivate, SetCarts, SetEmail
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.refusals import RefusalCode

router = APIRouter(prefix="/accounts/{account_id}")

Key = Annotated[str, Form(pattern=r"^[0-9a-f-]{36}$")]
Whole = Annotated[str, Form(max_length=12)]
When = Literal["term_end", "now"]
Reason = Annotated[str, Form(max_length=500, pattern=r"^[^\x00]*$")]
Chosen = Annotated[Literal[Feedback, ""], Form()]
Shown = Annotated[AccountState, Form(alias="state")]
"""The state that the page showed: its button does something about that state alone."""
Payment = Annotated[str, Form(max_length=100)]
"""The key of the payment that the page showed, likewise."""


_OUT_OF_DATE: Final = frozenset({RefusalCode.STATE_CHANGED, RefusalCode.NOT_IN_SERVICE})
"""Why a button is refused whose page shows an account that stands otherwise by now."""


async def _send(who: Visitor, key: str, command: type[AnyCommand], **fields: Any) -> CommandResult:
    """Send the command of a form.

    Raises:
        ValidationError: A field is none that the command takes.
        RepriseError: What the account says.
    """
    asked = command(actor=who.actor, **who.ids_of(key), **fields)
    await who.services.limits.command(who.account_id)
    return await who.accounts.command(who.account_id, asked)


def _whole(who: Visitor, text: str) -> int:
    """Return the whole number that a hidden field holds, written with digits alone.

    Raises:
        Problem: 422: it is none that a page has shown.
    """
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise _not_shown(who)
    return int(text)


def _not_shown(who: Visitor) -> PageProblem:
    said = who.local.text("The amount is not one that this page has shown. Open it again. Nothing was changed.")
    return PageProblem(422, "invalid_request", said)


def _to(who: Visitor, where: str = "", notice: str | None = None) -> Response:
    query = f"?notice={notice}" if notice else ""
    return RedirectResponse(f"/portal/accounts/{who.account_id}{where}{query}", 303)


@router.post("/cancel")
async def cancel(
    who: FormSenderDep,
    key: Key,
    shown: Shown,
    payment: Payment = "",
    when: Annotated[When, Form()] = "term_end",
    feedback: Chosen = "",
    reason: Reason = "",
) -> Response:
    """Cancel what the page showed, at the term's end or now; why is the owner's to say or not (R3)."""
    asked = {"when": when, "feedback": feedback or None, "reason": reason.strip() or None}
    try:
        result = await _send(who, key, Cancel, expected_state=shown, expected_payment=payment or None, **asked)
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
    try:
        result = await _send(who, key, Reactivate, expected_amount=_whole(who, expected_amount))
    except ValidationError as error:
        raise _not_shown(who) from error
    except CommandRefused as refused:
        if refused.code is RefusalCode.ALREADY_IN_SERVICE:  # another tab was faster: one charge, both are right (R14)
            return _to(who, notice="already")
        if refused.code is RefusalCode.QUOTE_CHANGED:
            told = who.local.text(
                "The price has changed since this page was shown. Nothing was charged. This is what it costs now:"
            )
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


Typed = Annotated[str | None, Form(max_length=300)]


@router.post("/subscription")
async def subscription(
    request: Request, who: FormSenderDep, key: Key, carts: Typed = None, email: Typed = None
) -> Response:
    """Change the number of carts (R11) or the billing e-mail (R26); what is wrong is said at its field, and kept there.

    Raises:
        Problem: 422: the form holds neither.
    """
    if carts is not None:
        return await _change_carts(request, who, key, carts)
    if email is not None:
        return await _change_email(request, who, key, email)
    raise Problem(422, "invalid_request", "Something in the form was missing or wrong. Nothing was changed.")


async def _change_carts(request: Request, who: Visitor, key: str, typed: str) -> Response:
    number = carts_of(typed)
    if number is None:
        return await _wrong(request, who, "carts", typed, NO_CARTS)
    try:
        await _send(who, key, SetCarts, carts=number)
    except CommandRefused as refused:
        if refused.code is not RefusalCode.INVALID_REQUEST:
            raise
        return await _wrong(request, who, "carts", typed, NO_SUM)
    return _to(who, "/subscription", notice="carts")


async def _change_email(request: Request, who: Visitor, key: str, typed: str) -> Response:
    try:
        await _send(who, key, SetEmail, email=typed.strip())
    except ValidationError:
        return await _wrong(request, who, "email", typed, NO_EMAIL)
    except CommandRefused as refused:
        if refused.code is not RefusalCode.INVALID_REQUEST:
            raise
        return await _wrong(request, who, "email", typed, NO_EMAIL)
    return _to(who, "/subscription", notice="email")


async def _wrong(request: Request, who: Visitor, field: str, typed: str, why: str) -> Response:
    """Return Manage Subscription with a sentence at the field, and what was typed still in it."""
    request.state.problem_code = "invalid_request"
    wrong = Wrong(errors={field: who.local.text(why)}, typed={field: typed})
    return show(request, who, content.subscription(await situation_of(who), who.local, wrong=wrong))
