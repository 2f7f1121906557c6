"""What the buttons do: each sends one command, and leads on to a page that can be reloaded without sending it again.

A form carries the idempotency key of its command. Sent twice (Back, reload, a double click), it is one command (R14).
"""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from reprise.api.engine import Outcome
from reprise.api.problems import Problem
from reprise.portal.pages import reactivation_page
from reprise.portal.sessions import AFormSender, Visitor
from reprise.workflows.messages import AnyCommand, Cancel, Reactivate, SetCarts

router = APIRouter(prefix="/accounts/{account_id}")

Key = Annotated[str, Form(pattern=r"^[0-9a-f-]{36}$")]
Whole = Annotated[str, Form(max_length=12)]


async def _send(who: Visitor, command: AnyCommand) -> Outcome:
    return await who.engine.command(who.account_id, command)


def _to(who: Visitor, where: str = "", notice: str | None = None) -> Response:
    query = f"?notice={notice}" if notice else ""
    return RedirectResponse(f"/portal/accounts/{who.account_id}{where}{query}", 303)


def _key(key: str) -> str:
    return f"portal-{key}"


@router.post("/cancel")
async def cancel(
    who: AFormSender, key: Key, when: Annotated[Literal["term_end", "now"], Form()] = "term_end"
) -> Response:
    """Cancel, at the term's end or now (R3)."""
    command = Cancel(when=when, actor=who.actor, command_id=_key(key))
    try:
        await _send(who, command)
    except Problem as problem:
        if problem.code == "not_in_service":  # done in another tab
            return _to(who)
        raise
    return _to(who, notice="cancelled")


@router.post("/resume")
async def resume(who: AFormSender, key: Key) -> Response:
    """Take a cancellation back: free, or not at all; the term may have ended since the page was shown (R4, R7)."""
    try:
        await _send(who, Reactivate(expected_amount=0, actor=who.actor, command_id=_key(key)))
    except Problem as problem:
        if problem.code == "already_in_service":
            return _to(who, notice="already")
        if problem.code == "quote_changed":
            return _to(who, "/reactivate")
        raise
    return _to(who, notice="resumed")


@router.post("/reactivate")
async def reactivate(request: Request, who: AFormSender, key: Key, expected_amount: Whole) -> Response:
    """Come back for what the page showed, and for no other sum (R6, R7)."""
    if not re.fullmatch(r"\d{1,9}", expected_amount):
        raise Problem(422, "invalid_request", "The amount is not one that the page has shown. Open it again.")
    command = Reactivate(expected_amount=int(expected_amount), actor=who.actor, command_id=_key(key))
    try:
        outcome = await _send(who, command)
    except Problem as problem:
        if problem.code == "already_in_service":  # another tab was faster: one charge, and both are right (R14)
            return _to(who, notice="already")
        if problem.code == "quote_changed":
            told = "The price has changed since this page was shown. Nothing was charged. This is what it costs now:"
            return await reactivation_page(request, who, problem=told, status=409)
        raise
    if outcome.account.in_service:
        return _to(who, notice="reactivated")
    return _to(who, "/reactivate")


@router.post("/call-off")
async def call_off(who: AFormSender, key: Key) -> Response:
    """Call off a payment that waits for its payer's confirmation: nothing is charged (R14)."""
    try:
        await _send(who, Cancel(actor=who.actor, command_id=_key(key)))
    except Problem as problem:
        if problem.code == "not_in_service":
            return _to(who)
        raise
    return _to(who, notice="called-off")


@router.post("/carts")
async def carts(who: AFormSender, key: Key, carts: Whole) -> Response:
    """Change the number of carts, from the next payment on (R11)."""
    if not re.fullmatch(r"\d{1,5}", carts) or int(carts) > 10_000:
        raise Problem(422, "invalid_request", "Carts must be a whole number from 0 to 10,000. Nothing was changed.")
    await _send(who, SetCarts(carts=int(carts), actor=who.actor, command_id=_key(key)))
    return _to(who, "/subscription", notice="carts")
