"""What the chart's transitions do about payments: collecting them, and how that turned out (R5-R12, R21, R22).

Actions of the chart, called by name, and what is noted beside it. They never choose a state.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, assert_never

from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.customer_decisions import CustomerDecisions
from reprise.statemachine.declines import AUTHENTICATION_REQUIRED, DO_NOT_RETRY, HARD_DECLINES, OwnDeclineCode
from reprise.statemachine.effects import Collect, VoidInvoice
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    Declined,
    Invoice,
    NoPaymentMethod,
    NotKnown,
    Paid,
    PaymentOutcome,
    Processing,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.payments import (
    Payment,
    PaymentPurpose,
    PaymentStatus,
    payment_key,
)
from reprise.statemachine.quotes import Debt, Quote, QuoteLine
from reprise.statemachine.recording import parts_of
from reprise.statemachine.schedule import (
    AUTHENTICATION_LIMIT,
    STOPPED_RETRY,
    next_clearing_poll,
    next_poll,
    next_retry,
    retry_instants,
)
from reprise.statemachine.terms import Term, nth_term
from reprise.statemachine.timeline import STRIPE, TIMER, Actor, EntryType

PAID_KEYS_KEPT: Final = 40
"""How many payments are known to be paid by name: twice a page of Stripe's newest invoices."""

AT_ONCE: Final = timedelta(minutes=1)
"""A payment that is known so soon buys the very term that was quoted and stands on the invoice, to the second (R7);
one that is known later buys a month from when service starts (R6)."""


class PaymentDecisions(CustomerDecisions):
    """What is done about an account's payments."""

    # ---------------------------------------------------------------- collecting: R5, R6, R8

    def _collect_new(self, purpose: PaymentPurpose, quote: Quote, asked_by: Actor, now: datetime) -> None:
        n = self.account.payment_count + 1
        payment = Payment(
            key=payment_key(self.account.account_id, n),
            purpose=purpose,
            quote=quote,
            asked_by=asked_by,
            status=PaymentStatus.COLLECTING,
            attempt=1,
            started_at=now,
            attempted_at=now,
        )
        self._set(payment=payment, payment_count=n)
        self.effects.append(Collect(payment=payment))

    def collect_again(self, now: datetime) -> None:
        """Make a new attempt on the same invoice: with a new idempotency key, since the last was answered (R8)."""
        self._set_payment(
            status=PaymentStatus.COLLECTING,
            attempt=self._payment.attempt + 1,
            next_attempt_at=None,
            attempted_at=now,
        )
        self.effects.append(Collect(payment=self._payment))

    def ask_again(self, outcome: NotKnown, now: datetime) -> None:
        """Ask for an outcome that is overdue: the same attempt, with the same idempotency key (R8)."""
        if self._payment.not_known_since is None:
            self._note_payment(EntryType.PAYMENT_NOT_KNOWN, STRIPE, reason=outcome.reason)
        self._set_payment(attempted_at=now, not_known_since=self._payment.not_known_since or now)
        self.effects.append(Collect(payment=self._payment))

    def set_aside(self, found: Invoice) -> None:
        """An earlier payment does not renew the account: it is to be refunded, and the attempt goes on (R22)."""
        self.note_refund_due(found)
        self.effects.append(Collect(payment=self._payment))

    def adopt(self, found: Invoice) -> None:
        """Take an earlier payment up instead of beginning another beside it (R21, R22)."""
        payment = self._payment
        if payment.invoice_id is not None:
            self.effects.append(VoidInvoice(payment_key=payment.key, invoice_id=payment.invoice_id))
        term = found.period if found.period and payment.purpose is not PaymentPurpose.RENEWAL else payment.quote.term
        unit_amount = found.amount if found.unit_amount is None else found.unit_amount
        line = QuoteLine(
            description="An earlier payment",
            quantity=found.quantity or 1,
            unit_amount=unit_amount,
            amount=found.amount,
            period=found.period or term,
        )
        quote = payment.quote.model_copy(
            update={
                "amount_due": found.amount,
                "currency": found.currency,
                "carts": found.quantity or payment.quote.carts,
                "unit_amount": unit_amount,
                "term": term,
                "lines": (line,),
            }
        )
        self._set_payment(key=found.payment_key, invoice_id=found.invoice_id, quote=quote, payment_method=None)

    # ---------------------------------------------------------------- paid

    def enter_paid_term(self, outcome: Paid, now: datetime) -> None:
        payment = self._payment
        self._take_over_term(payment, now)
        self._settle_payment()
        parts = parts_of(payment.quote.amount_due, outcome.charged)
        self._note_payment(_told_when_paid(payment.purpose), payment.asked_by, term=self._term, **parts)

    def keep_paid_term(self, outcome: Paid, now: datetime) -> None:
        """The payer was faster than the void: the term is theirs, and coming back within it is free (R6, R22)."""
        if self.by_edition_2():
            self._give_term_from(now)
            self._strike_debts({line.period for line in self._payment.quote.lines})
        else:
            self._take_over_term(self._payment, now)
        self._settle_payment()
        parts = parts_of(self._payment.quote.amount_due, outcome.charged)
        self._note_payment(EntryType.PAYMENT_RECEIVED, STRIPE, term=self._term, **parts)

    def _settle_payment(self) -> None:
        self._set_payment(
            status=PaymentStatus.PAID,
            decline_code=None,
            action_url=None,
            next_attempt_at=None,
            expires_at=None,
            stopped_since=None,
            not_known_since=None,
            processing_since=None,
        )
        self._know_as_paid(self._payment.key)

    def _know_as_paid(self, key: str) -> None:
        self._set(paid_keys=(*self.account.paid_keys, key)[-PAID_KEYS_KEPT:])
        self._forget_owed_void(key)

    def _take_over_term(self, payment: Payment, now: datetime) -> None:
        """Give the account the term that it paid for, from the moment when service starts (R2, R6)."""
        term = payment.quote.term
        if payment.purpose is PaymentPurpose.RENEWAL:
            self._set(term=term, term_index=self.account.term_index + 1)
        elif self.by_edition_2():
            late = now - term.start > AT_ONCE
            self._give_term_from(now if late else min(term.start, now))
        else:
            self._set(term=term, term_index=0, anchor=term.start)
        self._strike_debts({line.period for line in payment.quote.lines})

    def _give_term_from(self, now: datetime) -> None:
        """Give an account out of service a month: from now, or by its anchor after what is still paid (R2, R22)."""
        anchor, zone = self.account.anchor, self.account.timezone
        if self.term_is_over(now):
            self._set(term=nth_term(now, 0, zone), term_index=0, anchor=now)
        else:
            assert anchor is not None, "an account that has a term has one"
            n = self.account.term_index + 1
            self._set(term=Term(start=self._term.start, end=nth_term(anchor, n, zone).end), term_index=n)

    def _strike_debts(self, paid: Collection[Term | None]) -> None:
        self._set_debts(tuple(debt for debt in self.account.debts if debt.term not in paid))

    def _set_debts(self, debts: tuple[Debt, ...]) -> None:
        self._set(debt=debts[0] if debts else None, further_debts=debts[1:])

    # ---------------------------------------------------------------- money that nobody waited for: R22

    def renew_with(self, found: Invoice) -> None:
        """An earlier invoice for the same term was paid: it renews the account, and the open one is voided."""
        self._set(term=self._payment.quote.term, term_index=self.account.term_index + 1)
        self._strike_debts({self._term})
        self.cancel_payment()
        self._know_as_paid(found.payment_key)
        self._note_invoice(EntryType.RENEWED, STRIPE, found, term=self._term)

    def keep_money(self, found: Invoice, now: datetime) -> None:
        """An invoice was paid while the account is out of service: the month is the account's (R22)."""
        self._give_term_from(now)
        self._strike_debts({found.period})
        self._know_as_paid(found.payment_key)
        self._note_invoice(EntryType.PAYMENT_RECEIVED, STRIPE, found, term=self._term)

    def note_refund_due(self, found: Invoice) -> None:
        """An invoice was paid that buys nothing any more: operators must see it, to give the money back."""
        self._know_as_paid(found.payment_key)
        self._note_invoice(EntryType.PAYMENT_RECEIVED, STRIPE, found, reason=self._why_refund())

    def note_late_payment(self, charged: int | None) -> None:
        """The latest payment was paid after all, and buys nothing any more: as `note_refund_due`."""
        self._settle_payment()
        parts = parts_of(self._payment.quote.amount_due, charged)
        self._note_payment(EntryType.PAYMENT_RECEIVED, STRIPE, reason=self._why_refund(), **parts)

    def _why_refund(self) -> str:
        match self.account.state:
            case AccountState.CLOSED:
                return "the account is closed: refund it"
            case AccountState.PAST_DUE:
                return "the account is past due for another term: refund it"
            case _:
                return "the account is in service, and its term is paid: refund it"

    # ---------------------------------------------------------------- not paid

    def await_clearing(self, outcome: Processing, now: datetime) -> None:
        """The payment takes days to clear (R21): it is polled until it has."""
        payment = self._payment
        began = payment.processing_since is None
        self._set_payment(
            status=PaymentStatus.PROCESSING,
            invoice_id=outcome.invoice_id or payment.invoice_id,
            payment_method=outcome.payment_method or payment.payment_method,
            decline_code=None,
            action_url=None,
            expires_at=None,
            do_not_retry=False,
            stopped_since=None,
            not_known_since=None,
            processing_since=payment.processing_since or now,
        )
        self._set_payment(next_attempt_at=next_clearing_poll(self._payment, now))
        self._forget_owed_void(payment.key)
        if began:
            self._note_payment(EntryType.PAYMENT_PROCESSING, STRIPE)

    def retry_later(self, outcome: PaymentOutcome, now: datetime) -> None:
        self._set_outcome(outcome, now)
        if next_retry(self.account.policy, self._payment, now) is None:
            self._set_payment(retries_from=now)  # Stripe was away for all of the retries: they cost the payer nothing
        retries = retry_instants(self.account.policy, self._payment)
        last = self._payment.do_not_retry
        self._set_payment(next_attempt_at=retries[-1] if last else next(at for at in retries if at > now))
        if self.account.state is not AccountState.PAST_DUE:
            self._note_payment(EntryType.PAST_DUE, STRIPE, decline_code=code_of(outcome))
        else:
            self._note_failure(outcome)

    def retry_after_mend(self, outcome: Stopped, now: datetime) -> None:
        told = self._payment.stopped_since is not None
        self._set_outcome(outcome, now)
        self._set_payment(next_attempt_at=now + STOPPED_RETRY)
        if not told:
            self._note_failure(outcome)

    def fail_renewal(self, outcome: PaymentOutcome, now: datetime) -> None:
        self._set_outcome(outcome, now)
        self._note_failure(outcome)
        self.end_past_due()

    def end_past_due(self) -> None:
        """The last retry is over: out of service, and the invoice can be paid no more (R9)."""
        self._set_payment(action_url=None)
        self._keep_debt()
        self._set(disabled_reason=DisabledReason.PAYMENT_FAILED)
        self._note(EntryType.DISABLED, TIMER, reason=DisabledReason.PAYMENT_FAILED)
        self.void_invoice()

    def _keep_debt(self) -> None:
        """Under `debt: collect`, remember what a renewal left unpaid (R12)."""
        payment = self._payment
        if self.account.policy.debt != "collect" or payment.purpose is not PaymentPurpose.RENEWAL:
            return
        quote = payment.quote
        debt = Debt(amount=quote.amount_due, currency=quote.currency, term=quote.term)
        if not self.by_edition_2():
            self._set_debts((debt,))
        else:
            self._set_debts(tuple(dict.fromkeys((*self.account.debts, debt))))  # owed once

    def stay_out(self, outcome: PaymentOutcome, now: datetime) -> None:
        """A declined upfront payment leaves no invoice behind that could be paid later by surprise (R6, R12).

        A first payment that stopped for our fault is tried again by itself, hourly: nobody presses a button (R1).
        """
        told = self._payment.stopped_since is not None and isinstance(outcome, Stopped)
        self._set_outcome(outcome, now)
        self._set_payment(expires_at=None)
        first = self._payment.purpose is PaymentPurpose.FIRST
        if first:
            self._set(disabled_reason=self._disabled_reason_after_first())
        if not told:
            self._note_failure(outcome)
        again = first and isinstance(outcome, Stopped) and self.by_edition_2() and not self._payment.abandoned
        if again and self.may_still_be_mended(now):
            self._set_payment(next_attempt_at=now + STOPPED_RETRY)
        else:
            self.void_invoice()

    def _disabled_reason_after_first(self) -> DisabledReason:
        held = self.account.disabled_reason is DisabledReason.OPERATOR
        return DisabledReason.OPERATOR if held else DisabledReason.FIRST_PAYMENT_FAILED

    def await_authentication(self, outcome: RequiresAction, now: datetime) -> None:
        self._set_outcome(outcome, now)
        started = self._payment.attempted_at if self.by_edition_2() else self._payment.started_at
        self._set_payment(expires_at=(started or self._payment.started_at) + AUTHENTICATION_LIMIT)
        self._set_payment(next_attempt_at=next_poll(self._payment, now))
        self._note_failure(outcome)

    def expire(self) -> None:
        """The payer did not authenticate in time, or the invoice is gone: the payment counts as declined (R10)."""
        self._end_authentication(AUTHENTICATION_REQUIRED, TIMER)

    def lose_invoice(self) -> None:
        """Somebody voided or deleted the invoice at Stripe: there is nothing left to authenticate (R8)."""
        self._end_authentication(OwnDeclineCode.INVOICE_VOIDED, STRIPE)

    def _end_authentication(self, code: str, actor: Actor) -> None:
        self._set_payment(
            status=PaymentStatus.DECLINED,
            decline_code=code,
            action_url=None,
            next_attempt_at=None,
            expires_at=None,
        )
        if self._payment.purpose is PaymentPurpose.FIRST:
            self._set(disabled_reason=self._disabled_reason_after_first())
        self._note_payment(EntryType.PAYMENT_DECLINED, actor, decline_code=code)

    def lose_renewal_invoice(self) -> None:
        """The invoice of a past-due renewal is gone: the next try makes a new one of the same key (R8)."""
        self._set_payment(status=PaymentStatus.DECLINED, decline_code=OwnDeclineCode.INVOICE_VOIDED, action_url=None)
        self._note_payment(EntryType.PAYMENT_DECLINED, STRIPE, decline_code=OwnDeclineCode.INVOICE_VOIDED)

    def _set_outcome(self, outcome: PaymentOutcome, now: datetime) -> None:
        needs_action = isinstance(outcome, RequiresAction)
        stopped = isinstance(outcome, Stopped)
        second = self.by_edition_2()
        self._set_payment(
            status=PaymentStatus.REQUIRES_ACTION if needs_action else PaymentStatus.DECLINED,
            invoice_id=outcome.invoice_id or self._payment.invoice_id,
            payment_method=outcome.payment_method or (self._payment.payment_method if second else None),
            decline_code=code_of(outcome),
            action_url=outcome.url if isinstance(outcome, RequiresAction) else None,
            do_not_retry=second and _cannot_get_better(outcome),
            stopped_since=(self._payment.stopped_since or now) if stopped and second else None,
            not_known_since=None,
            processing_since=None,
        )

    def _note_failure(self, outcome: PaymentOutcome) -> None:
        match outcome:
            case RequiresAction():
                self._note_payment(EntryType.PAYMENT_REQUIRES_ACTION, STRIPE)
            case Stopped():
                self._note_payment(EntryType.PAYMENT_STOPPED, STRIPE, reason=outcome.reason)
            case _:
                self._note_payment(EntryType.PAYMENT_DECLINED, STRIPE, decline_code=code_of(outcome))


def _told_when_paid(purpose: PaymentPurpose) -> EntryType:
    match purpose:
        case PaymentPurpose.FIRST:
            return EntryType.ACTIVATED
        case PaymentPurpose.REACTIVATION:
            return EntryType.REACTIVATED
        case PaymentPurpose.RENEWAL:
            return EntryType.RENEWED
        case _:
            assert_never(purpose)


def _cannot_get_better(outcome: PaymentOutcome) -> bool:
    """Say whether asking the same card again is of no use: the bank's advice, else its code (R9)."""
    if not isinstance(outcome, Declined):
        return False
    if outcome.advice is not None:
        return outcome.advice in DO_NOT_RETRY
    return outcome.code in HARD_DECLINES


def code_of(outcome: PaymentOutcome) -> str | None:
    """Return the decline code that an outcome leaves with the payment; ours where Stripe has none."""
    match outcome:
        case Declined():
            return outcome.code
        case NoPaymentMethod() | CustomerDeleted():
            return OwnDeclineCode.NO_PAYMENT_METHOD
        case Stopped():
            return OwnDeclineCode.PAYMENT_STOPPED
        case _:
            return None
