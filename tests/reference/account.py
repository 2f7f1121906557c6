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
        self, now: datetime, paid_through: datetime | None = None, method: str | None = None, by: str = "operator"
    ) -> list[Ask]:
        """R1."""
        if not rules.can_be_charged(self.carts, self.currency, self.unit_amount):
            raise Forbidden("invalid_request")
        asks: list[Ask] = [Ask("register", method)]
        if paid_through is not None:
            self.anchor, self.term_number = paid_through, -1  # that term ends at the anchor
            if paid_through > now:
                self.state, self.term = "active", Term(now, paid_through)
            else:
                self.state, self.disabled_reason = "disabled", "cancelled"
                self.term = Term(month_after(paid_through, -1, self.zone), paid_through)
        elif self.quote_at(now).amount == 0:
            self.state = "active"
            self._start_month(now)
        else:
            self.state = "disabled"
            asks.append(self._collect("first", self.quote_at(now), by, now))
        self._tell("opened", by, now)
        return asks

    # ------------------------------------------------------------------ commands of billing users

    def cancel(self, now: datetime, when: str = "term_end", by: str = "user") -> list[Ask]:
        """R3, and R14 for a payment that is open."""
        if self.state == "cancelled":
            return []
        self._must_be_open()
        self._must_not_be_collecting()
        if self.state == "past_due":
            self._remember_debt()
            asks = self._call_off()
            self._leave_service("cancelled")
            self._tell("disabled", by, now)
            return asks
        if self.state == "disabled":
            if not self.awaits_payer:
                raise Forbidden("not_in_service")
            self._tell("payment_cancelled", by, now, payment=self.payment)
            return self._call_off()
        if when == "now":
            self._leave_service("cancelled")
            self._tell("disabled", by, now, term=self.term)
        else:
            self.cancelled_from, self.state = self.state, "cancelled"
            self._tell("cancelled", by, now, term=self.term)
        return []

    def reactivate(self, now: datetime, expected: int | None = None, by: str = "user") -> list[Ask]:
        """R4 when cancelled, R6 when disabled; R7 for the amount expected; R14 for a second one."""
        self._must_be_open()
        if self.state not in rules.ALLOWED["reactivate"]:
            raise Forbidden("already_in_service")
        if self.disabled_reason == "operator":
            raise Forbidden("disabled_by_operator")
        quote = self.quote(now)
        if expected is not None and expected != quote.amount:
            raise Forbidden("quote_changed")
        if self.state == "cancelled":
            self.state = self.cancelled_from
            self._tell("resumed", by, now, term=self.term)
            return []
        if self.is_collecting:
            return []
        if self.awaits_payer:
            return self._look(now)
        if quote.amount:
            return [self._collect("reactivation", quote, by, now)]
        if self._term_is_over(now):
            self._start_month(now)
        self._enter_service("reactivated")
        self._tell("reactivated", by, now, amount=0, term=self.term)
        return []

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

    # ------------------------------------------------------------------ commands of operators (R13)

    def disable(self, now: datetime, by: str = "operator") -> list[Ask]:
        """The term stays the account's; what was before is remembered for `enable`."""
        self._must_be_open()
        self._must_not_be_collecting()
        before = self.state
        if before == "past_due":
            self._remember_debt()
        asks = self._call_off() if before == "past_due" or self.awaits_payer else []
        self.held = self.held or (before, self.disabled_reason)
        self._leave_service("operator")
        self._tell("disabled", by, now)
        return asks

    def enable(self, now: datetime, by: str = "operator") -> list[Ask]:
        """Within the term, back to what was before, or to service; after it, the hold alone is lifted."""
        self._must_be_open()
        if self.state in rules.IN_SERVICE:
            raise Forbidden("already_in_service")
        before, reason = self.held or (None, None)
        if before == "disabled" or (before and self._term_is_over(now)):
            self.held, self.disabled_reason = None, reason or "cancelled"
            self._tell("enabled", by, now)
            return []
        if self.is_collecting or self.awaits_payer:
            raise Forbidden("payment_in_progress")
        if self._term_is_over(now):
            raise Forbidden("not_in_service")
        self._enter_service("cancelled" if before == "cancelled" else "reactivated")
        self._tell("enabled", by, now, term=self.term)
        return []

    def extend_term(
        self, now: datetime, until: datetime | None = None, days: int = 0, by: str = "operator"
    ) -> list[Ask]:
        """The term ends later, and the anchor moves to its end; a term that is over starts anew."""
        self._must_be_open()
        self._must_not_be_collecting()
        if self.state == "past_due" or self.awaits_payer:
            raise Forbidden("payment_in_progress")
        running = self.term if self.term and not self._term_is_over(now) else Term(now, now)
        end = until or running.end + timedelta(days=days)
        if end <= running.end:
            raise Forbidden("invalid_request")
        self.term, self.anchor, self.term_number = Term(running.start, end), end, -1
        self._tell("term_extended", by, now, term=self.term)
        return []

    def change_plan(self, now: datetime, currency: str, unit_amount: int, by: str = "operator") -> list[Ask]:
        """Counts from the next quote on."""
        self._must_be_open()
        if not rules.can_be_charged(self.carts, currency, unit_amount):
            raise Forbidden("invalid_request")
        if (currency, unit_amount) != (self.currency, self.unit_amount):
            self.currency, self.unit_amount = currency, unit_amount
            self._tell("plan_changed", by, now, amount=unit_amount)
        return []

    def close(self, now: datetime, by: str = "operator") -> list[Ask]:
        """Voids what is open, and is final."""
        self._must_be_open()
        self._must_not_be_collecting()
        asks = self._call_off() if self.state == "past_due" or self.awaits_payer else []
        self.state, self.disabled_reason, self.held = "closed", None, None
        self._tell("closed", by, now)
        return asks
