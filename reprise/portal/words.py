"""How an account stands, in the words that its owner reads. Its history is in `history.py`."""

from dataclasses import dataclass
from typing import Literal, assert_never

from reprise.portal import money
from reprise.portal.declines import told_of
from reprise.portal.localized import LocalFormat
from reprise.portal.situation import Situation
from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.timeline import TimelineEntry

Tone = Literal["good", "calm", "warning", "off"]


@dataclass(frozen=True)
class Standing:
    """How an account stands, in words: a headline, what follows from it, and how serious it is."""

    headline: str
    sentences: tuple[str, ...]
    tone: Tone


def standing(seen: Situation, local: LocalFormat) -> Standing:
    """Say how an account stands: what is true, what happens by itself and when, and what its owner can do."""
    match seen.account.state:
        case AccountState.ACTIVE | AccountState.REACTIVATED:
            return _in_service(seen, local)
        case AccountState.CANCELLED:
            return _cancelled(seen, local)
        case AccountState.PAST_DUE:
            return _past_due(seen, local)
        case AccountState.CLOSED:
            return Standing(local.text("Closed"), (local.text("This account is closed for good."),), "off")
        case AccountState.DISABLED | AccountState.NEW:
            return _disabled(seen, local)
        case state:
            assert_never(state)


def _in_service(seen: Situation, local: LocalFormat) -> Standing:
    account = seen.account
    assert account.term is not None, "what is in service has a term"
    zone, amount = account.timezone, money.amount_of(account, local)
    headline, on = local.text("In service"), local.text("Your shop goes on working meanwhile.")
    if account.payment.collecting:
        said = local.text("We are collecting %(amount)s for the next month.", amount=amount)
        return Standing(headline, (said, on), "calm")
    if account.payment.clearing:
        said = local.text(
            "Your bank is transferring %(amount)s for the next month. This takes a few days.", amount=amount
        )
        return Standing(headline, (said, on), "calm")
    day = local.date(account.term.end, zone)
    if account.carts * account.plan.unit_amount == 0:
        said = local.text(
            "Renews %(day)s. There is nothing to pay: %(price)s.", day=day, price=money.price(account, local)
        )
        return Standing(headline, (said,), "good")
    return Standing(
        headline, (local.text("Renews %(day)s for %(price)s.", day=day, price=money.price(account, local)),), "good"
    )


def _cancelled(seen: Situation, local: LocalFormat) -> Standing:
    account = seen.account
    assert account.term is not None, "what is cancelled has a term to run out"
    until = local.moment(account.term.end, account.timezone)
    sentences = (
        local.text("Works until %(moment)s. Nothing more is charged.", moment=until),
        local.text("You can take the cancellation back until then, at no charge."),
    )
    return Standing(local.text("Cancelled"), sentences, "calm")


# ---------------------------------------------------------------------- past due: R9, R10


def _past_due(seen: Situation, local: LocalFormat) -> Standing:
    account, payment = seen.account, seen.account.payment
    amount, zone = money.amount_of(account, local), account.timezone
    on = local.text("Your shop goes on working meanwhile.")
    if payment.collecting:
        said = local.text("We are trying again to collect %(amount)s. This takes a few seconds.", amount=amount)
        return Standing(local.text("Payment under way"), (said, on), "calm")
    if payment.clearing:
        said = local.text("Your bank is transferring %(amount)s. This takes a few days.", amount=amount)
        return Standing(local.text("Payment on its way"), (said, on), "calm")
    if payment.stopped:
        return Standing(local.text("In service"), (*_ours(seen, local), on), "calm")
    until = seen.outlook.access_until
    ends = (local.text("Your shop works until %(moment)s.", moment=local.moment(until, zone)),) if until else ()
    if payment.awaits_payer:
        said = local.text("Your bank wants you to confirm the payment of %(amount)s.", amount=amount)
        return Standing(local.text("Confirm a payment"), (said, *ends), "warning")
    headline = (
        local.text("Pay %(amount)s by %(day)s to keep your shop running", amount=amount, day=local.date(until, zone))
        if until
        else local.text("Pay %(amount)s to keep your shop running", amount=amount)
    )
    return Standing(headline, (_why(seen, local), *_tries(seen, local), *ends), "warning")


def _why(seen: Situation, local: LocalFormat) -> str:
    """Say which card failed, and why."""
    payment = seen.account.payment
    reason, card = local.text(told_of(payment.decline_code).why), local.card(seen.paid_with(payment.invoice_id))
    amount = money.amount_of(seen.account, local)
    if card is None or payment.lacks_method:
        return local.text("We could not collect %(amount)s: %(why)s.", amount=amount, why=reason)
    return local.text("We could not collect %(amount)s with %(card)s: %(why)s.", amount=amount, card=card, why=reason)


def _tries(seen: Situation, local: LocalFormat) -> tuple[str, ...]:
    """Say when it is tried again by itself, or that another card is needed."""
    zone, retries = seen.account.timezone, seen.outlook.retries
    if seen.account.payment.do_not_retry:
        return (local.text("Please use another card: this one is not asked again."),)
    if not retries:
        return ()
    if len(retries) == 1:
        return (local.text("We try once more, on %(moment)s.", moment=local.moment(retries[0], zone)),)
    *first, last = (local.date(each, zone) for each in retries)
    days = local.text("%(days)s and %(day)s", days=", ".join(first), day=last)
    return (local.text("We try again on %(days)s.", days=days),)


def _ours(seen: Situation, local: LocalFormat) -> tuple[str, ...]:
    """Say that a fault is ours, and that it mends without the payer."""
    account = seen.account
    said = local.text("The payment of %(amount)s is delayed on our side.", amount=money.amount_of(account, local))
    nothing = local.text("You need do nothing.")
    if account.payment.next_attempt_at is None:
        return (said, nothing)
    at = local.moment(account.payment.next_attempt_at, account.timezone)
    again = local.text("We try again at %(moment)s.", moment=at)
    return (said, f"{nothing} {again}")


# ---------------------------------------------------------------------- out of service: R6


def _disabled(seen: Situation, local: LocalFormat) -> Standing:
    account, payment, amount = seen.account, seen.account.payment, money.amount_of(seen.account, local)
    if payment.collecting:
        said = local.text("We are collecting %(amount)s. This takes a few seconds.", amount=amount)
        return Standing(local.text("Payment under way"), (said,), "calm")
    if payment.clearing:
        sentences = (
            local.text("Your bank is transferring %(amount)s. This takes a few days.", amount=amount),
            local.text("Your shop works again as soon as it has arrived."),
        )
        return Standing(local.text("Payment on its way"), sentences, "calm")
    if payment.awaits_payer:
        said = local.text("Your bank wants you to confirm the payment of %(amount)s.", amount=amount)
        after = local.text("Your shop works again right after.")
        return Standing(local.text("Confirm a payment"), (said, after), "warning")
    if account.disabled_reason is DisabledReason.FIRST_PAYMENT_FAILED and payment.stopped:
        starts = local.text("Your shop starts as soon as it is paid.")
        return Standing(local.text("Not started yet"), (*_ours(seen, local), starts), "calm")
    since = went_out_of_service(seen.record.timeline)
    day = (local.text("Disabled since %(day)s.", day=local.date(since.at, account.timezone)),) if since else ()
    sentences = (*day, *_why_disabled(seen, local), *_coming_back(seen, local))
    return Standing(local.text("Your shop has stopped"), sentences, "off")


def _why_disabled(seen: Situation, local: LocalFormat) -> list[str]:
    account, payment = seen.account, seen.account.payment
    why = local.text(told_of(payment.decline_code).why)
    match account.disabled_reason:
        case DisabledReason.OPERATOR:
            return [local.text("We took this account out of service. Please contact support.")]
        case DisabledReason.PAYMENT_FAILED if seen.outlook.failed_renewal:
            return [failed_renewal(seen, local)]
        case DisabledReason.FIRST_PAYMENT_FAILED:
            return [local.text("The first payment failed: %(why)s. Nothing was charged.", why=why)]
        case DisabledReason.CANCELLED | DisabledReason.PAYMENT_FAILED:
            failed = payment.failed and payment.status is PaymentStatus.DECLINED
            return [local.text("The last payment failed: %(why)s. Nothing was charged.", why=why)] if failed else []
        case None:
            return []
        case reason:
            assert_never(reason)


def failed_renewal(seen: Situation, local: LocalFormat) -> str:
    """Say what became of the renewal whose failing has ended service: nobody is blamed who has pressed nothing."""
    due = seen.outlook.failed_renewal
    assert due is not None, "asked only where one has failed"
    day = local.date(due, seen.account.timezone)
    if seen.outlook.owes:
        return local.text("Your renewal of %(day)s failed. It is still owed, and paid when you come back.", day=day)
    return local.text("Your renewal of %(day)s failed. That invoice is cancelled; you do not owe it.", day=day)


def _coming_back(seen: Situation, local: LocalFormat) -> tuple[str, ...]:
    quote, account = seen.quote, seen.account
    if quote is None:
        return ()
    if quote.amount_due == 0:
        free = local.text("Coming back costs nothing.")
        paid = account.term is not None and seen.now < account.term.end and money.is_paid_for(seen)
        if not paid:
            return (free,)
        until = local.moment(quote.term.end, account.timezone)
        return (local.text("Coming back costs nothing: it is paid until %(moment)s.", moment=until),)
    amount = local.money(quote.amount_due, quote.currency)
    if not quote.debts:
        return (local.text("Coming back costs %(amount)s for the upcoming month.", amount=amount),)
    owed = local.money(quote.amount_due - quote.for_term, quote.currency)
    month = local.money(quote.for_term, quote.currency)
    return (
        local.text(
            "Coming back costs %(amount)s: %(month)s for the upcoming month, and %(owed)s that is still unpaid.",
            amount=amount,
            month=month,
            owed=owed,
        ),
    )


def went_out_of_service(timeline: tuple[TimelineEntry, ...] | list[TimelineEntry]) -> TimelineEntry | None:
    """Return the entry with which the account went out of service last; None if it is not among them."""
    out = {AccountState.DISABLED, AccountState.CLOSED}
    last = None
    for entry in timeline:
        if entry.to_state in out and entry.from_state not in out:
            last = entry
    return last
