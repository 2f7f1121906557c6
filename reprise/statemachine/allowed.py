"""Which commands an account takes now: what the core says when it is asked, remembered by all that it depends on."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from reprise.statemachine import machine
from reprise.statemachine.account import Account, AccountState, DisabledReason
from reprise.statemachine.commands import Cancel, Close, Disable, Enable, ExtendTerm, Reactivate
from reprise.statemachine.payments import PaymentPurpose, PaymentStatus
from reprise.statemachine.pricing import renewal_quote
from reprise.statemachine.refusals import Refused

_ASKED: Final = (Cancel(), Reactivate(), ExtendTerm(days=1), Disable(), Enable(), Close())
_ALWAYS: Final = ("set_carts", "set_payment_method", "set_email", "change_plan")
"""Taken in any state but `closed`, whatever else is (R11, R13, R26)."""


class _Facts(NamedTuple):
    """All that decides which commands are taken; `tests/statemachine/test_allowed.py` holds that it is all."""

    edition: int
    state: AccountState
    held_by_operator: bool
    hold: AccountState | None
    status: PaymentStatus | None
    purpose: PaymentPurpose | None
    abandoned: bool
    tried_again: bool
    term_is_over: bool
    renewal_is_over: bool


_known: Final[dict[_Facts, tuple[str, ...]]] = {}
"""What was taken before, by facts: there are some hundreds of kinds, and none says whose account it was."""


def allowed(account: Account, now: datetime) -> tuple[str, ...]:
    """Return the names of the commands that the account takes at `now`, in a fixed order.

    The first account of a kind is asked as a command would be (some milliseconds); all others like it, at no cost.
    """
    facts = _facts(account, now)
    if facts not in _known:
        _known[facts] = asked(account, now)
    return _known[facts]


def asked(account: Account, now: datetime) -> tuple[str, ...]:
    """Return the same as `allowed`, by asking the core each time."""
    always = () if account.state is AccountState.CLOSED else _ALWAYS
    return (*(each.name for each in _ASKED if _takes(account, each, now)), *always)


def _facts(account: Account, now: datetime) -> _Facts:
    payment, hold = account.payment, account.hold
    was_past_due = hold is not None and hold.state is AccountState.PAST_DUE
    return _Facts(
        edition=account.edition,
        state=account.state,
        held_by_operator=account.disabled_reason is DisabledReason.OPERATOR,
        hold=hold.state if hold else None,
        status=payment.status if payment else None,
        purpose=payment.purpose if payment else None,
        abandoned=bool(payment and payment.abandoned),
        tried_again=bool(payment and payment.next_attempt_at),
        term_is_over=account.term is None or account.term.is_over(now),
        renewal_is_over=was_past_due and now >= renewal_quote(account).term.end,
    )


def _takes(account: Account, command: Any, now: datetime) -> bool:
    try:
        machine.check(account, command, now)
    except Refused:
        return False
    return True
