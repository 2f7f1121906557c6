"""What an account's state, its payments and its history are called when its owner reads them."""

from dataclasses import dataclass
from typing import Literal

from reprise.portal.localized import Local
from reprise.statemachine.payments import PaymentStatus
from reprise.workflows.messages import AccountState, AccountView, ActorKind, Quote, TimelineEntry

Tone = Literal["good", "calm", "warning", "off"]

_DECLINES = {
    "authentication_required": "your bank wants you to confirm the payment, and it was not confirmed",
    "card_velocity_exceeded": "the card has reached its limit",
    "do_not_honor": "your bank declined it without saying why",
    "expired_card": "the card has expired",
    "fraudulent": "your bank declined it without saying why",
    "generic_decline": "your bank declined it without saying why",
    "incorrect_cvc": "the card's security code is wrong",
    "incorrect_number": "the card's number is wrong",
    "insufficient_funds": "there is not enough money on the card",
    "lost_card": "the bank does not take this card any more",
    "no_payment_method": "there is no card on file",
    "payment_stopped": "something is wrong on our side; we are on it",
    "pickup_card": "the bank does not take this card any more",
    "processing_error": "the bank had a passing problem",
    "stolen_card": "the bank does not take this card any more",
    "withdrawal_count_limit_exceeded": "the card has reached its limit",
}

_NOT_THE_CARD = frozenset({"payment_stopped", "authentication_required", "processing_error"})


@dataclass(frozen=True)
class Standing:
    """How an account stands, in words: a headline, what follows from it, and how serious it is."""

    headline: str
    sentences: tuple[str, ...]
    tone: Tone


def decline(code: str | None) -> str:
    """Return why a payment failed, as a clause: "the card has expired"."""
    return _DECLINES.get(code or "", "your bank declined it")


def has_failed(account: AccountView) -> bool:
    """Say whether the latest payment failed, and was not called off."""
    return account.payment.status is PaymentStatus.DECLINED and account.payment.decline_code != "cancelled"


def remedy(code: str | None) -> str:
    """Return what the payer can do about a failed payment."""
    if code == "payment_stopped":
        return "Try again later."
    if code == "no_payment_method":
        return "Add a card, then try again."
    if code in _NOT_THE_CARD:
        return "Try again, or use another card."
    return "Use another card, or ask your bank, then try again."


def price(account: AccountView, local: Local) -> str:
    """Return what a month comes to, and how: `$75.00 (3 carts × $25.00)`."""
    unit, currency = account.plan.unit_amount, account.plan.currency
    return (
        f"{local.money(account.carts * unit, currency)} ({carts(account.carts, local)} × {local.money(unit, currency)})"
    )


def carts(count: int, local: Local) -> str:
    """Return a number of carts with its noun."""
    return f"{local.number(count)} {'cart' if count == 1 else 'carts'}"


def standing(
    account: AccountView, local: Local, quote: Quote | None = None, since: TimelineEntry | None = None
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
        case _:
            return _disabled(account, local, quote, since)


def _in_service(account: AccountView, local: Local) -> Standing:
    assert account.term is not None, "what is in service has a term"
    day = local.date(account.term.end, account.timezone)
    if account.carts * account.plan.unit_amount == 0:
        return Standing("In service", (f"Renews {day}. There is nothing to pay: {price(account, local)}.",), "good")
    return Standing("In service", (f"Renews {day} for {price(account, local)}.",), "good")


def _past_due(account: AccountView, local: Local) -> Standing:
    payment = account.payment
    amount = local.money(payment.amount or 0, account.plan.currency)
    if payment.status is PaymentStatus.COLLECTING:
        return Standing("Payment failed", (f"We are trying again to collect {amount}.", _ON), "warning")
    if payment.status is PaymentStatus.REQUIRES_ACTION:
        said = [f"Your bank wants you to confirm the payment of {amount}."]
    else:
        said = [f"We could not collect {amount}: {decline(payment.decline_code)}."]
    if payment.next_attempt_at:
        said.append(f"We try again on {local.moment(payment.next_attempt_at, account.timezone)}.")
    return Standing("Payment failed", (*said, _ON), "warning")


_ON = "Your shop goes on working meanwhile."


def _disabled(account: AccountView, local: Local, quote: Quote | None, since: TimelineEntry | None) -> Standing:
    payment, amount = account.payment, local.money(account.payment.amount or 0, account.plan.currency)
    if payment.status is PaymentStatus.COLLECTING:
        return Standing("Payment under way", (f"We are collecting {amount}. This takes a few seconds.",), "calm")
    if payment.status is PaymentStatus.REQUIRES_ACTION:
        sentences = (f"Your bank wants you to confirm the payment of {amount}.", "Your shop works again right after.")
        return Standing("One step to go", sentences, "warning")
    headline = f"Disabled since {local.date(since.at, account.timezone)}" if since else "Disabled"
    if account.disabled_reason == "operator":
        return Standing(headline, ("We took this account out of service. Please contact support.",), "off")
    said = []
    if account.disabled_reason == "payment_failed":
        said.append(f"The last month could not be collected: {decline(payment.decline_code)}.")
    if account.disabled_reason == "first_payment_failed":
        said.append(f"The first payment failed: {decline(payment.decline_code)}. Nothing was charged.")
    if account.disabled_reason == "cancelled" and has_failed(account):
        said.append(f"The last payment failed: {decline(payment.decline_code)}. Nothing was charged.")
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


def told(entry: TimelineEntry, zone: str, local: Local) -> str:
    """Return what an entry of the timeline says, as a sentence; days are those of `zone`."""
    amount = local.money(entry.amount, entry.currency) if entry.amount is not None and entry.currency else ""
    until = f" until {local.date(entry.term.end, zone)}" if entry.term else ""
    match entry.type.removeprefix("account."):
        case "opened":
            return f"Account opened with {carts(entry.carts or 0, local)}."
        case "activated":
            return f"First month paid: {amount}."
        case "cancelled":
            return f"Cancelled; works{until}."
        case "resumed":
            return "Cancellation taken back, at no charge."
        case "reactivated":
            return (
                f"Reactivated for {amount}; paid{until}." if entry.amount else f"Reactivated at no charge; paid{until}."
            )
        case "renewed":
            return f"Renewed for {amount}; paid{until}." if entry.amount else f"Renewed at no charge{until}."
        case "past_due":
            reason = f": {decline(entry.decline_code)}" if entry.decline_code else ""
            return f"The renewal of {amount} could not be collected{reason}."
        case "payment_declined":
            return f"A payment of {amount} failed: {decline(entry.decline_code)}. Nothing was charged."
        case "payment_requires_action":
            return f"Your bank asked for a confirmation of {amount}."
        case "payment_cancelled":
            return f"A payment of {amount} was called off. Nothing was charged."
        case "payment_stopped":
            return f"A payment of {amount} stopped on our side. Nothing was charged."
        case "payment_received":
            return f"A payment of {amount} arrived."
        case "disabled":
            return _told_disabled(entry)
        case "enabled":
            return "Taken back into service." if entry.term else "The hold was lifted."
        case "carts_changed":
            return f"Changed to {carts(entry.carts or 0, local)}, from the next payment on."
        case "plan_changed":
            return f"The price changed to {amount} for a cart, from the next payment on."
        case "payment_method_changed":
            return "Card changed."
        case "payment_method_refused":
            return f"The card was not taken: {decline(entry.decline_code)}."
        case "term_extended":
            return f"Extended{until}, at no charge."
        case "closed":
            return "Account closed."
        case other:
            return f"{other.replace('_', ' ').capitalize()}."


def _told_disabled(entry: TimelineEntry) -> str:
    if entry.actor.kind is ActorKind.OPERATOR:
        return "Disabled by support."  # the reason is written for operators
    if entry.reason == "payment_failed":
        return "Disabled: the last month could not be collected."
    return (
        "Disabled: the paid time was over." if entry.actor.kind is ActorKind.TIMER else "Cancelled at once; disabled."
    )


def who(entry: TimelineEntry, user_id: str) -> str:
    """Return who made a change, as the reader knows them."""
    match entry.actor.kind:
        case ActorKind.USER:
            return "You" if entry.actor.id == user_id else "A user of your shop"
        case ActorKind.OPERATOR:
            return "Support"
        case ActorKind.STRIPE:
            return "Payment service"
        case _:
            return "Automatic"
