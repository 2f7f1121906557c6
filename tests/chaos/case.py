"""A life written by hand, faultless, for the checker's own tests to spoil."""

from datetime import UTC, datetime
from typing import Any

from tests.chaos.buttons import Pressed
from tests.chaos.client import Sent
from tests.chaos.evidence import Books, Evidence, Figures
from tests.chaos.product import Heard

Json = dict[str, Any]

ID = "c1"
PLAN = {"currency": "usd", "unit_amount": 2500}


class Case:
    """Opened with 3 carts on 31 January (E1), cancelled and run out; 5 carts, and back in April (E4), after a decline.

    Then the card fails at the renewal in May, and is replaced on the day after (E8). In June the key is wrong for a
    day (R9), and then a bank debit takes its days (R21); the customer's credit pays a part of it (E16).
    """

    def __init__(self) -> None:
        self.timeline: list[Json] = []
        self.commands: list[Sent] = []
        self.books = Books(customers=[{"id": "cus_1", "metadata": {"account_id": ID}}])
        self.pressed = Pressed()
        self.figures = Figures(requests=90, events=160)
        self.heard: list[Heard] = []
        self._state = "new"
        first = ("2027-01-31T10:00:00Z", "2027-02-28T10:00:00Z")
        back = ("2027-04-15T12:00:00Z", "2027-05-15T12:00:00Z")
        then = ("2027-05-15T12:00:00Z", "2027-06-15T12:00:00Z")
        last = ("2027-06-15T12:00:00Z", "2027-07-15T12:00:00Z")
        opening = self.sent("open", {"account_id": ID, "carts": 3, "plan": PLAN}, 201)
        self.entry("opened", first[0], "disabled", opening, carts=3)
        self.paid("activated", first[0], "active", opening, 1, 7500, 3, first)
        cancelled = self.sent("cancel", {"when": "term_end"})
        self.entry("cancelled", "2027-02-10T09:00:00Z", "cancelled", cancelled, term=first)
        self.entry("disabled", first[1], "disabled", reason="cancelled", term=first)
        self.entry("carts_changed", "2027-03-05T00:00:00Z", "disabled", self.sent("carts", {"carts": 5}), carts=5)
        self.sent("reactivate", {}, 402)
        self.declined("payment_declined", back[0], "disabled", 2, 12500)
        self.invoice(2, 12500, 5, back, "void")
        self.entry("payment_method_changed", back[0], "disabled", self.sent("payment-method", {}))
        self.paid("reactivated", back[0], "reactivated", self.sent("reactivate", {}), 3, 12500, 5, back)
        self.declined("past_due", back[1], "past_due", 4, 12500)
        self.entry("payment_method_changed", "2027-05-16T08:00:00Z", "past_due", self.sent("payment-method", {}))
        self.paid("renewed", "2027-05-16T08:00:00Z", "active", None, 4, 12500, 5, then)
        self.of_stripe("payment_stopped", last[0], "past_due", 5, 12500, reason="Invalid API Key provided")
        self.of_stripe("payment_processing", "2027-06-16T12:00:00Z", "past_due", 5, 12500)
        self.paid("renewed", "2027-06-20T09:00:00Z", "active", None, 5, 12500, 5, last, credit=2000)
        self.account: Json = {
            "state": "active",
            "disabled_reason": None,
            "in_service": True,
            "renews": True,
            "carts": 5,
            "plan": PLAN,
            "anchor": back[0],
            "term": {"start": last[0], "end": last[1]},
            "sequence": len(self.timeline),
            "payment": {
                "key": f"{ID}:5",
                "status": "paid",
                "invoice_id": "in_5",
                "decline_code": None,
                "next_attempt_at": None,
            },
        }
        self.clock = datetime(2027, 6, 21, tzinfo=UTC)
        self.told: set[int] = set()
        self.hear()

    @property
    def nobody(self) -> Sent:
        """Whose name stands on what came as a signal from the Temporal UI."""
        return Sent(ID, "", "", {})

    def hear(self) -> None:
        """Let the product hear what it has not heard of yet."""
        for entry in self.timeline[len(self.told) :]:
            content = {name: each for name, each in entry.items() if each is not None}
            self.heard.append(Heard(content, signed=True, known=frozenset(self.told)))
            self.told.add(entry["sequence"])

    @property
    def evidence(self) -> Evidence:
        return Evidence(
            ID,
            self.account,
            self.timeline,
            self.commands,
            self.books,
            heard=self.heard,
            told=frozenset(self.told),
            pressed=self.pressed,
            figures=self.figures,
            clock=self.clock,
        )

    def sent(self, verb: str, body: Json, status: int = 200) -> Sent:
        """Add a command, and what it was answered with; the account in the answer comes with its entry."""
        self.commands.append(Sent(ID, f"{ID}.{len(self.commands)}", verb, body, tries=1, status=status))
        return self.commands[-1]

    def entry(self, what: str, at: str, state: str, sent: Sent | None = None, **facts: Any) -> Json:
        """Add an entry; without a command it is the timer's."""
        money = ("amount", "currency", "payment_key", "invoice_id", "decline_code", "charged", "from_balance")
        names = (*money, "reason", "carts", "unit_amount", "term")
        actor = {"kind": "operator", "id": sent.key or None} if sent else {"kind": "timer", "id": None}
        if term := facts.get("term"):
            facts["term"] = {"start": term[0], "end": term[1]}
        self.timeline.append(
            {
                **dict.fromkeys(names),
                "sequence": len(self.timeline) + 1,
                "at": at,
                "type": f"account.{what}",
                "actor": actor,
                "from_state": self._state,
                "to_state": state,
                **facts,
            }
        )
        self._state = state
        return self.timeline[-1]

    def of_stripe(self, what: str, at: str, state: str, n: int, amount: int, **facts: Any) -> Json:
        """Add an entry of what Stripe, or a bank, has said of a payment."""
        entry = self.entry(what, at, state, amount=amount, currency="usd", payment_key=f"{ID}:{n}", **facts)
        entry["actor"]["kind"] = "stripe"
        return entry

    def paid(
        self,
        what: str,
        at: str,
        state: str,
        sent: Sent | None,
        n: int,
        amount: int,
        carts: int,
        term: tuple[str, str],
        credit: int = 0,
    ) -> None:
        """Add an entry of money taken, and its invoice and charge at Stripe; a credit may have paid a part."""
        parts = {"charged": amount - credit, "from_balance": credit} if credit else {}
        self.entry(what, at, state, sent, amount=amount, currency="usd", payment_key=f"{ID}:{n}", term=term, **parts)
        self.invoice(n, amount, carts, term, "paid", credit)
        self.charge(n, amount - credit, paid=True)

    def declined(self, what: str, at: str, state: str, n: int, amount: int) -> None:
        """Add an entry of a card that failed, and its charge at Stripe."""
        self.of_stripe(what, at, state, n, amount, decline_code="generic_decline")
        self.charge(n, amount, paid=False)

    def invoice(self, n: int, amount: int, carts: int, term: tuple[str, str], status: str, credit: int = 0) -> Json:
        """Add an invoice at Stripe."""
        start, end = (int(datetime.fromisoformat(each).astimezone(UTC).timestamp()) for each in term)
        line = {"amount": amount, "quantity": carts, "period": {"start": start, "end": end}}
        self.books.invoices.append(
            {
                "id": f"in_{n}",
                "status": status,
                "total": amount,
                "amount_due": amount - credit,
                "amount_paid": amount - credit,
                "currency": "usd",
                "metadata": {"account_id": ID, "payment_key": f"{ID}:{n}"},
                "lines": {"data": [line]},
            }
        )
        return self.books.invoices[-1]

    def charge(self, n: int, amount: int, *, paid: bool, created: int = 0, advice: str | None = None) -> Json:
        """Add a charge at Stripe."""
        code = None if paid else "generic_decline"
        self.books.charges.append(
            {
                "invoice": f"in_{n}",
                "amount": amount,
                "currency": "usd",
                "paid": paid,
                "status": "succeeded" if paid else "failed",
                "failure_code": code,
                "outcome": {"reason": code, "advice_code": advice},
                "payment_method": "pm_1",
                "created": created,
            }
        )
        return self.books.charges[-1]
