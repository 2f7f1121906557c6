"""What happens to an account by itself, and what Stripe answers: its deadlines and outcomes, rule by rule."""

from datetime import datetime

from tests.reference import rules
from tests.reference.months import term_of
from tests.reference.standing import Ask, Quote, Standing


class Happenings(Standing):
    """What an account does on its own, and on Stripe's word."""

    # ------------------------------------------------------------------ what happens by itself

    def happen_until(self, now: datetime) -> list[Ask]:
        """Let all that is due by `now` happen, in its order."""
        asks: list[Ask] = []
        while self.due and self.due[1] <= now:
            asks += self.end_term(now) if self.due[0] == "term_ended" else self.act_on_payment(now)
        return asks

    def end_term(self, now: datetime) -> list[Ask]:
        """R5."""
        if self.state == "cancelled":
            self._leave_service("cancelled")
            self._tell("disabled", "timer", now, term=self.term)
            return []
        assert self.anchor is not None
        term = term_of(self.anchor, self.term_number + 1, self.zone)
        amount = rules.amount_of(self.carts, self.unit_amount)
        if amount:
            quote = Quote(amount, self.currency, self.carts, self.unit_amount, term)
            return [self._collect("renewal", quote, "timer", now)]
        self.state, self.term, self.term_number = "active", term, self.term_number + 1
        self._tell("renewed", "timer", now, amount=0, term=term)
        return []

    def act_on_payment(self, now: datetime) -> list[Ask]:
        """R9: a retry; R10: a look, and after 23 hours the end of waiting."""
        assert self.payment is not None
        if self.state == "past_due":
            return self._try_again()
        if self.payment.expires and now >= self.payment.expires:
            return self._void()
        return self._look(now)

    def hint(self, now: datetime) -> list[Ask]:
        """R15: never believed, a reason to look where there is anything to see."""
        return self._look(now) if self._waits_for_money else []

    # ------------------------------------------------------------------ what Stripe answers (R8)

    def registered(self, now: datetime, refused: str | None = None) -> list[Ask]:
        """The customer exists; the first payment method may have been refused."""
        if refused and self.state != "closed":
            self._tell("payment_method_refused", "stripe", now, decline_code=refused)
        return []

    def method_changed(self, now: datetime, refused: str | None = None, by: str = "user") -> list[Ask]:
        """R9: what waits for money is collected at once."""
        if refused or self.state == "closed":
            return []
        self._tell("payment_method_changed", by, now)
        return self._try_again() if self._waits_for_money else []

    def paid(self, now: datetime, key: str, method: str | None = None) -> list[Ask]:
        """Money moved, so the term is the payer's: in whatever way it became known (R6, R9, R10, R14)."""
        payment = self.payment
        if payment is None or key != payment.key or payment.status == "paid":
            return []
        payment.status, payment.decline_code, payment.method = "paid", None, method or payment.method
        if self.state == "closed":
            self._tell("payment_received", "stripe", now, payment=payment)
            return []
        payment.next_attempt = payment.expires = None
        self._take_term(payment)
        if payment.called_off:
            self._tell("payment_received", "stripe", now, payment=payment, term=self.term)
            return []
        self._enter_service("reactivated" if payment.purpose == "reactivation" else "active")
        what = {"first": "activated", "reactivation": "reactivated", "renewal": "renewed"}[payment.purpose]
        self._tell(what, payment.by, now, payment=payment, term=self.term)
        return []

    def declined(self, now: datetime, key: str, code: str, method: str | None = None) -> list[Ask]:
        """Also for want of a payment method: R6 out of service, R9 at a renewal."""
        return self._failed(now, key, "declined", code, method)

    def requires_action(self, now: datetime, key: str, method: str | None = None) -> list[Ask]:
        """R10."""
        return self._failed(now, key, "requires_action", None, method)

    def stopped(self, now: datetime, key: str) -> list[Ask]:
        """R8: Stripe refused the request itself; at a renewal it is tried again until that is mended."""
        return self._failed(now, key, "stopped", "payment_stopped", None)

    def observed(self, now: datetime, key: str, invoice: str, method: str | None = None) -> list[Ask]:
        """R15: what a look found. Another payment method than the last tried is tried at once."""
        payment = self.payment
        if payment is None or key != payment.key or payment.status == "paid":
            return []
        if invoice == "paid":
            return self.paid(now, key)
        if invoice == "open" and method and method != payment.method and self._waits_for_money:
            return self._try_again()
        return []

    def voided(self, now: datetime, key: str, invoice: str) -> list[Ask]:
        """How voiding turned out: `paid` when the payer was faster."""
        payment = self.payment
        if payment is None or key != payment.key or payment.status == "paid":
            return []
        if invoice == "paid":
            return self.paid(now, key)
        if payment.status == "requires_action":
            payment.status, payment.decline_code, payment.expires = "declined", "authentication_required", None
            self._first_payment_failed()
            self._tell("payment_declined", "timer", now, payment=payment)
        return []

    def _failed(self, now: datetime, key: str, how: str, code: str | None, method: str | None) -> list[Ask]:
        payment = self.payment
        if payment is None or key != payment.key or payment.status != "collecting":
            return []
        payment.status = "requires_action" if how == "requires_action" else "declined"
        payment.decline_code, payment.method = code, method
        told = f"payment_{how}"
        if self.state == "disabled":
            if how == "requires_action":
                payment.expires = payment.started + rules.AUTHENTICATION_LIMIT
                payment.next_attempt = rules.next_look(payment.started, now)
                self._tell(told, "stripe", now, payment=payment)
                return []
            payment.expires = None
            self._first_payment_failed()
            self._tell(told, "stripe", now, payment=payment)
            return self._void()
        first = self.state != "past_due"
        payment.next_attempt = now + rules.STOPPED_RETRY if how == "stopped" else self._next_retry(payment, now)
        if payment.next_attempt:
            self.state = "past_due"
            self._tell("past_due" if first and how != "stopped" else told, "stripe", now, payment=payment)
            return []
        self._remember_debt()
        self._leave_service("payment_failed")
        self._tell(told, "stripe", now, payment=payment)
        self._tell("disabled", "timer", now)
        return self._void()
