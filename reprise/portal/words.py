"""How an account stands, in the words that its owner reads. Its history is in `history.py`."""

from dataclasses import dataclass
from typing import Literal, assert_never

from reprise.portal.declines import told_of
from reprise.portal.localized import LocalFormat
from reprise.statemachine.payments import PaymentStatus
from reprise.workflows.messages import AccountState, AccountView, DisabledReason, Quote, TimelineEntry

Tone = Literal["good", "calm", "warning", "off"]


@dataclass(frozen=True)
class Standing:
    """How an account stands, in words: a headline, what follows from it, and how serious it is."""

    headline: str
    sentences: tuple[str, ...]
    tone: Tone


def amount_of(account: AccountView, local: LocalFormat) -> str:
    """Return what the latest payment is about, in its own currency: the plan's may be another by now (R26)."""
    payment = account.payment
    return local.money(payment.amount or 0, payment.currency or account.plan.currency)


def price(account: AccountView, local: LocalFormat) -> str:
    """Return what a month comes to, and how: `$75.00 (3 carts × $25.00)`."""
    unit, currency = account.plan.unit_amount, account.plan.currency
    return (
        f"{local.money(account.carts * unit, currency)} ({carts(account.carts, local)} × {local.money(unit, currency)})"
    )


def carts(count: int, local: LocalFormat) -> str:
    """Return a number of carts with its noun."""
    return f"{local.number(count)} {'cart' if count == 1 else 'carts'}"


def standing(
    account: AccountView, local: LocalFormat, quote: Quote | None = None, since: TimelineEntry | None = None
) -> Standing:
    """Say how an account stands.

    Args:
        account: The account.
        local: How the reader has amounts and instants written.
        quote: What coming back costs, for an account out of service that may.
        since: The entry with which it went out of service, if that is still known.
    """
    match account.state:
        case AccountState.ACTIVE | AccountState.REACTIVATED:
            return _in_service(account, local)
        case AccountState.CANCELLED:
            assert account.term is not None, "what is cancelled has a term to run out"
            until = local.moment(account.term.end, account.timezone)
            undo = "You can take the cancellation back until then, at no charge."
            return Standing("Cancelled", (f"Works until {until}. Nothing more is charged.", undo), "calm")
        case AccountState.PAST_DUE:
            return _past_due(account, local)
        case AccountState.CLOSED:
            return Standing("Closed", ("This account is closed for good.",), "off")
        case AccountState.DISABLED | AccountState.NEW:
            return _disabled(account, local, quote, since)
        case state:
            assert_never(state)


_ON = "Your shop goes on working meanwhile."
_DAYS = "This takes a few days."


def _in_service(account: AccountView, local: LocalFormat) -> Standing:
    assert account.term is not None, "what is in service has a term"
    day = local.date(account.term.end, account.timezone)
    if account.payment.collecting:
        said = f"We are collecting {amount_of(account, local)} for the next month."
        return Standing("In service", (said, _ON), "calm")
    if account.payment.clearing:
        said = f"Your bank is transferring {amount_of(account, local)} for the next month. {_DAYS}"
        return Standing("In service", (said, _ON), "calm")
    if account.carts * account.plan.unit_amount == 0:
        return Standing("In service", (f"Renews {day}. There is nothing to pay: {price(account, local)}.",), "good")
    return Standing("In service", (f"Renews {day} for {price(account, local)}.",), "good")


def _past_due(account: AccountView, local: LocalFormat) -> Standing:
    payment, amount = account.payment, amount_of(account, local)
    if payment.collecting:
        return Standing("Payment failed", (f"We are trying again to collect {amount}.", _ON), "warning")
    if payment.clearing:
        return Standing("Payment on its way", (f"Your bank is transferring {amount}. {_DAYS}", _ON), "calm")
    if payment.awaits_payer:
        said = [f"Your bank wants you to confirm the payment of {amount}."]
    else:
        said = [f"We could not collect {amount}: {told_of(payment.decline_code).why}."]
    if payment.next_attempt_at:
        at = local.moment(payment.next_attempt_at, account.timezone)
        refused = f"Your bank refuses this card for good: we do not ask it again. Add another one by {at}."
        said.append(refused if payment.do_not_retry else f"We try again on {at}.")
    return Standing("Payment failed", (*said, _ON), "warning")


def _disabled(account: AccountView, local: LocalFormat, quote: Quote | None, since: TimelineEntry | None) -> Standing:
    payment, amount = account.payment, amount_of(account, local)
    if payment.collecting:
        return Standing("Payment under way", (f"We are collecting {amount}. This takes a few seconds.",), "calm")
    if payment.clearing:
        sentences = (f"Your bank is transferring {amount}. {_DAYS}", "Your shop works again as soon as it has arrived.")
        return Standing("Payment on its way", sentences, "calm")
    if payment.awaits_payer:
        sentences = (f"Your bank wants you to confirm the payment of {amount}.", "Your shop works again right after.")
        return Standing("One step to go", sentences, "warning")
    headline = f"Disabled since {local.date(since.at, account.timezone)}" if since else "Disabled"
    said, why = [], told_of(payment.decline_code).why
    match account.disabled_reason:
        case DisabledReason.OPERATOR:
            return Standing(headline, ("We took this account out of service. Please contact support.",), "off")
        case DisabledReason.PAYMENT_FAILED:
            said.append(f"The last month could not be collected: {why}.")
        case DisabledReason.FIRST_PAYMENT_FAILED:
            said.append(f"The first payment failed: {why}. Nothing was charged.")
        case DisabledReason.CANCELLED:
            if payment.failed:
                said.append(f"The last payment failed: {why}. Nothing was charged.")
        case None:
            pass
        case reason:
            assert_never(reason)
    if payment.status is PaymentStatus.DECLINED and payment.next_attempt_at:
        said.append(f"We try again on {local.moment(payment.next_attempt_at, account.timezone)}.")
    if quote is not None and quote.amount_due == 0:
        said.append(
            f"Coming back costs nothing: it is paid until {local.moment(quote.term.end, account.timezone)}."
            if account.carts * account.plan.unit_amount
            else "Coming back costs nothing."
        )
    elif quote is not None:
        said.append(f"Coming back costs {local.money(quote.amount_due, quote.currency)} for the upcoming month.")
    return Standing(headline, tuple(said), "off")


def went_out_of_service(timeline: list[TimelineEntry]) -> TimelineEntry | None:
    """Return the entry with which the account went out of service last; None if it is not among them."""
    out = {AccountState.DISABLED, AccountState.CLOSED}
    last = None
    for entry in timeline:
        if entry.to_state in out and entry.from_state not in out:
            last = entry
    return last
