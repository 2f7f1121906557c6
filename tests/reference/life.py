"""One account's life by the rules alone: deeds told to the reference, and Stripe answering at once."""

from datetime import datetime, timedelta

from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.lives import Deed, Opening
from tests.reference.standing import Ask, Forbidden, Quote
from tests.reference.stripe import ReferenceStripe

MARGIN = timedelta(seconds=60)
"""How far from a deadline a move stops at the least: clocks that run beside this one differ by less."""


def told(account: ReferenceAccount, deed: Deed, now: datetime, *, expected: int | None, method: str) -> list[Ask]:
    """Give the reference a command, and return what is asked of Stripe then.

    Raises:
        Forbidden: The rules forbid it.
    """
    match deed:
        case Deed("cancel", when):
            return account.cancel(now, when)
        case Deed("reactivate"):
            return account.reactivate(now, expected)
        case Deed("set_carts", carts):
            return account.set_carts(now, carts)
        case Deed("set_payment_method"):
            return account.set_payment_method(method)
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


def quoted(account: ReferenceAccount, now: datetime) -> Quote | str:
    """Return what coming back costs at `now`, once all that is due by then has happened; or the refusal's code (R7)."""
    now, trial = rules.whole_seconds(now), account.copy()
    trial.happen_until(now)
    try:
        return trial.quote(now)
    except Forbidden as forbidden:
        return forbidden.code


def expected_amount(account: ReferenceAccount, deed: Deed, now: datetime) -> int | None:
    """Return the amount that a reactivation carries: none, the one quoted, or another (R7)."""
    if deed.what != "reactivate" or deed.value is None:
        return None
    quote = quoted(account, now)
    if isinstance(quote, str):
        return 1
    return quote.amount if deed.value == "quoted" else abs(quote.amount - 1)


class ReferenceLife:
    """A reference account and its Stripe."""

    def __init__(self, account_id: str, opening: Opening) -> None:
        currency, unit_amount = opening.plan
        self.account = ReferenceAccount(
            account_id, opening.carts, currency, unit_amount, opening.zone, opening.retry_days, opening.debt
        )
        self.stripe = ReferenceStripe(opening.card)

    def open(self, now: datetime, paid_through: datetime | None) -> None:
        """R1."""
        self._answer(self.account.open(now, paid_through, self.stripe.first), now)

    def do(self, deed: Deed, now: datetime) -> datetime:
        """Let a deed happen, without faults; return when it has."""
        match deed:
            case Deed("time_passes", span):
                return self.move_to(now + span)
            case Deed("to_deadline", offset):
                return self.move_to_deadline(offset, now)
            case Deed("hint"):
                self.hint(now)
            case Deed("pay_by_hand"):
                self.pay_by_hand()
            case Deed("portal_card" | "card_turns", card):
                self.stripe.change_in_portal(card)
            case Deed("quote" | "no_worker" | "no_answer" | "answer" | "answer_again" | "restart"):
                pass
            case _:
                self.command(deed, now)
        return now

    def command(self, deed: Deed, now: datetime) -> str:
        """Give a command; return `taken`, or the code of its refusal."""
        now = rules.whole_seconds(now)
        expected, method = expected_amount(self.account, deed, now), self.stripe.new_method(str(deed.value))
        try:
            self._answer(told(self.account, deed, now, expected=expected, method=method), now)
        except Forbidden as forbidden:
            return forbidden.code
        return "taken"

    def hint(self, now: datetime) -> None:
        """R15."""
        self._answer(self.account.hint(rules.whole_seconds(now)), now)

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
        return payment.key if payment and self.stripe.pay_by_hand(payment.key) else None

    def _answer(self, asks: list[Ask], now: datetime) -> None:
        waiting = list(asks)
        while waiting:
            answer = self.stripe.answer(waiting.pop(0))
            waiting += getattr(self.account, answer.what)(rules.whole_seconds(now), **answer.facts)
