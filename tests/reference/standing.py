"""Where an account stands: its values, what can be asked of it, and the words that the rules use of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Self

from tests.reference import rules
from tests.reference.months import Term, term_of


class Ask(NamedTuple):
    """What is asked of Stripe: `about` a payment key, or the payment method to `register` or `change_method` to.

    `collect` has an attempt and an amount; `look` and `void` have not.
    """

    what: str
    about: str | None
    attempt: int = 0
    amount: int = 0


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
class Standing:
    """One account, as the rules see it."""

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

    # ------------------------------------------------------------------ questions

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

    @property
    def is_collecting(self) -> bool:
        return self.payment is not None and self.payment.status == "collecting"

    @property
    def awaits_payer(self) -> bool:
        return self.payment is not None and self.payment.status == "requires_action"

    @property
    def shows_url(self) -> bool:
        """Whether the payer is told where to pay (R10): as long as paying there is waited for."""
        return (
            self.payment is not None and self.awaits_payer and bool(self.payment.next_attempt or self.payment.expires)
        )

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
        month = rules.amount_of(self.carts, self.unit_amount)
        owed = self.debt.amount if self.debt and self.debt.currency == self.currency else 0
        owed = owed if month + owed <= rules.MOST else 0  # settled: what cannot stand on one invoice stays owed
        return Quote(month + owed, self.currency, self.carts, self.unit_amount, term_of(now, 0, self.zone), owed)

    def access_until(self) -> datetime | None:
        """R16; past due, to the last retry, or the next try of a payment that was stopped."""
        if self.state == "past_due" and self.payment:
            return max(self._retries(self.payment)[-1], self.payment.next_attempt or self._retries(self.payment)[-1])
        return rules.access_until(self.state, self.term, self.retry_days) if self.term else None

    def copy(self) -> Self:
        """Return the account as it is now, to compare with later."""
        payment = replace(self.payment) if self.payment else None
        return replace(self, payment=payment, timeline=list(self.timeline))

    # ------------------------------------------------------------------ words

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
        return Ask("collect", key, 1, quote.amount)

    def _try_again(self) -> list[Ask]:
        """Another attempt of the same payment (R8)."""
        assert self.payment is not None
        self.payment.status, self.payment.next_attempt = "collecting", None
        self.payment.attempt += 1
        return [Ask("collect", self.payment.key, self.payment.attempt, self.payment.quote.amount)]

    def _look(self, now: datetime) -> list[Ask]:
        assert self.payment is not None
        if self.awaits_payer and self.payment.expires:
            self.payment.next_attempt = rules.next_look(self.payment.started, now)
        return [Ask("look", self.payment.key)]

    def _void(self) -> list[Ask]:
        assert self.payment is not None
        self.payment.next_attempt = None
        return [Ask("void", self.payment.key)]

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
            amount = payment.quote.amount
            decline_code = None if what == "payment_stopped" else payment.decline_code  # Stripe's reason stands there
        key = payment.key if payment else None
        self.timeline.append(Entry(f"account.{what}", now, by, before, self.state, amount, key, decline_code, term))
