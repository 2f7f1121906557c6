"""What outcomes become: which event of the chart follows from how something done in the world turned out (R8, R22)."""

from datetime import datetime, timedelta
from typing import Any

from reprise.statemachine import editions
from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import Disable
from reprise.statemachine.declines import GENERIC_DECLINE, OwnDeclineCode
from reprise.statemachine.driving import Driver, Effects
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    Declined,
    EarlierPayment,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    NotKnown,
    Paid,
    PaymentMethodChanged,
    PaymentOutcome,
    Processing,
    RefundObserved,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.payments import Payment, PaymentStatus
from reprise.statemachine.schedule import retry_instants
from reprise.statemachine.timeline import STRIPE


class OutcomeEvents(Driver):
    """Takes answers of Stripe: late, twice, or about another payment than the latest, they may change nothing."""

    def _take_outcome(self, event: PaymentOutcome, now: datetime) -> Effects:
        """Take how an attempt turned out; one that is not under way can still turn out to be paid, or clearing."""
        payment = self.account.payment
        if payment is None or event.payment_key != payment.key or payment.status is PaymentStatus.PAID:
            return ()
        match event:
            case Paid() if self._is_closed or self.model.payment_buys_nothing():
                return self._note(now, lambda: self.model.note_late_payment(event.charged))
            case Paid():
                self.model.remember_invoice(event.invoice_id, event.payment_method)
                return self._happen("payment_paid", now, outcome=event)
            case Processing() if self.model.payment_buys_nothing():
                return ()  # its void stays owed, until it is known
            case Processing():
                return self._if_allowed("payment_processing", now, outcome=event)
            case _ if not self.account.is_collecting and payment.status is not PaymentStatus.PROCESSING:
                return ()
            case CustomerDeleted():
                replaced = self._replace_customer(event, now)
                return replaced + self._happen("payment_declined", now, outcome=event)
            case Declined() | NoPaymentMethod():
                return self._happen("payment_declined", now, outcome=event)
            case RequiresAction():
                return self._happen("payment_needs_action", now, outcome=event)
            case Stopped():
                return self._happen("payment_stopped", now, outcome=event)
            case NotKnown() if self.account.is_collecting:
                return self._note(now, lambda: self.model.ask_again(event, now))
            case EarlierPayment():
                return self._take_earlier(event.found, now)
            case _:
                return ()

    def _take_earlier(self, found: Invoice, now: datetime) -> Effects:
        """Settle an earlier payment that is paid or clearing instead of beginning another (R22)."""
        if found.state is InvoiceState.PAID and self.model.is_for_another_term(found):
            return self._note(now, lambda: self.model.set_aside(found))
        adopted = self._note(now, lambda: self.model.adopt(found))
        if found.state is InvoiceState.PAID:
            return adopted + self._take_outcome(Paid(payment_key=found.payment_key, charged=found.charged), now)
        return adopted + self._take_outcome(Processing(payment_key=found.payment_key), now)

    def _take_observed(self, event: InvoiceObserved, now: datetime) -> Effects:
        """Take what was found at Stripe (R15, R21, R22)."""
        effects: Effects = ()
        if not self._is_closed:
            effects += self._replace_customer(event, now)
        if event.invoice is InvoiceState.PAID:
            return effects + self._take_invoice(event, now) + self._take_all_found(event.found, now)
        # What may begin an attempt comes last: nothing is collected beside money that has come.
        return effects + self._take_all_found(event.found, now) + self._take_invoice(event, now)

    def _take_invoice(self, event: InvoiceObserved, now: datetime) -> Effects:
        payment = self.account.payment
        if payment is None or event.payment_key != payment.key or payment.status is PaymentStatus.PAID:
            return ()
        known: dict[str, Any] = {"payment_key": payment.key, "invoice_id": event.invoice_id}
        second = self.account.edition >= editions.SECOND
        clearing = payment.status is PaymentStatus.PROCESSING
        match event.invoice:
            case InvoiceState.PAID:
                return self._take_outcome(Paid(**known, charged=event.charged), now)
            case InvoiceState.PROCESSING if not clearing:
                return self._take_outcome(Processing(**known), now)
            case InvoiceState.OPEN if clearing:
                failed = Declined(**known, code=event.decline_code or GENERIC_DECLINE, advice=event.advice)
                return self._take_outcome(failed, now)
            case InvoiceState.VOID | InvoiceState.MISSING if clearing:
                return self._take_outcome(Declined(**known, code=OwnDeclineCode.INVOICE_VOIDED), now)
            case InvoiceState.VOID | InvoiceState.MISSING if second and payment.action_url:
                return self._if_allowed("invoice_lost", now) + self._take_method(event, now)
        return self._take_method(event, now)

    def _take_method(self, event: InvoiceObserved, now: datetime) -> Effects:
        """Try a payment method that is there since the last attempt (R9), or see that there is none."""
        payment, second = self.account.payment, self.account.edition >= editions.SECOND
        assert payment is not None, "a payment was retrieved"
        if self._is_closed:
            return ()
        if payment.stopped_since and payment.payment_method is None:
            # It never came to asking a card: that there is one is no news, and no reason for another attempt.
            self.model.remember_invoice(None, event.payment_method)
            return ()
        new_method = event.payment_method and event.payment_method != payment.payment_method
        if new_method and event.invoice in {InvoiceState.OPEN, InvoiceState.VOID, InvoiceState.MISSING}:
            replaceable = event.invoice is InvoiceState.OPEN or second
            return self._if_allowed("payment_method_replaced", now) if replaceable else ()
        return self._give_up_if_over(payment, event, now)

    def _give_up_if_over(self, payment: Payment, event: InvoiceObserved, now: datetime) -> Effects:
        """End a past-due renewal whose card is not asked again, once its last retry is over (R9)."""
        past_due = self.account.state is AccountState.PAST_DUE
        if self.account.is_collecting or not (past_due and payment.do_not_retry):
            return ()
        last = retry_instants(self.account.policy, payment)[-1]
        unknown = event.invoice is InvoiceState.UNKNOWN
        limit = last + timedelta(days=self.account.policy.stopped_days) if unknown else last
        return self._happen("retries_ended", now) if now >= limit else ()

    def _take_all_found(self, found: tuple[Invoice, ...], now: datetime) -> Effects:
        effects: Effects = ()
        for each in found:
            effects += self._take_found(each, now)
        return effects

    def _take_found(self, found: Invoice, now: datetime) -> Effects:
        account = self.account
        if found.state is not InvoiceState.PAID or found.payment_key in account.paid_keys:
            return ()
        if account.payment and found.payment_key == account.payment.key:
            paid = Paid(payment_key=found.payment_key, invoice_id=found.invoice_id, charged=found.charged)
            return self._take_outcome(paid, now)
        if self._is_closed:
            return self._note(now, lambda: self.model.note_refund_due(found))
        return self._happen("money_received", now, found=found)

    def _take_void(self, event: InvoiceVoided, now: datetime) -> Effects:
        """Take how a void turned out; one that Stripe refused stays owed (R8)."""
        payment = self.account.payment
        current = payment is not None and event.payment_key == payment.key
        if self.account.edition >= editions.SECOND:
            if event.payment_key in self.account.paid_keys:
                return ()
            awaited = current and not self._is_closed and not self.model.payment_buys_nothing()
            clearing = event.invoice is InvoiceState.PROCESSING and awaited
            if event.invoice in {InvoiceState.OPEN, InvoiceState.UNKNOWN, InvoiceState.PROCESSING} and not clearing:
                owed = self._note(now, lambda: self.model.owe_void(event, now))
                return owed + self._expire_if_awaited(now, current=current)
            if event.invoice in {InvoiceState.VOID, InvoiceState.MISSING}:
                done = self._note(now, lambda: self.model.void_is_done(event.payment_key))
                return done + self._expire_if_awaited(now, current=current)
            if not current:
                return self._take_found(event.found, now) if event.found else ()
        known: dict[str, Any] = {"payment_key": event.payment_key, "invoice_id": event.invoice_id}
        if event.invoice is InvoiceState.PAID:
            charged = event.found.charged if event.found else None
            return self._take_outcome(Paid(**known, charged=charged), now)
        if event.invoice is InvoiceState.PROCESSING:
            return self._take_outcome(Processing(**known), now)
        return self._expire_if_awaited(now, current=current)

    def _expire_if_awaited(self, now: datetime, *, current: bool) -> Effects:
        awaited = current and self.model.awaiting_authentication()
        return self._if_allowed("authentication_expired", now) if awaited else ()

    def _take_payment_method(self, event: PaymentMethodChanged, now: datetime) -> Effects:
        effects = self._replace_customer(event, now) + self._take_all_found(event.found, now)
        if event.refused:
            return effects
        effects += self._note(now, lambda: self.model.note_payment_method(event.asked_by))
        return effects + self._if_allowed("payment_method_replaced", now)

    def _take_email(self, event: EmailChanged, now: datetime) -> Effects:
        effects = self._replace_customer(event, now) + self._take_all_found(event.found, now)
        return effects + self._note(now, lambda: self.model.take_email(event))

    def _replace_customer(
        self, event: CustomerDeleted | InvoiceObserved | PaymentMethodChanged | EmailChanged, now: datetime
    ) -> Effects:
        return self._note(now, lambda: self.model.replace_customer(event.customer_id, event.email_refused))

    def _take_refund(self, event: RefundObserved, now: datetime) -> Effects:
        """Tell a refund or dispute; by policy, a dispute that is open holds the account like an operator (R24)."""
        if not event.ours or self.model.is_told(event):
            return ()
        told = self._note(now, lambda: self.model.note_refund(event))
        if event.kind != "dispute" or self.account.policy.on_dispute != "disable":
            return told
        is_open = (event.status or "").endswith(("needs_response", "under_review"))
        reason = f"disputed: {event.reason or 'no reason given'}" if is_open else None
        return told + self._note(now, lambda: self.model.owe_hold(reason))

    def _hold_if_owed(self, now: datetime) -> Effects:
        """Hold the account for a dispute, once no payment is under way any more (R14, R24)."""
        reason = self.account.hold_owed
        if reason is None or self.model.payment_under_way():
            return ()
        self._note(now, lambda: self.model.owe_hold(None))
        return self._if_allowed("disable", now, command=Disable(actor=STRIPE, reason=reason))
