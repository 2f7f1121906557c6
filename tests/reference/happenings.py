"""What happens to an account by itself, and what looks, voids and registrations at Stripe find: rule by rule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.reference import rules
from tests.reference.outcomes import Outcomes
from tests.reference.standing import Ask, Found, Owed


class Happenings(Outcomes):
    """What an account does on its own, and on Stripe's word."""

    # ------------------------------------------------------------------ what happens by itself

    def happen_until(self, now: datetime) -> list[Ask]:
        """Let all that is due by `now` happen, in its order."""
        asks: list[Ask] = []
        acts = {
            "term_ended": self.end_term,
            "payment_due": self.act_on_payment,
            "void_due": self.void_again,
            "erasure_due": self.erase_again,
            "renewal_upcoming": self.announce_renewal,
        }
        while self.due and self.due[1] <= now:
            asks += acts[self.due[0]](now)
        return asks

    def end_term(self, now: datetime) -> list[Ask]:
        """R5."""
        if self.state == "cancelled":
            self._leave_service("cancelled")
            self._tell("disabled", "timer", now, term=self.term)
            return []
        quote = self.renewal_quote()
        if quote.amount:
            return [self._collect("renewal", quote, "timer", now)]
        self._renew_free(now)
        return []

    def _renew_free(self, now: datetime) -> None:
        quote = self.renewal_quote()
        self._enter_service("active")
        self.term, self.term_number = quote.term, self.term_number + 1
        self._strike_debts({quote.term})  # a term that costs nothing is not owed
        self._tell("renewed", "timer", now, amount=0, currency=quote.currency, term=quote.term)

    def announce_renewal(self, now: datetime) -> list[Ask]:
        """R18: what the next term will cost; where this one has ended meanwhile, the renewal itself is told."""
        assert self.term is not None
        self.renewal_told = self.term.end
        if now < self.term.end:
            quote = self.renewal_quote()
            self._tell("renewal_upcoming", "timer", now, amount=quote.amount, currency=quote.currency, term=quote.term)
        return []

    def act_on_payment(self, now: datetime) -> list[Ask]:
        """R9: a retry; R10: a look, and after 23 hours the end of waiting; R21: a look."""
        payment = self.payment
        assert payment is not None
        if self.is_processing:
            return self._look(now)
        if self.state == "past_due" and payment.do_not_ask and now >= self._retries(payment)[-1]:
            payment.next_attempt = now + rules.STOPPED_RETRY  # settled: whether there is another card by now
            return self._look(now)
        if self.state == "past_due" or self.awaits_mend:
            return self._try_again(now)
        if payment.expires and now >= payment.expires:
            return self._void()
        return self._look(now)

    def void_again(self, now: datetime) -> list[Ask]:
        """R8: a void that was refused is tried until it is done."""
        due = [key for key, owed in self.voids_owed.items() if owed.next_try <= now]
        for key in due:
            since = self.voids_owed[key].since
            self.voids_owed[key] = Owed(since, rules.next_void(since, now))
        return [Ask("void", key) for key in due]

    def hint(
        self, now: datetime, key: str | None = None, refund: str | None = None, *, deleted: bool = False
    ) -> list[Ask]:
        """R15: never believed, a reason to look where there is anything to see.

        R22: at a payment, in every state; R23: where the customer is said to be deleted.
        """
        if self.customer is None or self.is_collecting:
            return []
        if refund:
            return [Ask("retrieve_refund", refund)]
        if self.is_processing or self.state == "past_due" or (self.state == "disabled" and self.awaits_payer):
            return self._look(now)
        gone = deleted and self.state != "closed"
        if (key and key not in self.paid_keys) or gone or self.voids_owed:
            return [Ask("look", self.payment.key if self.payment else None)]
        return []

    def cancellation_requested(self, now: datetime) -> list[Ask]:
        """R27: it does not end the account."""
        if self.state != "closed":
            self._tell("cancellation_requested", "operator", now)
        return []

    # ------------------------------------------------------------------ the customer: R1, R8, R23, R26

    def registered(
        self, now: datetime, customer: str, refused: str | None = None, *, email_refused: bool = False
    ) -> list[Ask]:
        """The customer exists; the first payment method and the e-mail may have been refused."""
        if self.state == "closed":
            return []
        self._replace_customer(now, customer)
        self.customer, self.first_method = customer, None
        if refused:
            self._tell("payment_method_refused", "stripe", now, decline_code=refused)
        if email_refused:
            self._tell("email_refused", "stripe", now)
        return []

    def not_registered(self, now: datetime) -> list[Ask]:
        """R8: told once."""
        if self.state != "closed" and not any(each.type == "account.customer_not_registered" for each in self.timeline):
            self._tell("customer_not_registered", "stripe", now)
        return []

    def method_changed(
        self, now: datetime, refused: str | None = None, by: str = "user", customer: str | None = None
    ) -> list[Ask]:
        """R9: what waits for money is collected at once."""
        if self.state == "closed":
            return []
        self._replace_customer(now, customer)
        if refused:
            return []
        self._tell("payment_method_changed", by, now)
        return self._try_again(now) if self._waits_for_money else []

    def email_changed(
        self, now: datetime, email: str, *, refused: bool = False, by: str = "user", customer: str | None = None
    ) -> list[Ask]:
        """R26: the account follows Stripe's customer."""
        if self.state == "closed":
            return []
        self._replace_customer(now, customer)
        if not refused:
            self.email = email
            self._tell("email_changed", by, now)
        return []

    # ------------------------------------------------------------------ a closed account's customer: R13

    def _erase(self) -> list[Ask]:
        return [Ask("erase", self.customer)] if self.customer else []

    def erase_again(self, now: datetime) -> list[Ask]:
        """Tried daily while Stripe refuses."""
        assert self.erasure_owed is not None
        self.erasure_owed = self.erasure_owed._replace(next_try=now + rules.ERASURE_RETRY)
        return self._erase()

    def erased(self, now: datetime, *, refused: bool = False) -> list[Ask]:
        """How it turned out: told when it is refused, when it is given up after a month, and when it is done late."""
        owed = self.erasure_owed
        if self.state != "closed":
            return []
        self.erasure_owed = None
        if not refused:
            if owed:
                self._tell("customer_erased", "stripe", now)
        elif owed and now >= owed.since + rules.ERASURE_TRIED_FOR:
            self._tell("customer_not_erased", "stripe", now)
        else:
            self.erasure_owed = Owed(owed.since if owed else now, now + rules.ERASURE_RETRY)
            if not owed:
                self._tell("customer_not_erased", "stripe", now)
        return []

    # ------------------------------------------------------------------ looks: R9, R10, R15, R21, R22

    def observed(
        self,
        now: datetime,
        key: str | None,
        invoice: str,
        method: str | None = None,
        charged: int | None = None,
        code: str | None = None,
        advice: str | None = None,
        found: Sequence[Found] = (),
        customer: str | None = None,
    ) -> list[Ask]:
        """What a look found: money first, since nothing may be collected beside it."""
        self._replace_customer(now, customer)
        asks = self.paid(now, key, charged=charged) if key and invoice == "paid" else []
        for each in found:
            asks += self.found(now, each)
        if invoice != "paid":
            asks += self._seen_unpaid(now, key, invoice, method, code, advice)
        return asks

    def _seen_unpaid(
        self, now: datetime, key: str | None, invoice: str, method: str | None, code: str | None, advice: str | None
    ) -> list[Ask]:
        payment = self.payment
        if payment is None or key != payment.key or payment.status == "paid" or self.state == "closed":
            return []
        if self.is_processing:
            if invoice == "open":
                return self.declined(now, payment.key, code or "generic_decline", advice=advice)
            gone = invoice in {"void", "missing"}
            return self.declined(now, payment.key, "invoice_voided") if gone else []
        if invoice == "processing":
            return self.processing(now, payment.key)
        if invoice in {"void", "missing"} and self.shows_url:
            self._end_authentication(now, "invoice_voided", "stripe")
        if payment.stopped_since and payment.method is None:
            payment.method = method  # no card was asked yet: that there is one is no news (R9)
            return []
        if method and method != payment.method and invoice != "unknown" and self._waits_for_money:
            return self._try_again(now)
        if self.state == "past_due" and payment.do_not_ask and not self._is_under_way:
            patience = timedelta(days=self.stopped_days if invoice == "unknown" else 0)
            return self._end_past_due(now) if now >= self._retries(payment)[-1] + patience else []
        return []

    def voided(self, now: datetime, key: str, invoice: str, found: Found | None = None) -> list[Ask]:
        """How voiding turned out: `paid` when the payer was faster; what Stripe refuses stays owed (R8)."""
        current = self.payment is not None and key == self.payment.key
        if invoice == "paid":
            if current:
                return self.paid(now, key, charged=found.charged if found else None)
            return self.found(now, found) if found else []
        if key in self.paid_keys:
            return []
        if invoice == "processing" and current and self.state in {"past_due", "disabled"}:
            return self.processing(now, key)
        if invoice in {"void", "missing"}:
            if self.voids_owed.pop(key, None):
                self._tell("payment_voided", "stripe", now, key=key)
        else:
            self._owe_void(now, key)
        if current and self.state == "disabled" and self.awaits_payer:
            self._end_authentication(now, "authentication_required", "timer")
        return []

    def _owe_void(self, now: datetime, key: str) -> None:
        owed = self.voids_owed.pop(key, None)
        if owed is None:
            self._tell("void_owed", "stripe", now, key=key)
        since = owed.since if owed else now
        self.voids_owed[key] = Owed(since, rules.next_void(since, now))

    def _end_authentication(self, now: datetime, code: str, by: str) -> None:
        """R10: it counts as declined; past due, the retries go on, and make a new invoice (R8)."""
        payment = self.payment
        assert payment is not None
        payment.status, payment.decline_code, payment.url, payment.expires = "declined", code, False, None
        if self.state == "disabled":
            payment.next_attempt = None
            self._first_payment_failed()
        self._tell("payment_declined", by, now, payment=payment, decline_code=code)

    # ------------------------------------------------------------------ refunds and disputes: R24

    def refund_seen(
        self,
        now: datetime,
        about: str,
        kind: str,
        status: str | None,
        amount: int,
        currency: str,
        key: str | None,
        *,
        ours: bool = True,
    ) -> list[Ask]:
        """Told once for each status. By policy, a dispute that is open holds the account, as an operator would."""
        if not ours or (about, status) in self.refunds:
            return []
        self.refunds.append((about, status))
        told = "refunded" if kind == "refund" else "disputed"
        self._tell(told, "stripe", now, amount=amount, currency=currency, key=key)
        if kind == "dispute" and self.on_dispute == "disable":
            self.hold_owed = status in rules.DISPUTES_OPEN
        return []

    def learn(self, what: str, now: datetime, *told: Any, **facts: Any) -> list[Ask]:
        """Take what Stripe has answered; then hold the account, if a dispute is to, once no payment is under way."""
        asks: list[Ask] = getattr(self, what)(now, *told, **facts)
        if not self.hold_owed or self._is_under_way:
            return asks
        self.hold_owed = False
        return asks if self.state == "closed" else asks + self._hold(now, "stripe")

    def nothing(self, now: datetime) -> list[Ask]:
        """Stripe refused to show it: nothing is concluded."""
        del now
        return []

    def _hold(self, now: datetime, by: str) -> list[Ask]:
        """R13: the term stays the account's; what was before is remembered for `enable`."""
        before = self.state
        if before == "past_due":
            self._remember_debt()
        asks = self._call_off() if self._is_open else []
        self.held = self.held or (before, self.disabled_reason)
        self._leave_service("operator")
        self._tell("disabled", by, now)
        return asks
