"""How an attempt to collect turned out (R8), and what money buys, however it comes (R22): rule by rule."""

from datetime import datetime, timedelta

from tests.reference import rules
from tests.reference.standing import Ask, Found, Payment, Standing


class Outcomes(Standing):
    """What becomes of an account's payments."""

    # ------------------------------------------------------------------ money came

    def paid(self, now: datetime, key: str, method: str | None = None, charged: int | None = None) -> list[Ask]:
        """Money moved: in whatever way it became known (R6, R9, R10, R14, R22)."""
        payment = self.payment
        if payment is None or key != payment.key or payment.status == "paid":
            return []
        waited_for, stays_out = self._is_under_way, self.state == "disabled" and self._stays_out(payment, now)
        payment.status, payment.decline_code, payment.method = "paid", None, method or payment.method
        payment.next_attempt = payment.expires = payment.stopped_since = payment.not_known_since = None
        payment.processing_since, payment.url, payment.has_invoice = None, False, True
        self._know_as_paid(key)
        if self.state == "closed" or (self.state in rules.IN_SERVICE - {"past_due"} and not waited_for):
            self._tell("payment_received", "stripe", now, payment=payment, charged=charged)  # to be refunded
            return []
        if payment.purpose == "renewal" and not stays_out:
            self.term, self.term_number = payment.quote.term, self.term_number + 1
        else:
            begun = payment.quote.term.start
            as_quoted = not stays_out and begun <= now <= begun + rules.AT_ONCE
            self._get_month(begun if as_quoted else now)
        self._strike_debts(payment.quote.pays)
        if stays_out:
            self._tell("payment_received", "stripe", now, payment=payment, term=self.term, charged=charged)
            return []
        self._enter_service("reactivated" if payment.purpose == "reactivation" else "active")
        what = {"first": "activated", "reactivation": "reactivated", "renewal": "renewed"}[payment.purpose]
        self._tell(what, payment.by, now, payment=payment, term=self.term, charged=charged)
        return []

    def _stays_out(self, payment: Payment, now: datetime) -> bool:
        """R22: called off, or too late for a renewal; the month is the account's, and coming back is free. R13: held.

        Settled: one who had asked to come in is in; and one who was faster than the first void after the last retry.
        """
        late = self.is_processing or payment.key in self.voids_owed or now >= payment.quote.term.end
        too_late = payment.purpose == "renewal" and late
        return payment.called_off or too_late or self.disabled_reason == "operator"

    def found(self, now: datetime, found: Found) -> list[Ask]:
        """R22: another invoice of the account is paid at Stripe."""
        if found.state != "paid" or found.key in self.paid_keys:
            return []
        payment = self.payment
        if payment and found.key == payment.key:
            return self.paid(now, found.key, charged=found.charged)
        known = {"amount": found.amount, "currency": found.currency, "key": found.key, "charged": found.charged}
        if payment and self.state == "past_due" and found.term == payment.quote.term:
            self.term, self.term_number = payment.quote.term, self.term_number + 1
            self._strike_debts({self.term})
            asks = self._call_off()
            self._know_as_paid(found.key)
            self._enter_service("active")
            self._tell("renewed", "stripe", now, term=self.term, **known)  # type: ignore[arg-type]
            return asks
        self._know_as_paid(found.key)
        if self.state != "disabled":
            self._tell("payment_received", "stripe", now, **known)  # type: ignore[arg-type]
            return []
        self._get_month(now)
        self._strike_debts({found.term})
        self._tell("payment_received", "stripe", now, term=self.term, **known)  # type: ignore[arg-type]
        return []

    # ------------------------------------------------------------------ money is on its way, or it is not known

    def processing(self, now: datetime, key: str, method: str | None = None) -> list[Ask]:
        """R21: neither paid nor declined."""
        payment = self.payment
        if payment is None or key != payment.key or payment.status == "paid" or not self._can_wait_for_it:
            return []
        began = payment.processing_since is None
        payment.status, payment.decline_code, payment.method = "processing", None, method or payment.method
        payment.expires = payment.stopped_since = payment.not_known_since = None
        payment.url, payment.do_not_ask, payment.has_invoice = False, False, True
        payment.processing_since = payment.processing_since or now
        payment.next_attempt = rules.next_clearing_poll(payment.processing_since, now)
        self.voids_owed.pop(key, None)
        if began:
            self._tell("payment_processing", "stripe", now, payment=payment)
        return []

    @property
    def _can_wait_for_it(self) -> bool:
        """Not beside a term that is paid already: then its void stays owed, until it is known (R21, R22)."""
        return self.state in {"past_due", "disabled"} or (self.state in rules.RENEWS and self._is_under_way)

    def not_known(self, now: datetime, key: str) -> list[Ask]:
        """R8: asked until it is known, the same attempt; told once."""
        payment = self.payment
        if payment is None or key != payment.key or not self.is_collecting:
            return []
        if payment.not_known_since is None:
            self._tell("payment_not_known", "stripe", now, payment=payment)
        payment.not_known_since, payment.attempted = payment.not_known_since or now, now
        return [Ask("collect", key, payment.attempt, payment.quote)]

    def earlier(self, now: datetime, key: str, found: Found) -> list[Ask]:
        """R22: nothing was begun, since an earlier payment is paid or processing; it is settled first.

        Settled: it takes the place of this one, unless it is paid for another term than the renewal's: then it buys
        nothing, and this one goes on. An invoice that this one has already is voided: nothing is paid beside another.
        """
        payment = self.payment
        if payment is None or key != payment.key or not self._is_under_way:
            return []
        renewal = payment.purpose == "renewal"
        if renewal and found.state == "paid" and found.term != payment.quote.term:
            self._know_as_paid(found.key)
            known = {"amount": found.amount, "currency": found.currency, "key": found.key, "charged": found.charged}
            self._tell("payment_received", "stripe", now, **known)  # type: ignore[arg-type]
            return [Ask("collect", key, payment.attempt, payment.quote)]
        asks = [Ask("void", key)] if payment.has_invoice else []
        term = payment.quote.term if renewal else found.term or payment.quote.term
        payment.quote = payment.quote._replace(
            amount=found.amount,
            currency=found.currency,
            carts=found.carts,
            unit_amount=found.unit_amount,
            term=term,
            debts=(),
            billed=found.term or term,
        )
        payment.key, payment.method = found.key, None
        self.voids_owed.pop(found.key, None)
        if found.state == "paid":
            return asks + self.paid(now, found.key, charged=found.charged)
        return asks + self.processing(now, found.key)

    # ------------------------------------------------------------------ no money came

    def declined(
        self, now: datetime, key: str, code: str, method: str | None = None, advice: str | None = None
    ) -> list[Ask]:
        """Also for want of a payment method: R6 out of service, R9 at a renewal."""
        return self._failed(now, key, "declined", code, method, advice)

    def requires_action(self, now: datetime, key: str, method: str | None = None) -> list[Ask]:
        """R10."""
        return self._failed(now, key, "requires_action", None, method)

    def stopped(self, now: datetime, key: str) -> list[Ask]:
        """R8, R9: Stripe refused the request itself, for our fault; told once."""
        return self._failed(now, key, "stopped", "payment_stopped", None)

    def customer_deleted(self, now: datetime, key: str, customer: str) -> list[Ask]:
        """R23: the new customer has no payment method."""
        if self.payment is None or key != self.payment.key or not self._is_under_way:
            return []
        self._replace_customer(now, customer)
        return self._failed(now, key, "declined", "no_payment_method", None)

    def _replace_customer(self, now: datetime, customer: str | None) -> None:
        if self.customer and customer and customer != self.customer and self.state != "closed":
            self.customer = customer
            self._tell("customer_replaced", "stripe", now)

    def _failed(
        self, now: datetime, key: str, how: str, code: str | None, method: str | None, advice: str | None = None
    ) -> list[Ask]:
        payment = self.payment
        if payment is None or key != payment.key or not self._is_under_way:
            return []
        stopped, fault = how == "stopped", payment.stopped_since
        payment.status = "requires_action" if how == "requires_action" else "declined"
        payment.url, payment.decline_code, payment.method = how == "requires_action", code, method or payment.method
        payment.do_not_ask = how == "declined" and rules.is_hopeless(code or "", advice)
        payment.stopped_since = (fault or now) if stopped else None
        payment.not_known_since = payment.processing_since = None
        payment.has_invoice = payment.has_invoice or not stopped
        in_time = fault is None or now < fault + timedelta(days=self.stopped_days)
        if self.state == "disabled":
            return self._failed_out_of_service(now, how, told=stopped and fault is not None, in_time=in_time)
        if stopped and (self.state != "past_due" or in_time):
            payment.next_attempt = now + rules.STOPPED_RETRY
            self.state = "past_due"
            if fault is None:
                self._tell("payment_stopped", "stripe", now, payment=payment)
            return []
        first, retry = self.state != "past_due", None if stopped else self._next_retry(payment, now)
        if retry is None and not stopped and (first or (fault and payment.retries_from is None)):
            payment.retries_from = (
                now  # settled: those that passed without an answer, or, once, by our fault, were none
            )
            retry = self._next_retry(payment, now)
        if retry:
            payment.next_attempt = self._retries(payment)[-1] if payment.do_not_ask else retry
            self.state = "past_due"
            self._tell("past_due" if first else f"payment_{how}", "stripe", now, payment=payment, decline_code=code)
            return []
        self._leave_service("payment_failed")
        self._tell(f"payment_{how}", "stripe", now, payment=payment, decline_code=None if stopped else code)
        return self._end_past_due(now)

    def _failed_out_of_service(self, now: datetime, how: str, *, told: bool, in_time: bool) -> list[Ask]:
        """R6, R10; R1: a first payment that stopped is tried again by itself, for as long as a renewal would be."""
        payment = self.payment
        assert payment is not None
        if how == "requires_action":
            payment.expires = payment.attempted + rules.AUTHENTICATION_LIMIT
            payment.next_attempt = rules.next_poll(payment.attempted, now)
            self._tell("payment_requires_action", "stripe", now, payment=payment)
            return []
        payment.expires = payment.next_attempt = None
        self._first_payment_failed()
        if not told:
            code = payment.decline_code if how == "declined" else None  # else Stripe's reason stands there
            self._tell(f"payment_{how}", "stripe", now, payment=payment, decline_code=code)
        if how == "stopped" and payment.purpose == "first" and not payment.called_off and in_time:
            payment.next_attempt = now + rules.STOPPED_RETRY
            return []
        return self._void()

    def _end_past_due(self, now: datetime) -> list[Ask]:
        """R9: after the last retry."""
        assert self.payment is not None
        self.payment.url = False
        self._remember_debt()
        self._leave_service("payment_failed")
        self._tell("disabled", "timer", now)
        return self._void()
