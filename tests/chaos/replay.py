"""An account's timeline, lived through once more by the reference model: each entry must be what the rules make of it.

The timeline does not say when a payment began, only what came of it. A renewal begins when the term ends; a first or an
upfront payment begins where the term starts that its invoice at Stripe is for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.client import Sent
from tests.chaos.evidence import Evidence
from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.months import Term
from tests.reference.standing import Entry, Forbidden, Quote

Json = dict[str, Any]


OUTCOME_WITHIN = timedelta(minutes=15)
"""How long after its start the first try of a payment may come out, at most, when Stripe fails and workers die."""


class Contradiction(Exception):  # noqa: N818 - the timeline's fault, not the program's
    """The timeline says what the rules do not."""


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
        self._sent = {each.key: each for each in evidence.commands}
        self._invoices = {each["metadata"].get("payment_key"): each for each in evidence.books.invoices}
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
        )
        self._opening = opening
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
                raise Contradiction(f"{_told(entry)}: the rules forbid it ({forbidden.code})") from forbidden
            self._compare(entry, self.account.timeline[number - 1])
            self._note_payment()
            self.snapshots.append(Snapshot.of(self.account))
        if len(self.account.timeline) > len(self._entries):
            raise Contradiction(f"missing: {self.account.timeline[len(self._entries)]}")

    def _live_through(self, number: int, entry: Json) -> None:
        """Let the reference do what led to an entry, unless it has told it already, with what came before."""
        now = instant(entry["at"])
        if number == 1:
            self.account.open(now, _instant_or_none(self._opening.get("paid_through")), by="operator")
            return
        told = self.account.timeline
        if len(told) >= number:
            return
        self._begin_upfront_payment(entry, now)
        self._happen_until(now)
        if len(told) < number:
            self._cause(entry, now)
        if len(told) < number:
            raise Contradiction(f"{_told(entry)}: by the rules, nothing changes then")

    def _begin_upfront_payment(self, entry: Json, now: datetime) -> None:
        """Press the button that nothing but the outcome tells of, when its time has come."""
        key = rules.payment_key(self.account.account_id, self.account.payments + 1)
        begun = self._begin_of(key) if self.account.state == "disabled" else None
        if begun is None or begun > now or self.account.is_collecting:
            return
        if begun == now and entry["payment_key"] != key:
            # Within one second, the sum tells what came first: the button, or the change of carts or price.
            changes_sum = entry["type"] in {"account.carts_changed", "account.plan_changed"}
            if not changes_sum or self.account.quote_at(begun).amount != self._invoices[key]["total"]:
                return
        self._happen_until(begun)
        self.account.reactivate(begun)

    def _happen_until(self, now: datetime) -> None:
        account = self.account
        account.happen_until(now)
        payment = account.payment
        if account.is_collecting and payment and payment.purpose == "renewal" and payment.attempt == 1:
            # It began between the term's end and now. If that was so late that the retries count from it, the
            # entry alone does not say from when: they may come as early as this.
            payment.started = max(payment.quote.term.start, min(payment.started, now - OUTCOME_WITHIN))

    def _note_payment(self) -> None:
        payment = self.account.payment
        if payment and payment.key not in self.payments:
            self.payments[payment.key] = payment.quote

    def _begin_of(self, key: str) -> datetime | None:
        """Return when an upfront payment began; None for a renewal, and while there is none of that key."""
        if all(entry["payment_key"] != key for entry in self._entries):
            return None
        lines = self._invoices[key]["lines"]["data"] if key in self._invoices else []
        if not lines:
            raise Contradiction(f"payment {key} has no invoice at Stripe, or one of nothing")
        return datetime.fromtimestamp(max(line["period"]["start"] for line in lines), UTC)

    def _cause(self, entry: Json, now: datetime) -> None:
        account, key, code = self.account, entry["payment_key"], entry["decline_code"]
        match entry["type"].removeprefix("account."):
            case "activated" | "reactivated" | "renewed" | "payment_received" if key:
                account.paid(now, key)
            case "past_due" if code is None:
                account.requires_action(now, key)
            case "payment_declined" if entry["actor"]["kind"] == "timer":
                self._expired(key, now)
            case "past_due" | "payment_declined":
                account.declined(now, key, code)
            case "payment_requires_action":
                account.requires_action(now, key)
            case "payment_method_changed":
                account.method_changed(now, by="operator")
            case "carts_changed":
                account.set_carts(now, entry["carts"], by="operator")
            case "plan_changed":
                account.change_plan(now, entry["currency"], entry["amount"], by="operator")
            case "term_extended":
                account.extend_term(now, days=self._command(entry).body["days"])
            case "cancelled" | "payment_cancelled":
                account.cancel(now, by="operator")
            case "resumed" | "reactivated":
                account.reactivate(now, by="operator")
            case "enabled":
                account.enable(now)
            case "closed":
                account.close(now)
            case "disabled" if entry["actor"]["kind"] == "operator":
                self._disabled_by(self._command(entry), now)

    def _expired(self, key: str, now: datetime) -> None:
        """Let a payment end that its payer did not authenticate: after 23 hours (R10), or with the last retry (R9)."""
        payment = self.account.payment
        given_up = self.account.disabled_reason == "payment_failed"
        if payment and (given_up or (payment.expires and now >= payment.expires)):
            self.account.voided(now, key, "void")

    def _disabled_by(self, sent: Sent, now: datetime) -> None:
        if sent.verb == "disable":
            self.account.disable(now)
        else:
            self.account.cancel(now, sent.body.get("when", "term_end"), by="operator")

    def _command(self, entry: Json) -> Sent:
        sent = self._sent.get(entry["actor"]["id"] or "")
        if sent is None:
            raise Contradiction(f"{_told(entry)}: nobody asked for it")
        return sent

    def _compare(self, entry: Json, told: Entry) -> None:
        """Hold an entry against what the reference tells of the same change."""
        expected: Json = {
            "type": told.type,
            "from_state": told.before,
            "to_state": told.after,
            "payment_key": told.key,
            "decline_code": told.decline_code,
        }
        if told.amount is not None:
            expected["amount"] = told.amount
        if told.term is not None and entry["type"] != "account.disabled":
            expected["term"] = told.term
        is_by_itself = told.by in {"timer", "stripe"}
        if is_by_itself:
            expected["actor"] = told.by
        found = {name: entry[name] for name in expected}
        found |= {"term": term_of(entry["term"])} if "term" in found else {}
        found |= {"actor": entry["actor"]["kind"]} if is_by_itself else {}
        if found != expected:
            differing = {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]}
            wrong = "; ".join(f"{name} is {is_}, by the rules {should}" for name, (is_, should) in differing.items())
            raise Contradiction(f"{_told(entry)}: {wrong}")


def named(evidence: Evidence) -> Sequence[Json]:
    """Return the timeline with the names in it, also those that closing has taken out (R13)."""
    kept = {each["sequence"]: each for each in evidence.before_closing or []}
    named_entries = []
    for entry in evidence.timeline:
        before = kept.get(entry["sequence"])
        if before and {**before, "actor": None, "reason": None} != {**entry, "actor": None, "reason": None}:
            raise Contradiction(f"{_told(entry)} was rewritten by closing: it was {before}")
        named_entries.append(before or entry)
    return named_entries


def instant(text: str) -> datetime:
    """`2027-01-31T10:00:00Z` as an instant."""
    return datetime.fromisoformat(text)


def term_of(term: Mapping[str, str] | None) -> Term | None:
    """Return a term as the reference writes it."""
    return Term(instant(term["start"]), instant(term["end"])) if term else None


def _instant_or_none(text: str | None) -> datetime | None:
    return instant(text).astimezone(UTC) if text else None


def _told(entry: Json) -> str:
    return f"{entry['sequence']} {entry['type'].removeprefix('account.')} at {entry['at']}"
