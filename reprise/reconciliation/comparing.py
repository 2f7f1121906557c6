"""What differs between an account's record and what Stripe has of it: pure functions, no I/O, no clock.

They are given a record that was read before Stripe was. What has changed between the two is no difference: whoever asks
looks at both again, and believes what differs both times.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from reprise.schemas.reconciliations import Finding, FindingKind
from reprise.statemachine import editions
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.money import formatted
from reprise.statemachine.payments import Payment, PaymentStatus
from reprise.statemachine.standing import is_in_service
from reprise.stripe_api.facts import AccountAtStripe, CustomerFact, InvoiceFact, RefundFact, SubscriptionFact

LATE: Final = timedelta(hours=1)
"""How late a worker may be before access that has ended and goes on is told."""

UNREGISTERED: Final = timedelta(days=1)
"""How long an account may be without a customer at Stripe."""


def of_account(account: Account, at_stripe: AccountAtStripe, now: datetime) -> list[Finding]:
    """Return what differs between an account and what Stripe has of it.

    Args:
        account: Its record.
        at_stripe: Its customer and the customer's invoices, as they stood after the record was read.
        now: The account's own time, in UTC.
    """
    return [
        *of_invoices(account, at_stripe.invoices),
        *_of_customer(account, at_stripe, now),
        *_of_record(account, now),
    ]


def of_invoices(account: Account, invoices: tuple[InvoiceFact, ...]) -> Iterator[Finding]:
    """Find out about the invoices that bear an account's marks: money, open ones, doubles, sums (R8, R21, R22)."""
    ours = [each for each in invoices if (each.account_id, each.life) == (account.account_id, account.life)]
    for invoice in invoices:
        if invoice not in ours and invoice.account_id == account.account_id and invoice.status != "void":
            yield _found(FindingKind.UNKNOWN_ACCOUNT, account, invoice, "is of an earlier life of this account's id")
    for invoice in ours:
        if invoice.is_paid and _is_news(account, invoice):
            yield _found(FindingKind.UNKNOWN_PAYMENT, account, invoice, "is paid, and the account does not know it")
        if invoice.is_unpaid and not _is_awaited(account, invoice):
            yield _found(FindingKind.OPEN_INVOICE, account, invoice, f"is {invoice.status}, and nobody waits for it")
        if _is_of_other_sum(account.payment, invoice):
            assert account.payment is not None, "a sum is another than some payment's"
            quote = account.payment.quote
            wanted = f"comes to that instead of {formatted(quote.amount_due, quote.currency)}"
            yield _found(FindingKind.AMOUNT_DIFFERS, account, invoice, wanted)
    standing = [each for each in ours if each.status != "void"]
    for key in sorted({each.payment_key for each in standing}):
        of_key = [each for each in standing if each.payment_key == key]
        if len(of_key) > 1:
            others = " and ".join(each.invoice_id for each in of_key[1:])
            yield _found(FindingKind.DUPLICATE_INVOICE, account, of_key[0], f"is of the same payment as {others}")
    yield from _missing(account, ours)


def _is_news(account: Account, invoice: InvoiceFact) -> bool:
    """Say whether the account does not know of a paid invoice (R22). An attempt under way finds it by itself."""
    if account.edition < editions.SECOND or invoice.number < account.known_from:
        return False
    under_way = account.is_collecting and account.payment is not None and account.payment.key == invoice.payment_key
    return invoice.payment_key not in account.paid_keys and not under_way


def _is_awaited(account: Account, invoice: InvoiceFact) -> bool:
    """Say whether an account goes on with an unpaid invoice: its payment's, or one whose void is owed or under way."""
    payment = account.payment
    if account.is_collecting or any(each.payment_key == invoice.payment_key for each in account.voids_owed):
        return True
    if payment is None or payment.key != invoice.payment_key:
        return False
    return payment.status.is_open or payment.next_attempt_at is not None or account.state is AccountState.PAST_DUE


def _is_of_other_sum(payment: Payment | None, invoice: InvoiceFact) -> bool:
    if payment is None or payment.key != invoice.payment_key or invoice.status in {"draft", "void"}:
        return False
    return (invoice.total, invoice.currency) != (payment.quote.amount_due, payment.quote.currency)


def _missing(account: Account, ours: list[InvoiceFact]) -> Iterator[Finding]:
    """Find payments that the account takes for paid, of which Stripe shows an invoice that is not (R8)."""
    payment = account.payment
    believed = set(account.paid_keys)
    if payment and payment.status is PaymentStatus.PAID:
        believed.add(payment.key)
    for key in sorted(believed):
        of_key = [each for each in ours if each.payment_key == key]
        if any(each.is_paid for each in of_key):
            continue
        latest = payment if payment and payment.key == key else None
        if of_key or (latest and latest.status is PaymentStatus.PAID and latest.invoice_id):
            quote = latest.quote if latest else None
            yield Finding(
                kind=FindingKind.MISSING_PAYMENT,
                account_id=account.account_id,
                subject=of_key[0].invoice_id if of_key else str(latest and latest.invoice_id),
                detail=(
                    f"The account takes payment {key} for paid; Stripe's invoice of it is"
                    f" {of_key[0].status if of_key else 'not there'}."
                ),
                payment_key=key,
                amount=of_key[0].total if of_key else quote and quote.amount_due,
                currency=of_key[0].currency if of_key else quote and quote.currency,
            )


def looked_at_beside(account: Account, since: datetime) -> tuple[str, ...]:
    """Return the invoices that are looked at wherever they stand: the latest payment's, which an earlier customer of
    the account may have paid (R23), if it began since then.
    """  # noqa: D205 - one thought
    payment = account.payment
    if payment is None or payment.invoice_id is None or payment.started_at < since:
        return ()
    return (payment.invoice_id,) if payment.status is PaymentStatus.PAID else ()


# ---------------------------------------------------------------------- the customer


def _of_customer(account: Account, at_stripe: AccountAtStripe, now: datetime) -> Iterator[Finding]:
    customer_id = account.customer_id
    if account.state is AccountState.CLOSED:
        return
    if customer_id is None:
        since = account.timeline[-1].at if account.timeline else account.opened_at
        if now - since > UNREGISTERED:
            detail = "The account has no customer at Stripe: registering it was refused, or never ended."
            yield _of(FindingKind.MISSING_CUSTOMER, account, account.account_id, detail)
    elif at_stripe.customer is None or at_stripe.customer.deleted:
        how = "has no such customer" if at_stripe.customer is None else "has it as deleted"
        detail = f"The account's customer is {customer_id}, and Stripe {how}."
        yield _of(FindingKind.MISSING_CUSTOMER, account, customer_id, detail)


def of_customer(customer: CustomerFact, account: Account | None) -> Iterator[Finding]:
    """Find out about a customer that bears an account's marks: there is to be one (R8)."""
    if account is None or customer.deleted or account.customer_id in {None, customer.customer_id}:
        return
    if (customer.account_id, customer.life) == (account.account_id, account.life):
        detail = f"Customer {customer.customer_id} bears this account's marks beside its own, {account.customer_id}."
        yield _of(FindingKind.DUPLICATE_CUSTOMER, account, customer.customer_id, detail)


def of_subscription(subscription: SubscriptionFact, account: Account | None) -> Iterator[Finding]:
    """Find out about a subscription of an account's customer: it charges beside the account (R25)."""
    if account is None or account.state is AccountState.CLOSED or not subscription.goes_on:
        return
    if subscription.customer.customer_id == account.customer_id:
        detail = f"Subscription {subscription.subscription_id} goes on at Stripe, and charges beside the account."
        yield _of(FindingKind.RUNNING_SUBSCRIPTION, account, subscription.subscription_id, detail)


# ---------------------------------------------------------------------- invoices of nobody, refunds


def of_stray_invoice(invoice: InvoiceFact, account: Account | None) -> Iterator[Finding]:
    """Find out about an invoice that no account's customer shows: of no account, or on a customer it had before."""
    if invoice.status == "void":
        return
    if account is not None:
        yield from of_invoices(account, (invoice,))
        return
    yield Finding(
        kind=FindingKind.UNKNOWN_ACCOUNT,
        account_id=invoice.account_id,
        subject=invoice.invoice_id,
        detail=f"Invoice {invoice.invoice_id} is {invoice.status}, and there is no account {invoice.account_id}.",
        payment_key=invoice.payment_key,
        amount=invoice.total,
        currency=invoice.currency,
    )


def of_refund(refund: RefundFact, account: Account | None) -> Iterator[Finding]:
    """Find out about a refund or dispute: its account tells it, with each status that it has (R24)."""
    invoice = refund.invoice
    if account is None or invoice is None or account.edition < editions.SECOND or account.state is AccountState.CLOSED:
        return
    if (invoice.account_id, invoice.life) != (account.account_id, account.life):
        return
    if f"{refund.object_id}:{refund.status}" not in account.refunds:
        yield Finding(
            kind=FindingKind.UNTOLD_REFUND,
            account_id=account.account_id,
            subject=refund.object_id,
            detail=f"A {refund.kind} of {formatted(refund.amount, refund.currency)} is {refund.status}, and not told.",
            payment_key=invoice.payment_key,
            amount=refund.amount,
            currency=refund.currency,
        )


# ---------------------------------------------------------------------- the record by itself


def _of_record(account: Account, now: datetime) -> Iterator[Finding]:
    for owed in account.voids_owed:
        detail = f"The void of payment {owed.payment_key} is owed since {owed.since.isoformat()}: Stripe refuses it."
        found = _of(FindingKind.VOID_OWED, account, owed.invoice_id or owed.payment_key, detail)
        yield found.model_copy(update={"payment_key": owed.payment_key})
    until = access_until(account)
    awaited = account.payment is not None and account.payment.status.is_open
    if is_in_service(account) and until is not None and until + LATE < now and not awaited:
        detail = f"The account is {account.state}, though its access ended at {until.isoformat()}."
        yield _of(FindingKind.OVERDUE_ACCESS, account, account.account_id, detail)


def stopped(account: Account, how: str) -> Iterator[Finding]:
    """Tell an account whose workflow was ended from outside: nothing renews it until it is restored (R27)."""
    if account.state is not AccountState.CLOSED:
        detail = f"The account is {account.state}, and its workflow was ended from outside ({how})."
        yield _of(FindingKind.STOPPED_ACCOUNT, account, account.account_id, detail)


# ---------------------------------------------------------------------- how it is said


def _of(kind: FindingKind, account: Account, subject: str, detail: str) -> Finding:
    return Finding(kind=kind, account_id=account.account_id, subject=subject, detail=detail)


def _found(kind: FindingKind, account: Account, invoice: InvoiceFact, what: str) -> Finding:
    return Finding(
        kind=kind,
        account_id=account.account_id,
        subject=invoice.invoice_id,
        detail=f"Invoice {invoice.invoice_id} over {formatted(invoice.total, invoice.currency)} {what}.",
        payment_key=invoice.payment_key,
        amount=invoice.total,
        currency=invoice.currency,
    )
