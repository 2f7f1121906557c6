"""An account's timeline, lived through once more by the reference model: each entry must be what the rules make of it.

The timeline does not say when a payment began, only what came of it; nor which tries and looks changed nothing. A
renewal begins when the term ends; a first or an upfront payment begins where the term starts that its invoice at Stripe
is for. How each entry came about is in `causes.py`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.causes import Causes
from tests.chaos.entries import Contradiction, named, term_of, told
from tests.chaos.evidence import Evidence
from tests.chaos.findings import instant
from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.months import Term
from tests.reference.standing import Entry, Forbidden, Quote

Json = dict[str, Any]

PRESSED = "account.cancellation_requested"
"""Told as it comes, also before a deadline that is due at the same moment: it changes nothing (R27)."""

UNDER_WAY = frozenset({"account.payment_method_changed", "account.email_changed"})
"""What Stripe is asked for first: told once it has answered, whatever has fallen due meanwhile."""

OUTCOME_WITHIN = timedelta(minutes=15)
"""How long after its start the first try of a payment may come out, at most, when Stripe fails and workers die."""


@dataclass(frozen=True)
class Snapshot:
    """How the account stood after an entry, by the rules."""

    state: str
    carts: int
    unit_amount: int
    term: Term | None

    @classmethod
    def of(cls, account: ReferenceAccount) -> "Snapshot":
        return cls(account.state, account.carts, account.unit_amount, account.term)


class Replay:
    """One account's second life."""

    def __init__(self, evidence: Evidence) -> None:
        self._entries = named(evidence)
        self._invoices = _by_key(evidence)
        self._shown = evidence.account
        self._was_reset = evidence.pressed.resets > 0
        opening = next(each.body for each in evidence.commands if each.verb == "open")
        policy = opening.get("policy", {})
        self.account = ReferenceAccount(
            account_id=evidence.account_id,
            carts=opening["carts"],
            currency=opening["plan"]["currency"],
            unit_amount=opening["plan"]["unit_amount"],
            zone=opening.get("timezone", "UTC"),
            retry_days=tuple(policy.get("retry_days", (1, 3, 5, 7))),
            debt_policy=policy.get("debt", "void"),
            stopped_days=policy.get("stopped_days", rules.STOPPED_DAYS),
            on_dispute=policy.get("on_dispute", "tell"),
            email=opening.get("email"),
            upcoming_days=policy.get("renewal_upcoming_days"),
        )
        self._opening = opening
        self._causes = Causes(self.account, evidence, self._entries)
        self._begun_from: tuple[str, datetime] | None = None
        """Of the latest try that was late: its payment, and when it was due."""
        self.payments: dict[str, Quote] = {}
        """What each payment was for, by its key."""
        self.snapshots: list[Snapshot] = []
        """The n-th is how the account stood after its n-th entry, from 1."""

    def run(self) -> None:
        """Live through the whole timeline.

        Raises:
            Contradiction: At the first entry that the rules would not have made.
        """
        for number, entry in enumerate(self._entries, start=1):
            if entry["sequence"] != number:
                raise Contradiction(f"entry {number} bears the number {entry['sequence']}")
            if number > 1 and entry["at"] < self._entries[number - 2]["at"]:
                raise Contradiction(f"entry {number} is older than the one before it")
            try:
                self._live_through(number, entry)
            except Forbidden as forbidden:
                raise Contradiction(f"{told(entry)}: the rules forbid it ({forbidden.code})") from forbidden
            self._compare(entry, self.account.timeline[number - 1])
            self._note_payment()
            self.snapshots.append(Snapshot.of(self.account))
        shown = self._shown["payment"]
        if self._causes.may_have_stopped_silently() and shown["decline_code"] == "payment_stopped":
            assert self.account.payment, "the one that was tried"
            self.account.learn("stopped", self.account.payment.attempted, self.account.payment.key)
        if len(self.account.timeline) > len(self._entries):
            raise Contradiction(f"missing: {self.account.timeline[len(self._entries)]}")

    def _live_through(self, number: int, entry: Json) -> None:
        """Let the reference do what led to an entry, unless it has told it already, with what came before."""
        now = instant(entry["at"])
        if number == 1:
            paid_through = self._opening.get("paid_through")
            self.account.open(now, instant(paid_through).astimezone(UTC) if paid_through else None, by="operator")
            self.account.registered(now, "the customer")
            return
        done = self.account.timeline
        if len(done) >= number:
            return
        self._begin_upfront_payment(entry, now)
        if not self._is_before_what_is_due(entry):
            self._happen_until(now, entry)
        if len(done) < number:
            self._causes.bring_about(entry, now)
        if len(done) < number:
            raise Contradiction(f"{told(entry)}: by the rules, nothing changes then")

    def _is_before_what_is_due(self, entry: Json) -> bool:
        """Whether an entry may be told before what its instant makes due: nobody has acted on the deadline yet (R14).

        A press of Temporal's button is; and what was under way at Stripe when the deadline came, if the clock's own
        entry follows at once.
        """
        if entry["from_state"] != self.account.state:
            return False
        following = next(iter(self._entries[entry["sequence"] :]), None)
        is_next = following is not None and (following["at"], following["actor"]["kind"]) == (entry["at"], "timer")
        return entry["type"] == PRESSED or (entry["type"] in UNDER_WAY and is_next)

    def _begin_upfront_payment(self, entry: Json, now: datetime) -> None:
        """Press the button that nothing but the outcome tells of, when its time has come."""
        account = self.account
        key = rules.payment_key(account.account_id, account.payments + 1)
        begun = self._begin_of(key, entry, now) if account.state == "disabled" else None
        if begun is None or begun > now:
            return
        if account.is_collecting:
            self._causes.stops_silently(entry, begun)
        if account.is_collecting or account.is_processing:
            return
        if begun == now and entry["payment_key"] != key:
            # Within one second, the sum tells what came first: the button, or the change of carts or price.
            changes_sum = entry["type"] in {"account.carts_changed", "account.plan_changed"}
            if not changes_sum or account.quote_at(begun).amount != self._first_entry_of(key)["amount"]:
                return
        self._happen_until(begun, entry)
        account.reactivate(begun)

    def _happen_until(self, now: datetime, entry: Json) -> None:
        account = self.account
        due = account.payment.next_attempt if account.payment else None
        self._expire_as_told(entry, now)
        for _ in range(3000):
            account.happen_until(now)
            if not self._causes.stops_silently(entry, now):
                break
        payment = account.payment
        by_itself = payment and payment.purpose == "renewal" and payment.by == "timer"
        if account.is_collecting and payment and by_itself and payment.attempt == 1:
            # It began between the term's end and now. If that was so late that the retries count from it, the
            # entry alone does not say from when: they may come as early as this.
            payment.started = max(payment.quote.term.start, min(payment.started, now - OUTCOME_WITHIN))
        if account.is_collecting and payment and due and due < payment.attempted:
            self._begun_from = (payment.key, due)

    def _expire_as_told(self, entry: Json, now: datetime) -> None:
        """Let an authentication expire when it did: its try began after its deadline, by how much no entry says."""
        payment = self.account.payment
        is_expiry = (entry["type"], entry["decline_code"]) == ("account.payment_declined", "authentication_required")
        if not (is_expiry and payment and payment.expires and self._begun_from) or now >= payment.expires:
            return
        key, since = self._begun_from
        if entry["payment_key"] == payment.key == key and now - since >= rules.AUTHENTICATION_LIMIT:
            payment.expires = payment.next_attempt = now

    def _note_payment(self) -> None:
        payment = self.account.payment
        if payment and payment.key not in self.payments:
            self.payments[payment.key] = payment.quote

    def _begin_of(self, key: str, entry: Json, now: datetime) -> datetime | None:
        """Return when an upfront payment began; None for a renewal, and while there is none of that key."""
        if all(each["payment_key"] != key for each in self._entries):
            return None
        first = self._first_entry_of(key)
        if first["from_state"] != "disabled":
            return None
        lines = self._invoices[key]["lines"]["data"] if key in self._invoices else []
        if lines:
            begun = datetime.fromtimestamp(max(line["period"]["start"] for line in lines), UTC)
            bought = next((each for each in self._entries if each["payment_key"] == key and each["term"]), None)
            if self._was_reset and bought:
                # The button may have been pressed once more, in the task that was done again, and the payment have
                # found its invoice there: its term tells, where it begins as it was quoted.
                told_at, start = instant(first["at"]), instant(bought["term"]["start"])
                at_once = bought is first and told_at - begun <= rules.AT_ONCE
                return start if start < told_at or at_once else begun
            return begun
        # It came to no invoice: Stripe refused before, or the customer was gone. It began before anything that would
        # have changed its sum, and before it was told of at the latest.
        if entry is first:
            return now
        changes_sum = entry["type"] in {"account.carts_changed", "account.plan_changed"}
        next_sum = self._causes.sum_after(entry)
        due = self.account.quote_at(now).amount
        return now if changes_sum and due == first["amount"] != next_sum else None

    def _first_entry_of(self, key: str) -> Json:
        return next(each for each in self._entries if each["payment_key"] == key)

    def _compare(self, entry: Json, expected_entry: Entry) -> None:
        """Hold an entry against what the reference tells of the same change."""
        expected: Json = {
            "type": expected_entry.type,
            "from_state": expected_entry.before,
            "to_state": expected_entry.after,
            "payment_key": expected_entry.key,
            "decline_code": expected_entry.decline_code,
        }
        if expected_entry.amount is not None:
            expected["amount"] = expected_entry.amount
        if expected_entry.currency is not None:
            expected["currency"] = expected_entry.currency
        if expected_entry.term is not None and entry["type"] != "account.disabled":
            expected["term"] = expected_entry.term
        is_by_itself = expected_entry.by in {"timer", "stripe"}
        if is_by_itself:
            expected["actor"] = expected_entry.by
        found = {name: entry[name] for name in expected}
        found |= {"term": term_of(entry["term"])} if "term" in found else {}
        found |= {"actor": entry["actor"]["kind"]} if is_by_itself else {}
        if found != expected:
            differing = {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]}
            wrong = "; ".join(f"{name} is {is_}, by the rules {should}" for name, (is_, should) in differing.items())
            raise Contradiction(f"{told(entry)}: {wrong}")


def _by_key(evidence: Evidence) -> dict[str, Json]:
    """Return an invoice of each payment: the one that is not void, if there is one."""
    found: dict[str, Json] = {}
    for invoice in sorted(evidence.books.invoices, key=lambda each: bool(each["status"] != "void")):
        found[invoice["metadata"]["payment_key"]] = invoice
    return found
