"""An account as the rules tell it: one method for each thing that people ask, each saying its rule.

Every method, those of `Happenings` too, returns what is asked of Stripe then. A forbidden command raises `Forbidden`
and changes nothing. Deadlines happen when told: first let `happen_until(now)` do what is due.
"""

from datetime import datetime, timedelta

from tests.reference import rules
from tests.reference.happenings import Happenings
from tests.reference.months import Term, month_after
from tests.reference.standing import Ask, Forbidden


class ReferenceAccount(Happenings):
    """One account."""

    # ------------------------------------------------------------------ opening

    def open(
        self,
        now: datetime,
        paid_through: datetime | None = None,
        method: str | None = None,
        by: str = "operator",
        *,
        anchor: datetime | None = None,
        cancelled: bool = False,
        customer: str | None = None,
        opened_at: datetime | None = None,
    ) -> list[Ask]:
        """R1; R25 for an account that lived elsewhere."""
        if not rules.can_be_charged(self.carts, self.currency, self.unit_amount):
            raise Forbidden("invalid_request")
        if paid_through is None and (anchor or cancelled):
            raise Forbidden("invalid_request")
        if opened_at and opened_at > now:
            raise Forbidden("invalid_request")
        self.opened_at, self.customer, self.first_method = opened_at or now, customer, method
        asks: list[Ask] = [Ask("register", method, customer=customer)]
        if paid_through is not None:
            self._place(now, anchor or paid_through, paid_through, cancelled=cancelled)
        elif self.quote_at(now).amount == 0:
            self.state = "active"
            self._start_month(now)
        else:
            self.state = "disabled"
            asks.append(self._collect("first", self.quote_at(now), by, now))
        self._tell("opened", by, now)
        if self.state == "cancelled":
            self._tell("cancelled", by, now, term=self.term)
        return asks

    def _place(self, now: datetime, anchor: datetime, paid_through: datetime, *, cancelled: bool) -> None:
        """R25: into the term of that anchor which ends then; there must be one (R2)."""
        months = round((paid_through - anchor) / timedelta(days=30.44))
        near = range(months - 1, months + 2)
        number = next((n for n in near if month_after(anchor, n, self.zone) == paid_through), None)
        if number is None:
            raise Forbidden("invalid_request")
        self.anchor, self.term_number = anchor, number - 1
        if paid_through > now:
            self.state, self.term = "cancelled" if cancelled else "active", Term(now, paid_through)
            self.cancelled_from = "active"
        else:
            self.state, self.disabled_reason = "disabled", "cancelled"
            self.term = Term(month_after(anchor, number - 1, self.zone), paid_through)

    # ------------------------------------------------------------------ commands of billing users

    def cancel(
        self,
        now: datetime,
        when: str = "term_end",
        by: str = "user",
        *,
        seen_state: str | None = None,
        seen_payment: str | None = None,
    ) -> list[Ask]:
        """R3, and R14 for a payment that is open. What a page showed must still be so."""
        self._must_be_open()
        stale = seen_payment is not None and (self.payment is None or self.payment.key != seen_payment)
        if stale or (seen_state or self.state) != self.state:
            raise Forbidden("state_changed")
        self._must_not_be_under_way()
        if self.state == "disabled" and not self._is_open:
            raise Forbidden("not_in_service")
        if self.state == "past_due":
            self._remember_debt()
            asks = self._call_off()
            self._leave_service("cancelled")
            self._tell("disabled", by, now)
            return asks
        if self.state == "disabled":
            self._tell("payment_cancelled", by, now, payment=self.payment)
            return self._call_off()
        if when == "now":
            self._leave_service("cancelled")
            self._tell("disabled", by, now, term=self.term)
        elif self.state != "cancelled":
            self.cancelled_from, self.state = self.state, "cancelled"
            self._tell("cancelled", by, now, term=self.term)
        return []

    def reactivate(self, now: datetime, expected: int | None = None, by: str = "user") -> list[Ask]:
        """R4 when cancelled, R6 when disabled; R7 for the amount expected; R14, R21 for a second one."""
        quote = self.quote(now)
        if expected is not None and expected != quote.amount:
            raise Forbidden("quote_changed")
        if self.state == "cancelled":
            self.state = self.cancelled_from
            self._tell("resumed", by, now, term=self.term)
            return []
        payment = self.payment
        if payment and self.is_processing:
            if payment.called_off or payment.purpose == "renewal":  # what was given up is wanted again
                payment.called_off, payment.purpose, payment.by = False, "reactivation", by
            return self._look(now)
        if self.is_collecting:
            return []
        if self.awaits_payer:
            return self._look(now)
        if quote.amount:
            return [self._collect("reactivation", quote, by, now)]
        asks = self._call_off() if self.awaits_mend else []
        if self._term_is_over(now):
            self._start_month(now)
        self._enter_service("reactivated")
        self._tell("reactivated", by, now, amount=0, currency=self.currency, term=self.term)
        return asks

    def set_carts(self, now: datetime, carts: int, by: str = "user") -> list[Ask]:
        """R11: nothing but the number changes."""
        self._must_be_open()
        if not rules.can_be_charged(carts, self.currency, self.unit_amount):
            raise Forbidden("invalid_request")
        if carts != self.carts:
            self.carts = carts
            self._tell("carts_changed", by, now)
        return []

    def set_payment_method(self, method: str) -> list[Ask]:
        """R9: what follows, follows when Stripe has taken it (`method_changed`)."""
        self._must_be_open()
        return [Ask("change_method", method)]

    def set_email(self, email: str) -> list[Ask]:
        """R26: what follows, follows when Stripe has taken it (`email_changed`)."""
        self._must_be_open()
        return [Ask("change_email", email)] if email != self.email else []

    # ------------------------------------------------------------------ commands of operators (R13)

    def disable(self, now: datetime, by: str = "operator") -> list[Ask]:
        """A hold: only `enable` brings the account back."""
        self._must_be_open()
        self._must_not_be_under_way()
        return self._hold(now, by)

    def enable(self, now: datetime, by: str = "operator") -> list[Ask]:
        """Within the term, back to what was before, or to service; after it, a renewal goes on, or the hold ends."""
        self._must_be_open()
        if self.state in rules.IN_SERVICE:
            raise Forbidden("already_in_service")
        before, reason = self.held or (None, None)
        if before == "disabled":
            return self._lift_hold(now, reason, by)
        self._must_not_be_under_way()
        if self._is_open:
            raise Forbidden("payment_in_progress")
        if not self._term_is_over(now):
            self._enter_service("cancelled" if before == "cancelled" else "reactivated")
            self._tell("enabled", by, now, term=self.term)
            return []
        if before == "past_due" and now < self.renewal_quote().term.end:
            return self._take_renewal_up(now, by)
        if before is None:
            raise Forbidden("not_in_service")
        return self._lift_hold(now, "payment_failed" if before == "past_due" else "cancelled", by)

    def _lift_hold(self, now: datetime, reason: str | None, by: str) -> list[Ask]:
        self.held, self.disabled_reason = None, reason or "cancelled"
        self._tell("enabled", by, now)
        return []

    def _take_renewal_up(self, now: datetime, by: str) -> list[Ask]:
        """The renewal that `disable` interrupted goes on, with a new payment."""
        quote = self.renewal_quote()
        self._enter_service("past_due" if quote.amount else "active")
        self._tell("enabled", by, now)
        if not quote.amount:
            self._renew_free(now)
            return []
        self._strike_debts({quote.term})
        return [self._collect("renewal", quote, by, now)]

    def extend_term(
        self, now: datetime, until: datetime | None = None, days: int = 0, by: str = "operator"
    ) -> list[Ask]:
        """The term ends later, and the anchor moves to its end; one that is over starts anew, or, past due, goes on."""
        self._must_be_open()
        self._must_not_be_under_way()
        past_due = self.state == "past_due"
        if self._is_open and not past_due:
            raise Forbidden("payment_in_progress")
        running = self.term if self.term and not self._term_is_over(now) else Term(now, now)
        end = until or running.end + timedelta(days=days)
        if end <= running.end:
            raise Forbidden("invalid_request")
        start = self.term.start if self.term and past_due else running.start
        self.term, self.anchor, self.term_number = Term(start, end), end, -1
        asks = self._call_off() if past_due else []
        self.state = "active" if past_due else self.state
        self._tell("term_extended", by, now, term=self.term)
        return asks

    def change_plan(self, now: datetime, currency: str, unit_amount: int, by: str = "operator") -> list[Ask]:
        """Counts from the next quote on."""
        self._must_be_open()
        if not rules.can_be_charged(self.carts, currency, unit_amount):
            raise Forbidden("invalid_request")
        if (currency, unit_amount) != (self.currency, self.unit_amount):
            self.currency, self.unit_amount = currency, unit_amount
            self._tell("plan_changed", by, now, amount=unit_amount, currency=currency)
        return []

    def close(self, now: datetime, by: str = "operator") -> list[Ask]:
        """Voids what is open, is final, and keeps nothing that says who the customer was."""
        self._must_be_open()
        self._must_not_be_under_way()
        asks = self._call_off() if self._is_open else []
        self.state, self.disabled_reason, self.held = "closed", None, None
        self.email = self.first_method = None
        self._tell("closed", by, now)
        return asks + self._erase()
