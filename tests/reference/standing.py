"""Where an account stands: its values, what can be asked of it, and the words that the rules use of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from tests.reference import rules
from tests.reference.months import Term, month_after, term_of


class Forbidden(Exception):  # noqa: N818 - the rules' answer, not a fault
    """The rules forbid a command; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Debt(NamedTuple):
    """What a renewal left unpaid (R12)."""

    amount: int
    currency: str
    term: Term


class Quote(NamedTuple):
    """What a payment is for, and how much: `amount` is for `term` and for the `debts` in it (R7, R12).

    `billed` is the term that its invoice names: none if the month costs nothing; of an earlier payment, its own (R22).
    """

    amount: int
    currency: str
    carts: int
    unit_amount: int
    term: Term
    debts: tuple[Debt, ...] = ()
    billed: Term | None = None

    @property
    def debt(self) -> int:
        """How much of it is old debt."""
        return sum(debt.amount for debt in self.debts)

    @property
    def pays(self) -> set[Term | None]:
        """The terms that are owed no more once it is paid (R12)."""
        return {self.billed, *(debt.term for debt in self.debts)}


class Found(NamedTuple):
    """An invoice that Stripe shows, of a payment of which the record knows no more (R22)."""

    key: str
    state: str
    amount: int
    currency: str
    carts: int
    unit_amount: int
    term: Term | None
    charged: int | None = None


class Ask(NamedTuple):
    """What is asked of Stripe: `about` a payment key, a refund, an e-mail, or the payment method to give the customer.

    `collect` has an attempt and a quote, `register` may name a customer; the others have neither.
    """

    what: str
    about: str | None
    attempt: int = 0
    quote: Quote | None = None
    customer: str | None = None


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
    currency: str | None = None
    charged: int | None = None
    """What the payment method was charged, where a credit balance has paid the rest (R8)."""


class Owed(NamedTuple):
    """A void, or the erasing of a customer, that Stripe has refused so far (R8, R13)."""

    since: datetime
    next_try: datetime


@dataclass
class Payment:
    """The latest payment: one key, one frozen quote, one or more attempts (R8)."""

    key: str
    purpose: str  # "first", "reactivation" or "renewal"
    quote: Quote
    by: str
    started: datetime
    attempted: datetime
    status: str = "collecting"
    attempt: int = 1
    retries_from: datetime | None = None
    decline_code: str | None = None
    method: str | None = None
    next_attempt: datetime | None = None
    expires: datetime | None = None
    called_off: bool = False
    url: bool = False
    do_not_ask: bool = False
    stopped_since: datetime | None = None
    not_known_since: datetime | None = None
    processing_since: datetime | None = None
    has_invoice: bool = False


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
    stopped_days: int = rules.STOPPED_DAYS
    on_dispute: str = "tell"
    email: str | None = None
    upcoming_days: int | None = None
    state: str = "new"
    disabled_reason: str | None = None
    opened_at: datetime | None = None
    anchor: datetime | None = None
    term_number: int = 0
    term: Term | None = None
    customer: str | None = None
    first_method: str | None = None
    payment: Payment | None = None
    payments: int = 0
    debts: list[Debt] = field(default_factory=list)
    voids_owed: dict[str, Owed] = field(default_factory=dict)
    erasure_owed: Owed | None = None
    paid_keys: list[str] = field(default_factory=list)
    refunds: list[tuple[str, str | None]] = field(default_factory=list)
    cancelled_from: str = ""
    held: tuple[str, str | None] | None = None
    hold_owed: bool = False
    renewal_told: datetime | None = None
    timeline: list[Entry] = field(default_factory=list)

    # ------------------------------------------------------------------ questions

    @property
    def due(self) -> tuple[str, datetime] | None:
        """When the account next acts by itself, and on what; None while it waits for people or for an outcome."""
        if self.is_collecting:
            return None
        own, void = self._own_due, min((each.next_try for each in self.voids_owed.values()), default=None)
        if void and (own is None or void < own[1]):
            own = "void_due", void
        erasure, upcoming = self.erasure_owed, self._renewal_upcoming
        if erasure and (own is None or erasure.next_try < own[1]):
            own = "erasure_due", erasure.next_try
        return ("renewal_upcoming", upcoming) if upcoming and (own is None or upcoming < own[1]) else own

    @property
    def _own_due(self) -> tuple[str, datetime] | None:
        if self.state == "closed":
            return None
        if self.payment and self.payment.next_attempt:
            return "payment_due", self.payment.next_attempt
        if self.state in rules.IN_SERVICE and self.term:
            return "term_ended", self.term.end
        return None

    @property
    def _renewal_upcoming(self) -> datetime | None:
        """R18: when the renewal is announced that will be charged; once for each term."""
        days, term = self.upcoming_days, self.term
        if days is None or term is None or self.renewal_told == term.end or self.state not in {"active", "reactivated"}:
            return None
        return max(term.start, term.end - timedelta(days=days)) if self.renewal_quote().amount else None

    @property
    def is_collecting(self) -> bool:
        return self._payment_is("collecting")

    @property
    def is_processing(self) -> bool:
        return self._payment_is("processing")

    @property
    def awaits_payer(self) -> bool:
        return self._payment_is("requires_action")

    @property
    def awaits_mend(self) -> bool:
        """A first payment that stopped for our fault is tried again by itself (R1, R8)."""
        payment = self.payment
        return bool(payment and payment.purpose == "first" and payment.status == "declined" and payment.next_attempt)

    @property
    def shows_url(self) -> bool:
        """Whether the payer is told where to pay (R10)."""
        return self.payment is not None and self.awaits_payer and self.payment.url

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
        if self.payment and (self._is_under_way or self.awaits_payer):
            return self.payment.quote
        return self.quote_at(now)

    def quote_at(self, now: datetime) -> Quote:
        """R6: nothing within the term; else a month from now, and the old debts by policy (R12)."""
        if self.term and not self._term_is_over(now):
            return Quote(0, self.currency, self.carts, self.unit_amount, self.term)
        quote = self._month(term_of(now, 0, self.zone))
        for debt in self.debts:
            if debt.currency == self.currency and quote.amount + debt.amount <= rules.MOST:
                quote = quote._replace(amount=quote.amount + debt.amount, debts=(*quote.debts, debt))
        return quote

    def renewal_quote(self) -> Quote:
        """R5: the next term, counted from the anchor (R2)."""
        assert self.anchor is not None
        return self._month(term_of(self.anchor, self.term_number + 1, self.zone))

    def access_until(self) -> datetime | None:
        """R16."""
        payment = self.payment
        if self.term is None or self.state not in rules.IN_SERVICE:
            return None
        until = rules.access_until(self.state, self.term, self.retry_days)
        if self.state == "cancelled" or payment is None:
            return until
        if self.state == "past_due":
            until = self._retries(payment)[-1]
        awaited = payment.attempted if self.is_collecting else None
        if self.is_processing or payment.stopped_since:
            awaited = awaited or payment.next_attempt
        if awaited and payment.purpose == "renewal" and until:
            return max(until, awaited + rules.OUTCOME_MARGIN)
        return until

    def copy(self) -> Self:
        """Return the account as it is now, to compare with later."""
        return replace(
            self,
            payment=replace(self.payment) if self.payment else None,
            debts=list(self.debts),
            voids_owed=dict(self.voids_owed),
            paid_keys=list(self.paid_keys),
            refunds=list(self.refunds),
            timeline=list(self.timeline),
        )

    # ------------------------------------------------------------------ words

    def _payment_is(self, status: str) -> bool:
        return self.payment is not None and self.payment.status == status

    @property
    def _is_under_way(self) -> bool:
        """Money may be moving (R14, R21)."""
        return self.is_collecting or self.is_processing

    @property
    def _is_open(self) -> bool:
        """A payment can still be paid or is tried again: past due, awaiting its payer, or stopped for our fault."""
        return self.state == "past_due" or (self.state == "disabled" and (self.awaits_payer or self.awaits_mend))

    def _must_be_open(self) -> None:
        if self.state == "closed":
            raise Forbidden("account_closed")

    def _must_not_be_under_way(self) -> None:
        if self._is_under_way:
            raise Forbidden("payment_in_progress")

    def _term_is_over(self, now: datetime) -> bool:
        return self.term is None or now >= self.term.end

    @property
    def _waits_for_money(self) -> bool:
        """Past due between tries, or out of service for a payer to authenticate, or for us to mend a fault."""
        return self._is_open and not self._is_under_way

    def _month(self, term: Term) -> Quote:
        amount = rules.amount_of(self.carts, self.unit_amount)
        return Quote(amount, self.currency, self.carts, self.unit_amount, term, billed=term if amount else None)

    def _enter_service(self, state: str) -> None:
        self.state, self.disabled_reason, self.held = state, None, None

    def _leave_service(self, reason: str) -> None:
        self.state, self.disabled_reason = "disabled", reason

    def _first_payment_failed(self) -> None:
        if self.payment and self.payment.purpose == "first" and self.disabled_reason != "operator":
            self.disabled_reason = "first_payment_failed"

    def _start_month(self, now: datetime) -> None:
        self.anchor, self.term_number, self.term = now, 0, term_of(now, 0, self.zone)

    def _get_month(self, now: datetime) -> None:
        """R6, R22: a month from now; where a paid one is not over, the month after it, by its own anchor (R2)."""
        if self.term is None or self._term_is_over(now):
            self._start_month(now)
            return
        assert self.anchor is not None
        self.term_number += 1
        self.term = Term(self.term.start, month_after(self.anchor, self.term_number + 1, self.zone))

    def _remember_debt(self) -> None:
        """R12: what a renewal leaves unpaid, until it is paid."""
        payment = self.payment
        if payment and payment.purpose == "renewal" and self.debt_policy == "collect":
            debt = Debt(payment.quote.amount, payment.quote.currency, payment.quote.term)
            self.debts += [] if debt in self.debts else [debt]

    def _strike_debts(self, terms: set[Term | None]) -> None:
        self.debts = [debt for debt in self.debts if debt.term not in terms]

    def _know_as_paid(self, key: str) -> None:
        self.paid_keys.append(key)
        self.voids_owed.pop(key, None)

    def _collect(self, purpose: str, quote: Quote, by: str, now: datetime) -> Ask:
        self.payments += 1
        key = rules.payment_key(self.account_id, self.payments)
        self.payment = Payment(key, purpose, quote, by, started=now, attempted=now)
        return Ask("collect", key, 1, quote)

    def _try_again(self, now: datetime) -> list[Ask]:
        """Another attempt of the same payment (R8)."""
        assert self.payment is not None
        self.payment.status, self.payment.next_attempt, self.payment.attempted = "collecting", None, now
        self.payment.attempt += 1
        return [Ask("collect", self.payment.key, self.payment.attempt, self.payment.quote)]

    def _look(self, now: datetime) -> list[Ask]:
        payment = self.payment
        assert payment is not None
        if payment.processing_since and self.is_processing:
            payment.next_attempt = rules.next_clearing_poll(payment.processing_since, now)
        elif self.awaits_payer and payment.expires:
            payment.next_attempt = rules.next_poll(payment.expires - rules.AUTHENTICATION_LIMIT, now)
        return [Ask("look", payment.key)]

    def _void(self) -> list[Ask]:
        """Without a customer there is nothing at Stripe to void."""
        assert self.payment is not None
        self.payment.next_attempt = None
        return [Ask("void", self.payment.key)] if self.customer else []

    def _call_off(self) -> list[Ask]:
        """R3, R14: it can neither be paid nor tried again."""
        payment = self.payment
        assert payment is not None
        payment.status, payment.decline_code, payment.called_off = "declined", "cancelled", True
        payment.expires, payment.url = None, False
        self._first_payment_failed()
        return self._void()

    def _retries(self, payment: Payment) -> list[datetime]:
        return rules.retries_of(self.retry_days, payment.quote.term.start, payment.retries_from or payment.started)

    def _next_retry(self, payment: Payment, now: datetime) -> datetime | None:
        return next((at for at in self._retries(payment) if at > now), None)

    def _tell(
        self,
        what: str,
        by: str,
        now: datetime,
        *,
        amount: int | None = None,
        currency: str | None = None,
        payment: Payment | None = None,
        key: str | None = None,
        decline_code: str | None = None,
        charged: int | None = None,
        term: Term | None = None,
    ) -> None:
        """R17: every change leaves an entry."""
        before = self.timeline[-1].after if self.timeline else "new"
        if payment:
            amount, currency, key = payment.quote.amount, payment.quote.currency, payment.key
        entry = Entry(f"account.{what}", now, by, before, self.state, amount, key, decline_code, term, currency)
        self.timeline.append(entry._replace(charged=None if charged == amount else charged))
