"""Stripe's side in a few lines: what it answers to an account that asks, by what the payer's card does.

And how an account asks, as the workflow does: nothing without a customer, so that one is registered first (R1, R8).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.reference.months import Term
from tests.reference.standing import Ask, Found, Quote, Standing


class Told(NamedTuple):
    """An answer: the method of `Happenings` that takes it, and its facts."""

    what: str
    facts: dict[str, Any]


class Answered(NamedTuple):
    """What was asked, and what came of it."""

    ask: Ask
    told: Told


@dataclass
class Bill:
    """One invoice: what it is for, what is charged for it (the rest, a credit balance pays), and how it stands."""

    quote: Quote
    due: int
    state: str = "open"
    failure: str | None = None


class ReferenceStripe:
    """One customer: a default payment method, what it does when charged, invoices by payment key, and charges.

    `card` is what the default method does: `good`, `none`, `authentication`, `debit` (it takes days), `stopped` (Stripe
    refuses the request itself), or a decline code, with the bank's advice behind a slash. `balance` is what the
    customer has in credit, or owes if it is below 0.
    """

    def __init__(self, card: str) -> None:
        self.methods: dict[str, str] = {}
        self.card = card
        self.method: str | None = None
        self.bills: dict[str, Bill] = {}
        self.charges: list[tuple[str, int]] = []
        self.balance = 0
        self.customers = 0
        self.is_deleted = False
        self.key_is_wrong = False
        self.refuses_voids = False
        self.refunds: dict[str, dict[str, Any]] = {}
        self.first = None if card == "none" else self.new_method(card)

    @property
    def invoices(self) -> dict[str, str]:
        """How each invoice stands, by its payment's key."""
        return {key: bill.state for key, bill in self.bills.items()}

    # ------------------------------------------------------------------ what people and banks do

    def new_method(self, card: str) -> str:
        """Return a payment method of its own, that says in its name what it does."""
        method = f"pm_{card.replace('/', '_')}_{len(self.methods) + 1}"
        self.methods[method] = card
        return method

    def change_in_portal(self, card: str) -> None:
        """The payer changes the card where the account does not see it."""
        if card != "refused" and self.customers and not self.is_deleted:
            self.card, self.method = card, self.new_method(card)

    def pay_by_hand(self, key: str, *, by_debit: bool = False) -> bool:
        """The payer pays an open invoice on its hosted page; say whether there was one."""
        bill = self.bills.get(key)
        if bill is None or bill.state != "open":
            return False
        if by_debit:
            bill.state = "processing"
        else:
            self._charge(key)
        return True

    def settle(self, key: str, failing: str | None = None) -> None:
        """The bank lets a debit through, or not."""
        bill = self.bills.get(key)
        if bill is None or bill.state != "processing":
            return
        if failing:
            bill.state, bill.failure = "open", failing
        else:
            self._charge(key)

    def void_by_hand(self, key: str) -> None:
        """Somebody voids an invoice in the dashboard."""
        if key in self.bills and self.bills[key].state == "open":
            self._void(key)

    def bill_by_hand(self, key: str, quote: Quote) -> None:
        """Somebody makes an invoice of the account's by hand, and it is paid."""
        if key not in self.bills:
            self.bills[key] = Bill(quote, quote.amount)
            self._charge(key)

    def delete_customer(self) -> None:
        """Somebody deletes the customer in the dashboard."""
        if self.customers:
            self.is_deleted, self.method = True, None

    # ------------------------------------------------------------------ asking, as the workflow does

    def answer_next(self, account: Standing, waiting: list[Ask], how: str = "as it is") -> list[Answered]:
        """Answer the first of what is asked: registering a customer before it, if there is none.

        `how`: `refused` by Stripe; `lost`, what it did stays unknown; `not known`, it did nothing. Where no customer
        can be registered, all that waits ends with that.
        """
        ask = waiting[0]
        if ask.what != "register" and (account.customer is None or account.first_method):
            ask = Ask("register", account.first_method, customer=account.customer)
        else:
            waiting.pop(0)
        told = self.answer(account, ask, how)
        answered = [Answered(ask, told)]
        if told.what == "not_registered":
            answered += [Answered(each, self._refused(account, each)) for each in waiting]
            waiting.clear()
        return answered

    def answer(self, account: Standing, ask: Ask, how: str = "as it is") -> Told:
        """Answer one ask, and remember what it did."""
        if how == "not known":
            return Told("not_known", {"key": ask.about}) if ask.what == "collect" else self._refused(account, ask)
        if self.key_is_wrong or how == "refused":
            return self._refused(account, ask)
        told = self._answer(account, ask)
        if how != "lost":
            return told
        return Told("not_known", {"key": ask.about}) if ask.what == "collect" else self._refused(account, ask)

    def _refused(self, account: Standing, ask: Ask) -> Told:
        """R8: Stripe refuses the request; no more is concluded than is certain."""
        match ask.what:
            case "register":
                return Told("not_registered", {})
            case "collect" if account.payment and account.payment.not_known_since and account.customer:
                return Told("not_known", {"key": ask.about})  # an earlier try may have asked for money
            case "collect":
                return Told("stopped", {"key": ask.about})
            case "change_method":
                return Told("method_changed", {"refused": "stripe_refused"})
            case "change_email":
                return Told("email_changed", {"email": ask.about, "refused": True})
            case "look":
                return Told("observed", {"key": ask.about, "invoice": "unknown"})
            case "void":
                return Told("voided", {"key": ask.about, "invoice": "unknown"})
            case "erase":
                return Told("erased", {"refused": True})
            case _:
                return Told("nothing", {})

    def _answer(self, account: Standing, ask: Ask) -> Told:
        about = ask.about or ""
        match ask.what:
            case "register":
                self.customers += ask.customer is None
                customer = ask.customer or self._customer
                refused = self._make_default(about) if about else None
                email_refused = (account.email or "").startswith("refused")
                return Told("registered", {"customer": customer, "refused": refused, "email_refused": email_refused})
            case "change_method":
                anew = self._registered_anew()
                return Told("method_changed", {"refused": self._make_default(about), "customer": anew})
            case "change_email":
                refused_email = about.startswith("refused")
                anew = self._registered_anew()
                return Told("email_changed", {"email": about, "refused": refused_email, "customer": anew})
            case "collect":
                return self._collect(account, about, ask)
            case "look":
                return self._look(account, ask.about)
            case "void":
                return self._voided(about)
            case "erase":
                self.method = None  # its payment methods are detached; one that was deleted is gone
                return Told("erased", {"refused": False})
            case "retrieve_refund":
                return Told("refund_seen", {"about": about, **self.refunds[about]})
        raise AssertionError(f"nobody asks that: {ask}")

    # ------------------------------------------------------------------ the customer

    @property
    def _customer(self) -> str:
        return f"cus_{self.customers}"

    def _registered_anew(self) -> str | None:
        """R23: what is open of a customer that was deleted is voided, and there is a new one."""
        if not self.is_deleted:
            return None
        for key, bill in self.bills.items():
            if bill.state == "open":
                self._void(key)
        self.is_deleted, self.balance = False, 0
        self.customers += 1
        return self._customer

    def _make_default(self, method: str) -> str | None:
        card = self.methods[method]
        if card == "refused":
            return "resource_missing"
        self.card, self.method = card, method
        return None

    # ------------------------------------------------------------------ invoices

    def _look(self, account: Standing, key: str | None) -> Told:
        anew = self._registered_anew()
        bill = self.bills.get(key or "")
        facts: dict[str, Any] = {"key": key, "invoice": bill.state if bill else "missing", "method": self.method}
        if bill and bill.state == "paid":
            facts["charged"] = bill.due
        if bill and bill.state == "open" and bill.failure:
            facts |= _refusal(bill.failure)
        others = [found for each, found in self._others(account, key) if found.state in {"paid", "processing"}]
        return Told("observed", facts | {"found": tuple(others), "customer": anew})

    def _others(self, account: Standing, key: str | None) -> list[tuple[str, Found]]:
        """Return the invoices of other payments of which the account does not know that they are paid."""
        others = [each for each in self.bills if each != key and each not in account.paid_keys]
        return [(each, self._found(each)) for each in sorted(others, key=lambda each: int(each.rpartition(":")[2]))]

    def _found(self, key: str) -> Found:
        bill = self.bills[key]
        quote = bill.quote
        charged = bill.due if bill.state == "paid" else None
        term: Term | None = quote.billed
        return Found(key, bill.state, quote.amount, quote.currency, quote.carts, quote.unit_amount, term, charged)

    def _voided(self, key: str) -> Told:
        bill = self.bills.get(key)
        if bill and bill.state == "open" and not self.refuses_voids:
            self._void(key)
        facts: dict[str, Any] = {"key": key, "invoice": bill.state if bill else "missing"}
        return Told("voided", facts | ({"found": self._found(key)} if bill and bill.state == "paid" else {}))

    def _void(self, key: str) -> None:
        bill = self.bills[key]
        bill.state = "void"
        self.balance += bill.quote.amount - bill.due

    def _collect(self, account: Standing, key: str, ask: Ask) -> Told:
        assert ask.quote is not None
        bill = self.bills.get(key)
        if bill and bill.state == "paid":
            return Told("paid", {"key": key, "method": self.method, "charged": bill.due})
        if bill and bill.state == "processing":
            return Told("processing", {"key": key, "method": self.method})
        others = self._others(account, key)
        first = next((found for _, found in others if found.state == "paid"), None)
        first = first or next((found for _, found in others if found.state == "processing"), None)
        if first:
            return Told("earlier", {"key": key, "found": first})
        if self.is_deleted:
            return Told("customer_deleted", {"key": key, "customer": self._registered_anew()})
        unpaid = [each for each, found in others if found.state == "open"]
        if unpaid and self.refuses_voids:
            return Told("stopped", {"key": key})
        for each in unpaid:
            self._void(each)  # R12: no payment begins beside an open one
        return self._attempt(key, ask.quote)

    def _attempt(self, key: str, quote: Quote) -> Told:
        if self.card == "stopped":
            return Told("stopped", {"key": key})
        bill = self.bills.get(key)
        if bill is None or bill.state == "void":
            if self.balance < 0:
                return Told("stopped", {"key": key})  # more than the quote is never paid (R8)
            from_balance = min(self.balance, quote.amount)
            self.balance -= from_balance
            bill = self.bills[key] = Bill(quote, quote.amount - from_balance)
        assert bill.quote.amount == quote.amount, "a payment's quote is frozen (R8, R11)"
        known = {"key": key, "method": self.method}
        if bill.due == 0:
            self._charge(key)
            return Told("paid", known | {"charged": 0})
        if self.method is None or self.card == "none":
            return Told("declined", {"key": key, "code": "no_payment_method"})
        match self.card:
            case "good":
                self._charge(key)
                return Told("paid", known | {"charged": bill.due})
            case "debit":
                bill.state = "processing"
                return Told("processing", known)
            case "authentication":
                return Told("requires_action", known)
        bill.failure = self.card
        return Told("declined", known | _refusal(self.card))

    def _charge(self, key: str) -> None:
        assert key not in [each for each, _ in self.charges], "one key moves money at most once (R8)"
        self.bills[key].state = "paid"
        self.charges.append((key, self.bills[key].due))


def _refusal(card: str) -> dict[str, str | None]:
    code, _, advice = card.partition("/")
    return {"code": code, "advice": advice or None}
