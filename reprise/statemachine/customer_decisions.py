"""What is done about the account's customer at Stripe, and about refunds and disputes (R1, R13, R23, R24, R26)."""

from datetime import datetime
from typing import Final

from reprise.statemachine.effects import EraseCustomer
from reprise.statemachine.invoice_decisions import InvoiceDecisions
from reprise.statemachine.outcomes import CustomerErased, CustomerRegistered, EmailChanged, RefundObserved
from reprise.statemachine.payments import OwedErasure
from reprise.statemachine.schedule import ERASURE_RETRY, ERASURE_TRIED_FOR
from reprise.statemachine.timeline import STRIPE, EntryType

REFUNDS_KEPT: Final = 50
"""How many refunds and disputes are known to be told."""


class CustomerDecisions(InvoiceDecisions):
    """What is done about an account's customer."""

    # ---------------------------------------------------------------- the customer at Stripe: R1, R23, R26

    def register(self, customer: CustomerRegistered) -> None:
        """Remember the Stripe customer; what Stripe would not take is told, not lost."""
        self.replace_customer(customer.customer_id)
        self._set(customer_id=customer.customer_id, first_payment_method=None)
        if customer.refused:
            self._note(EntryType.PAYMENT_METHOD_REFUSED, STRIPE, decline_code=customer.refused)
        if customer.email_refused:
            self._note(EntryType.EMAIL_REFUSED, STRIPE, reason=customer.email_refused)

    def note_not_registered(self, reason: str) -> None:
        """Stripe refused to register the customer; told once, and shown to operators (R8)."""
        if self.by_edition_2():
            self._note_once(EntryType.CUSTOMER_NOT_REGISTERED, STRIPE, reason)

    def replace_customer(self, customer_id: str | None, email_refused: str | None = None) -> None:
        """The customer was deleted at Stripe and registered anew: it has no payment method now (R23)."""
        if customer_id and self.account.customer_id and customer_id != self.account.customer_id:
            self._set(customer_id=customer_id)
            self._note(
                EntryType.CUSTOMER_REPLACED, STRIPE, reason=f"the customer was deleted at Stripe; now {customer_id}"
            )
            if email_refused:
                self._note(EntryType.EMAIL_REFUSED, STRIPE, reason=email_refused)

    def take_email(self, changed: EmailChanged) -> None:
        """Where Stripe has taken the new e-mail, it is the account's (R26)."""
        if changed.refused:
            return
        self._set(email=changed.email)
        self._note(EntryType.EMAIL_CHANGED, changed.asked_by)

    # ---------------------------------------------------------------- a closed account's customer: R13

    def erase_customer(self) -> None:
        """Take from the customer at Stripe what says who they are, if there is one."""
        if self.account.customer_id is not None:
            self.effects.append(EraseCustomer(customer_id=self.account.customer_id))

    def note_erased(self, erased: CustomerErased, now: datetime) -> None:
        """The customer is erased at Stripe; or Stripe refuses, which is told, and tried daily for a month."""
        owed = self.account.erasure_owed
        if erased.refused is None:
            self._set(erasure_owed=None)
            if owed is not None:
                self._note(EntryType.CUSTOMER_ERASED, STRIPE)
            return
        since = owed.since if owed else now
        if now - since >= ERASURE_TRIED_FOR:
            self._set(erasure_owed=None)
            reason = f"given up: erase the customer in Stripe's dashboard ({erased.refused})"
            self._note(EntryType.CUSTOMER_NOT_ERASED, STRIPE, reason=reason)
            return
        self._set(erasure_owed=OwedErasure(since=since, next_attempt_at=now + ERASURE_RETRY))
        if owed is None:
            self._note(EntryType.CUSTOMER_NOT_ERASED, STRIPE, reason=erased.refused)

    def erase_again(self, now: datetime) -> None:
        """Try an erasure that Stripe has refused."""
        if owed := self.account.erasure_owed:
            self._set(erasure_owed=owed.model_copy(update={"next_attempt_at": now + ERASURE_RETRY}))
            self.erase_customer()

    # ---------------------------------------------------------------- refunds and disputes: R24

    def owe_hold(self, reason: str | None) -> None:
        """Remember that a dispute holds the account, or, None, that none does any more (`on_dispute`)."""
        self._set(hold_owed=reason)

    def is_told(self, seen: RefundObserved) -> bool:
        """Whether a refund or dispute is known to be told, of the status that it has."""
        return _tag(seen) in self.account.refunds

    def note_refund(self, seen: RefundObserved) -> None:
        """Tell a refund or dispute made at Stripe."""
        self._set(refunds=(*self.account.refunds, _tag(seen))[-REFUNDS_KEPT:])
        reason = f"{seen.status}: {seen.reason}" if seen.reason else seen.status
        self._note(
            EntryType.REFUNDED if seen.kind == "refund" else EntryType.DISPUTED,
            STRIPE,
            amount=seen.amount,
            currency=seen.currency,
            payment_key=seen.payment_key,
            invoice_id=seen.invoice_id,
            reason=reason,
        )


def _tag(seen: RefundObserved) -> str:
    return f"{seen.object_id}:{seen.status}"
