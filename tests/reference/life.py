"""One account's life by the rules alone: deeds told to the reference, and Stripe answering at once."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.deeds import Deed, Opening
from tests.reference.months import month_after
from tests.reference.standing import Ask, Forbidden, Quote
from tests.reference.stripe import ReferenceStripe

NOT_IN_THE_WORLD = frozenset(
    {
        "quote", "no_worker", "no_answer", "answer", "answer_again", "restart", "cancellation_requested",
        "key", "voids", "balance", "bill_by_hand", "refund",
    }
)  # fmt: skip
"""What is left out where real servers are asked: it changes nothing while nothing fails, or takes a script."""

MARGIN = timedelta(seconds=60)
"""How far from a deadline a move stops at the least: clocks that run beside this one differ by less."""


class Seen(NamedTuple):
    """What a page said that a command comes from: the amount (R7), the state and the payment (R3); None: nothing."""

    amount: int | None = None
    state: str | None = None
    payment: str | None = None


def account_of(account_id: str, opening: Opening) -> ReferenceAccount:
    """Return an account that is about to open."""
    currency, unit_amount = opening.plan
    return ReferenceAccount(
        account_id,
        opening.carts,
        currency,
        unit_amount,
        opening.zone,
        opening.retry_days,
        opening.debt,
        opening.stopped_days,
        opening.on_dispute,
        opening.email,
        opening.upcoming_days,
    )


def elsewhere(opening: Opening, at: datetime) -> dict[str, Any]:
    """Return what an account brings that is opened at `at` and has lived elsewhere (R1, R25)."""
    if opening.paid_through is None:
        return {"cancelled": True} if opening.elsewhere == "cancelled" else {}
    paid_through = at + opening.paid_through
    match opening.elsewhere:
        case "anchor":
            return {"anchor": paid_through, "paid_through": month_after(paid_through, 2, opening.zone)}
        case "another anchor":
            return {"anchor": paid_through - timedelta(days=31, hours=1), "paid_through": paid_through}
        case "cancelled":
            opened_at = at - timedelta(days=100)
            return {"paid_through": paid_through, "cancelled": True, "customer": "cus_77", "opened_at": opened_at}
        case "opened later":
            return {"paid_through": paid_through, "opened_at": at + timedelta(hours=1)}
        case _:
            return {"paid_through": paid_through}


def seen(account: ReferenceAccount, deed: Deed, now: datetime) -> Seen:
    """Return what the page said: what is so at `now`, or something else."""
    match deed:
        case Deed("reactivate", what) if what is not None:
            quote = quoted(account, now)
            if isinstance(quote, str):
                return Seen(amount=1)
            return Seen(amount=quote.amount if what == "quoted" else abs(quote.amount - 1))
        case Deed("cancel_as_seen", (_, state, payment)):
            key = account.payment.key if account.payment else rules.payment_key(account.account_id, 1)
            other = "past_due" if account.state == "active" else "active"
            return Seen(
                state={"so": account.state, "otherwise": other}.get(state),
                payment={"so": key, "otherwise": rules.payment_key(account.account_id, 999)}.get(payment),
            )
        case _:
            return Seen()


def told(account: ReferenceAccount, deed: Deed, now: datetime, *, page: Seen, method: str) -> list[Ask]:
    """Give the reference a command, and return what is asked of Stripe then.

    Raises:
        Forbidden: The rules forbid it.
    """
    match deed:
        case Deed("cancel", when) | Deed("cancel_as_seen", (when, _, _)):
            return account.cancel(now, when, seen_state=page.state, seen_payment=page.payment)
        case Deed("reactivate"):
            return account.reactivate(now, page.amount)
        case Deed("set_carts", carts):
            return account.set_carts(now, carts)
        case Deed("set_payment_method"):
            return account.set_payment_method(method)
        case Deed("set_email", email):
            return account.set_email(email)
        case Deed("extend_term", days):
            return account.extend_term(now, days=days)
        case Deed("extend_until", span):
            return account.extend_term(now, until=rules.whole_seconds(now + span))
        case Deed("change_plan", (currency, unit_amount)):
            return account.change_plan(now, currency, unit_amount)
        case Deed("disable" | "enable" | "close"):
            asks: list[Ask] = getattr(account, deed.what)(now)
            return asks
    raise AssertionError(f"not a command: {deed}")


def invoice_meant(account: ReferenceAccount, stripe: ReferenceStripe, which: str) -> str | None:
    """Return the key of the invoice that somebody means at Stripe: of the latest payment, or of the oldest open one."""
    open_ones = [key for key, state in stripe.invoices.items() if state in {"open", "processing"}]
    if which.startswith("oldest"):
        return open_ones[0] if open_ones else None
    return account.payment.key if account.payment else None


def quoted(account: ReferenceAccount, now: datetime) -> Quote | str:
    """Return what coming back costs at `now`, once all that is due by then has happened; or the refusal's code (R7)."""
    now, trial = rules.whole_seconds(now), account.copy()
    trial.happen_until(now)
    try:
        return trial.quote(now)
    except Forbidden as forbidden:
        return forbidden.code


class ReferenceLife:
    """A reference account and its Stripe."""

    def __init__(self, account_id: str, opening: Opening) -> None:
        self.opening = opening
        self.account = account_of(account_id, opening)
        self.stripe = ReferenceStripe(opening.card)

    def open(self, now: datetime, brings: dict[str, Any]) -> None:
        """R1, R25."""
        self._answer(self.account.open(now, method=self.stripe.first, **brings), now)

    def do(self, deed: Deed, now: datetime) -> datetime:
        """Let a deed happen, without faults; return when it has."""
        match deed:
            case Deed("time_passes", span):
                return self.move_to(now + span)
            case Deed("to_deadline", offset):
                return self.move_to_deadline(offset, now)
            case Deed("hint", which):
                self.hint(now, self.hinted(which))
            case Deed("delete_customer"):
                self.delete_customer()
            case Deed("pay_by_hand"):
                self.pay_by_hand()
            case Deed("void_by_hand"):
                self.void_by_hand()
            case Deed("debit", how):
                self.settle_debit(how)
            case Deed("portal_card" | "card_turns", card):
                self.stripe.change_in_portal(card)
            case Deed(what) if what in NOT_IN_THE_WORLD:
                pass
            case _:
                self.command(deed, now)
        return now

    def command(self, deed: Deed, now: datetime) -> str:
        """Give a command; return `taken`, or the code of its refusal."""
        now = rules.whole_seconds(now)
        page, method = seen(self.account, deed, now), self.stripe.new_method(str(deed.value))
        try:
            self._answer(told(self.account, deed, now, page=page, method=method), now)
        except Forbidden as forbidden:
            return forbidden.code
        return "taken"

    def hinted(self, which: str | None) -> str | None:
        """Return the payment that a webhook names: none, or the latest."""
        return self.account.payment.key if which and self.account.payment else None

    def hint(self, now: datetime, key: str | None = None) -> None:
        """R15."""
        self._answer(self.account.hint(rules.whole_seconds(now), key), now)

    def move_to(self, target: datetime) -> datetime:
        """Let everything until then happen at its instant; return where to stop, a margin away from any deadline."""
        while (due := self.account.due) and due[1] <= target + MARGIN:
            target = max(target, due[1] + MARGIN)
            self._answer(self.account.happen_until(due[1]), due[1])
        return target

    def move_to_deadline(self, offset: timedelta, now: datetime) -> datetime:
        """Move to the next deadline, if there is one: safely before it, or after."""
        if self.account.due is None:
            return now
        return self.move_to(self.account.due[1] + (2 * MARGIN if offset >= timedelta(0) else -2 * MARGIN))

    def pay_by_hand(self) -> str | None:
        """The payer pays what is open on its hosted page; return its key, if there was anything."""
        payment = self.account.payment
        if payment is None or self.stripe.is_deleted:
            return None
        return payment.key if self.stripe.pay_by_hand(payment.key) else None

    def void_by_hand(self) -> str | None:
        """An operator voids what is open in the dashboard; return its key, if there was anything."""
        payment = self.account.payment
        if payment is None or self.stripe.invoices.get(payment.key) != "open":
            return None
        self.stripe.void_by_hand(payment.key)
        return payment.key

    def delete_customer(self) -> bool:
        """An operator deletes the customer in the dashboard; say whether there was one."""
        if self.account.customer is None or self.stripe.is_deleted:
            return False
        self.stripe.delete_customer()
        return True

    def settle_debit(self, how: str) -> str | None:
        """The bank lets the latest payment's debit through, or not; return its key, if there was one."""
        payment = self.account.payment
        if payment is None or self.stripe.invoices.get(payment.key) != "processing":
            return None
        self.stripe.settle(payment.key, None if how == "settles" else how)
        return payment.key

    def _answer(self, asks: list[Ask], now: datetime) -> None:
        waiting = list(asks)
        while waiting:
            for answered in self.stripe.answer_next(self.account, waiting):
                told_ = answered.told
                waiting += self.account.learn(told_.what, rules.whole_seconds(now), **told_.facts)
