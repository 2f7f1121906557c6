"""Stripe's side in a few lines: what it answers to an account that asks, by what the payer's card does."""

from typing import Any, NamedTuple

from tests.reference.standing import Ask


class Told(NamedTuple):
    """An answer: the method of `Happenings` that takes it, and its facts."""

    what: str
    facts: dict[str, Any]


class ReferenceStripe:
    """One customer: a default payment method, what it does when charged, invoices by payment key, and charges."""

    def __init__(self, card: str) -> None:
        self.methods = 0
        self.card = card
        self.method: str | None = None
        self.invoices: dict[str, str] = {}
        self.charges: list[tuple[str, int]] = []
        self.amounts: dict[str, int] = {}
        self.first = None if card == "none" else self.new_method(card)

    def new_method(self, card: str) -> str:
        """Return a payment method of its own, that says in its name what it does."""
        self.methods += 1
        return f"pm_{card}_{self.methods}"

    def change_in_portal(self, card: str) -> None:
        """The payer changes the card where the account does not see it."""
        if card != "refused":
            self.card, self.method = card, self.new_method(card)

    def pay_by_hand(self, key: str) -> bool:
        """The payer pays an open invoice on its hosted page; say whether there was one."""
        if self.invoices.get(key) != "open":
            return False
        self._charge(key)
        return True

    def answer(self, ask: Ask) -> Told:
        """Answer one ask, and remember what it did."""
        match ask:
            case Ask("register", method):
                return Told("registered", {"refused": self._make_default(method) if method else None})
            case Ask("change_method", method):
                return Told("method_changed", {"refused": self._make_default(method or "")})
            case Ask("collect", key, _, amount):
                return self._collect(key or "", amount)
            case Ask("look", key):
                state = self.invoices.get(key or "", "missing")
                return Told("observed", {"key": key, "invoice": state, "method": self.method})
            case Ask("void", key):
                state = self.invoices.get(key or "", "missing")
                if state == "open":
                    state = self.invoices[key or ""] = "void"
                return Told("voided", {"key": key, "invoice": state})
        raise AssertionError(f"nobody asks that: {ask}")

    def refuse(self, ask: Ask) -> Told | None:
        """Refuse the request itself (R8); of looks, voids and registrations, nothing becomes known then."""
        match ask:
            case Ask("collect", key):
                return Told("stopped", {"key": key})
            case Ask("change_method"):
                return Told("method_changed", {"refused": "stripe_refused"})
            case _:
                return None

    def _make_default(self, method: str) -> str | None:
        card = method.removeprefix("pm_").rsplit("_", 1)[0]
        if card == "refused":
            return "resource_missing"
        self.card, self.method = card, method
        return None

    def _collect(self, key: str, amount: int) -> Told:
        if self.card == "stopped":
            return Told("stopped", {"key": key})
        self.amounts.setdefault(key, amount)
        assert self.amounts[key] == amount, "a payment's quote is frozen (R8, R11)"
        match self.invoices.setdefault(key, "open"):
            case "paid":
                return Told("paid", {"key": key})
            case "void":
                return Told("declined", {"key": key, "code": "invoice_void"})
        if self.method is None or self.card == "none":
            return Told("declined", {"key": key, "code": "no_payment_method"})
        known = {"key": key, "method": self.method}
        if self.card == "good":
            self._charge(key)
            return Told("paid", known)
        if self.card == "authentication":
            return Told("requires_action", known)
        return Told("declined", known | {"code": self.card})

    def _charge(self, key: str) -> None:
        assert key not in [each for each, _ in self.charges], "one key moves money at most once (R8)"
        self.invoices[key] = "paid"
        self.charges.append((key, self.amounts[key]))
