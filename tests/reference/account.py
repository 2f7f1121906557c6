"""An account as the rules tell it: one method for each thing that can happen, each saying its rule.

Every method returns what is asked of Stripe then, as `(what, payment key or method, attempt)`; a forbidden command
raises `Forbidden` and changes nothing. Deadlines happen when told: first let `happen_until(now)` do what is due.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from tests.reference import rules
from tests.reference.months import Term, month_after, term_of

Ask = tuple[str, str | None, int]
"""("register" | "change_method", payment method, 0), ("collect", key, attempt), ("look" | "void", key, 0)."""


class Forbidden(Exception):  # noqa: N818 - the rules' answer, not a fault
    """The rules forbid a command; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Entry(NamedTuple):
    """What the timeline says of one change (R17)."""

    type: str
    at: datetime
    by: str
    before: str
    after: str
    amount: int | None = None
    key: str | None = None
    decline_code: str | None = None
    term: Term | None = None


class Quote(NamedTuple):
    """What a payment is for, and how much: `amount` is for `term` and for the `debt` in it (R7, R12)."""

    amount: int
    currency: str
    carts: int
    unit_amount: int
    term: Term
    debt: int = 0


class Debt(NamedTuple):
    """What a renewal left unpaid (R12)."""

    amount: int
    currency: str
    term: Term


@dataclass
class Payment:
    """The latest payment: one key, one frozen quote, one or more attempts (R8)."""

    key: str
    purpose: str  # "first", "reactivation" or "renewal"
    quote: Quote
    by: str
    started: datetime
    status: str = "collecting"
    attempt: int = 1
    retries_from: datetime | None = None
    decline_code: str | None = None
    method: str | None = None
    next_attempt: datetime | None = None
    expires: datetime | None = None
    called_off: bool = False


@dataclass
class ReferenceAccount:
    """One account."""

    account_id: str
    carts: int
    currency: str
    unit_amount: int
    zone: str = "UTC"
    retry_days: tuple[int, ...] = (1, 3, 5, 7)
    debt_policy: str = "void"
    state: str = "new"
    disabled_reason: str | None = None
    anchor: datetime | None = None
    term_number: int = 0
    term: Term | None = None
    payment: Payment | None = None
    payments: int = 0
    debt: Debt | None = None
    cancelled_from: str = ""
    held: tuple[str, str | None] | None = None
    timeline: list[Entry] = field(default_factory=list)

    # ------------------------------------------------------------------ opening

    def open(
        self, now: datetime, paid_through: datetime | None = None, method: str | None = None, by: str = "operator"
    ) -> list[Ask]:
        """R1."""
        if not rules.can_be_charged(self.carts, self.currency, self.unit_amount):
            raise Forbidden("invalid_request")
        asks: list[Ask] = [("register", method, 0)]
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
        return [("change_method", method, 0)]

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

    # ------------------------------------------------------------------ what happens by itself

    @property
    def due(self) -> tuple[str, datetime] | None:
        """When the account next acts by itself, and on what; None while it waits for people or for an outcome."""
        if self.is_collecting or self.state == "closed":
            return None
        if self.payment and self.payment.next_attempt:
            return "payment_due", self.payment.next_attempt
        if self.state in rules.IN_SERVICE and self.term:
            return "term_ended", self.term.end
        return None

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
        if refused:
            self._tell("payment_method_refused", "stripe", now, decline_code=refused)
        return []

    def method_changed(self, now: datetime, refused: str | None = None, by: str = "user") -> list[Ask]:
        """R9: what waits for money is collected at once."""
        if refused:
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

    # ------------------------------------------------------------------ questions

    @property
    def is_collecting(self) -> bool:
        return self.payment is not None and self.payment.status == "collecting"

    @property
    def awaits_payer(self) -> bool:
        return self.payment is not None and self.payment.status == "requires_action"

    def quote(self, now: datetime) -> Quote:
        """R7; of an open payment, its own (R11, R14).

        Raises:
            Forbidden: There is nothing to bring back.
        """
        self._must_be_open()
        if self.state not in rules.ALLOWED["reactivate"]:
            raise Forbidden("already_in_service")
        if self.disabled_reason == "operator":
            raise Forbidden("disabled_by_operator")
        if self.payment and (self.is_collecting or self.awaits_payer):
            return self.payment.quote
        return self.quote_at(now)

    def quote_at(self, now: datetime) -> Quote:
        """R6: nothing within the term; else a month from now, and an old debt by policy (R12)."""
        if self.term and not self._term_is_over(now):
            return Quote(0, self.currency, self.carts, self.unit_amount, self.term)
        owed = self.debt.amount if self.debt and self.debt.currency == self.currency else 0
        amount = rules.amount_of(self.carts, self.unit_amount) + owed
        return Quote(amount, self.currency, self.carts, self.unit_amount, term_of(now, 0, self.zone), owed)

    def access_until(self) -> datetime | None:
        """R16; past due, to the last retry, or the next try of a payment that was stopped."""
        if self.state == "past_due" and self.payment:
            return max(self._retries(self.payment)[-1], self.payment.next_attempt or self._retries(self.payment)[-1])
        return rules.access_until(self.state, self.term, self.retry_days) if self.term else None

    def copy(self) -> Self:
        """Return the account as it is now, to compare with later."""
        payment = replace(self.payment) if self.payment else None
        return replace(self, payment=payment, timeline=list(self.timeline))

    # ------------------------------------------------------------------ the words used above

    def _must_be_open(self) -> None:
        if self.state == "closed":
            raise Forbidden("account_closed")

    def _must_not_be_collecting(self) -> None:
        if self.is_collecting:
            raise Forbidden("payment_in_progress")

    def _term_is_over(self, now: datetime) -> bool:
        return self.term is None or now >= self.term.end

    @property
    def _waits_for_money(self) -> bool:
        """Past due between tries, or out of service for a payer to authenticate."""
        if self.state == "past_due":
            return not self.is_collecting
        return self.state == "disabled" and self.awaits_payer

    def _enter_service(self, state: str) -> None:
        self.state, self.disabled_reason, self.held = state, None, None

    def _leave_service(self, reason: str) -> None:
        self.state, self.disabled_reason = "disabled", reason

    def _first_payment_failed(self) -> None:
        if self.payment and self.payment.purpose == "first":
            self.disabled_reason = "first_payment_failed"

    def _start_month(self, now: datetime) -> None:
        self.anchor, self.term_number, self.term = now, 0, term_of(now, 0, self.zone)

    def _take_term(self, payment: Payment) -> None:
        """A renewal follows the anchor (R5, R9); a first payment or a reactivation is a new one (R1, R6)."""
        quote = payment.quote
        self.term = quote.term
        if payment.purpose == "renewal":
            self.term_number += 1
        else:
            self.anchor, self.term_number = quote.term.start, 0
        if self.debt and (quote.debt or self.debt.term == quote.term):
            self.debt = None

    def _remember_debt(self) -> None:
        """R12, settled: the last renewal left unpaid, until it is paid."""
        if self.payment and self.debt_policy == "collect":
            quote = self.payment.quote
            self.debt = Debt(quote.amount, quote.currency, quote.term)

    def _collect(self, purpose: str, quote: Quote, by: str, now: datetime) -> Ask:
        self.payments += 1
        key = rules.payment_key(self.account_id, self.payments)
        self.payment = Payment(key, purpose, quote, by, started=now)
        return "collect", key, 1

    def _try_again(self) -> list[Ask]:
        """Another attempt of the same payment (R8)."""
        assert self.payment is not None
        self.payment.status, self.payment.next_attempt = "collecting", None
        self.payment.attempt += 1
        return [("collect", self.payment.key, self.payment.attempt)]

    def _look(self, now: datetime) -> list[Ask]:
        assert self.payment is not None
        if self.awaits_payer and self.payment.expires:
            self.payment.next_attempt = rules.next_look(self.payment.started, now)
        return [("look", self.payment.key, 0)]

    def _void(self) -> list[Ask]:
        assert self.payment is not None
        self.payment.next_attempt = None
        return [("void", self.payment.key, 0)]

    def _call_off(self) -> list[Ask]:
        """R3, R14: it can neither be paid nor tried again."""
        assert self.payment is not None
        self.payment.status, self.payment.decline_code, self.payment.called_off = "declined", "cancelled", True
        self.payment.expires = None
        self._first_payment_failed()
        return self._void()

    def _retries(self, payment: Payment) -> list[datetime]:
        return rules.retries_of(self.retry_days, payment.quote.term.start, payment.retries_from or payment.started)

    def _next_retry(self, payment: Payment, now: datetime) -> datetime | None:
        """R9, settled: an answer that only came after all retries had passed was no try; the days count from it."""
        if self.state != "past_due" and now >= self._retries(payment)[-1]:
            payment.retries_from = now
        return next((at for at in self._retries(payment) if at > now), None)

    def _tell(
        self,
        what: str,
        by: str,
        now: datetime,
        *,
        amount: int | None = None,
        payment: Payment | None = None,
        decline_code: str | None = None,
        term: Term | None = None,
    ) -> None:
        """R17: every change leaves an entry."""
        before = self.timeline[-1].after if self.timeline else "new"
        if payment:
            amount, decline_code = payment.quote.amount, decline_code or payment.decline_code
        key = payment.key if payment else None
        self.timeline.append(Entry(f"account.{what}", now, by, before, self.state, amount, key, decline_code, term))
