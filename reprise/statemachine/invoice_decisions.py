"""What is done about invoices that are open: retrieving them, and voiding them until it is done (R3, R8, R14, R22)."""

from datetime import datetime

from reprise.statemachine.account import DisabledReason
from reprise.statemachine.commands import Cancel
from reprise.statemachine.declines import OwnDeclineCode
from reprise.statemachine.effects import RetrieveInvoice, VoidInvoice
from reprise.statemachine.outcomes import InvoiceVoided
from reprise.statemachine.payments import OwedVoid, PaymentPurpose, PaymentStatus
from reprise.statemachine.recording import Recording
from reprise.statemachine.schedule import STOPPED_RETRY, next_clearing_poll, next_poll, next_void_try
from reprise.statemachine.timeline import STRIPE, EntryType


class InvoiceDecisions(Recording):
    """What is done about an account's open invoices."""

    def remember_invoice(self, invoice_id: str | None, payment_method: str | None) -> None:
        """Remember what Stripe calls the payment, before its outcome is acted on."""
        payment = self._payment
        self._set_payment(
            invoice_id=invoice_id or payment.invoice_id,
            payment_method=payment_method or payment.payment_method,
        )

    # ---------------------------------------------------------------- retrieving

    def retrieve_invoice(self, now: datetime) -> None:
        payment = self._payment
        if self.payment_is_processing():
            self._set_payment(next_attempt_at=next_clearing_poll(payment, now))
        elif payment.expires_at:
            self._set_payment(next_attempt_at=next_poll(payment, now))
        self.effects.append(RetrieveInvoice(payment_key=payment.key, invoice_id=payment.invoice_id))

    def wait_for_another_card(self, now: datetime) -> None:
        """The last retry's instant, with a card that is not asked again: see whether there is another by now (R9)."""
        self._set_payment(next_attempt_at=now + STOPPED_RETRY)
        self.retrieve_invoice(now)

    def retrieve_invoices(self) -> None:
        """Look at the account's invoices in general (R22)."""
        payment = self.account.payment
        key, invoice = (payment.key, payment.invoice_id) if payment else (None, None)
        self.effects.append(RetrieveInvoice(payment_key=key, invoice_id=invoice))

    # ---------------------------------------------------------------- voiding: R3, R8, R14

    def cancel_open_payment(self, command: Cancel | None = None) -> None:
        """Void what is open, so that it can neither be paid nor tried again (R3, R14)."""
        if self._open_payment() is None:
            return
        if command is not None:
            self._note_payment(EntryType.PAYMENT_CANCELLED, command.actor)
        if self._payment.purpose is PaymentPurpose.FIRST:
            self._set(disabled_reason=DisabledReason.FIRST_PAYMENT_FAILED)
        self.cancel_payment()

    def cancel_payment(self) -> None:
        """End the payment that is open, and void its invoice."""
        self._set_payment(
            abandoned=True,
            status=PaymentStatus.DECLINED,
            decline_code=OwnDeclineCode.CANCELLED,
            action_url=None,
            expires_at=None,
        )
        self.void_invoice()

    def void_invoice(self) -> None:
        payment = self._payment
        self._set_payment(next_attempt_at=None)
        if self.by_edition_2() and self.account.customer_id is None:
            return  # nothing was ever made at Stripe
        self.effects.append(VoidInvoice(payment_key=payment.key, invoice_id=payment.invoice_id))

    def owe_void(self, voided: InvoiceVoided, now: datetime) -> None:
        """Remember a void that Stripe refused: it is tried until it is done (R8)."""
        owed = next((each for each in self.account.voids_owed if each.payment_key == voided.payment_key), None)
        since = owed.since if owed else now
        if owed is None:
            self._note(
                EntryType.VOID_OWED,
                STRIPE,
                payment_key=voided.payment_key,
                invoice_id=voided.invoice_id,
                reason=voided.reason or f"the invoice is {voided.invoice}",
            )
        self._forget_owed_void(voided.payment_key)
        self._set(
            voids_owed=(
                *self.account.voids_owed,
                OwedVoid(
                    payment_key=voided.payment_key,
                    invoice_id=voided.invoice_id,
                    since=since,
                    next_attempt_at=next_void_try(since, now),
                ),
            )
        )

    def void_what_is_owed(self, now: datetime) -> None:
        """Try each void that is due."""
        for owed in self.account.voids_owed:
            if owed.next_attempt_at <= now:
                self.effects.append(VoidInvoice(payment_key=owed.payment_key, invoice_id=owed.invoice_id))
        self._set(
            voids_owed=tuple(
                each.model_copy(update={"next_attempt_at": next_void_try(each.since, now)})
                if each.next_attempt_at <= now
                else each
                for each in self.account.voids_owed
            )
        )

    def _forget_owed_void(self, key: str) -> None:
        self._set(voids_owed=tuple(each for each in self.account.voids_owed if each.payment_key != key))

    def void_is_done(self, key: str) -> None:
        """A void that was owed is done."""
        if self.void_is_owed(key):
            self._forget_owed_void(key)
            self._note(EntryType.PAYMENT_VOIDED, STRIPE, payment_key=key)
