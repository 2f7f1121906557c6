"""Free service: whether an account was ever in service for longer than what was paid, given or is being collected.

A ledger of its own, beside the rules: what was bought is what Stripe has money for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.entries import told
from tests.chaos.evidence import MONEY, Evidence
from tests.chaos.findings import instant
from tests.reference import rules

Json = dict[str, Any]

LATE = timedelta(hours=2)
"""How late an account may be seen to act on a deadline: no worker may have run just then."""

ANSWERED_WITHIN = timedelta(days=1)
"""How long an attempt may be under way without anybody being told that its outcome is not known."""


@dataclass
class _Ledger:
    """Until when an account may be in service, as of one entry."""

    evidence: Evidence
    carts: int
    unit_amount: int
    paid_through: datetime | None = None
    due_since: datetime | None = None
    """Since when a renewal is past due because its payer has not paid: for so long its retries go on."""
    stopped_since: datetime | None = None
    unknown: set[str] = field(default_factory=set)
    """Payments that are clearing, or whose outcome is said not to be known."""

    def take(self, entry: Json) -> Iterator[str]:
        """Take an entry; yield what it gives away."""
        what, at = entry["type"].removeprefix("account."), instant(entry["at"])
        if what == "carts_changed":
            self.carts = entry["carts"]
        elif what == "plan_changed":
            self.unit_amount = entry["amount"]
        if what in {"payment_processing", "payment_not_known"}:
            self.unknown.add(entry["payment_key"])
        elif entry["payment_key"]:
            self.unknown.discard(entry["payment_key"])
        if entry["to_state"] != "past_due":
            self.due_since = self.stopped_since = None
        elif entry["from_state"] != "past_due" and what != "payment_stopped":
            self.due_since = at
        if what == "payment_stopped" and entry["to_state"] == "past_due":
            self.stopped_since = self.stopped_since or at
        elif what in {"payment_declined", "payment_requires_action"} and self.stopped_since:
            self.stopped_since, self.due_since = None, at  # retries that a fault of ours has used up were none
        yield from self._bought(what, entry)

    def _bought(self, what: str, entry: Json) -> Iterator[str]:
        """Put down what was bought or given, and yield what was not."""
        if entry["term"] is None or what in {"disabled", "cancelled", "resumed", "enabled"}:
            return
        end = instant(entry["term"]["end"])
        if entry["type"] in MONEY and entry["amount"]:
            if self._is_paid(entry["payment_key"]):
                self._extend(end)
            else:
                yield f"{told(entry)}: a term to {end}, and Stripe has no money for it"
        elif entry["type"] in MONEY:
            within = self.paid_through is not None and end <= self.paid_through
            free = rules.amount_of(self.carts, self.unit_amount) == 0
            if not within and not free:
                yield f"{told(entry)}: a term to {end} for nothing, for {self.carts} carts; paid to {self.paid_through}"
            self._extend(end)
        elif what == "term_extended":
            self._extend(end)

    def _is_paid(self, key: str | None) -> bool:
        mine = (each for each in self.evidence.books.invoices if each["metadata"]["payment_key"] == key)
        return any(each["status"] == "paid" for each in mine)

    def _extend(self, end: datetime) -> None:
        self.paid_through = max(end, self.paid_through or end)

    def may_serve_until(self, state: str) -> datetime | None:
        """Return until when an account in this state may be in service; None: for as long as it takes."""
        if self.paid_through is None or self.unknown:
            return None if self.unknown else datetime.min.replace(tzinfo=UTC)
        if state == "cancelled":
            return self.paid_through + LATE
        policy = next(each.body for each in self.evidence.commands if each.verb == "open").get("policy", {})
        last = policy.get("retry_days", (1, 3, 5, 7))[-1]
        until = self.paid_through + ANSWERED_WITHIN
        if self.due_since is not None:
            until = max(until, self.due_since + timedelta(days=last) + ANSWERED_WITHIN)
        if self.stopped_since is not None:
            days = policy.get("stopped_days", rules.STOPPED_DAYS)
            until = max(until, self.stopped_since + timedelta(days=days, hours=1) + ANSWERED_WITHIN)
        return until + LATE


def free_service(evidence: Evidence) -> Iterator[str]:
    """Yield each stretch of service that nothing was paid for."""
    opening = next(each.body for each in evidence.commands if each.verb == "open")
    ledger = _Ledger(evidence, opening["carts"], opening["plan"]["unit_amount"])
    if opening.get("paid_through"):
        ledger.paid_through = instant(opening["paid_through"]).astimezone(UTC)
    ends = [instant(each["at"]) for each in evidence.timeline[1:]]
    ends += [max(evidence.clock or ends[-1], ends[-1])] if ends else []
    for entry, end in zip(evidence.timeline, ends, strict=False):
        yield from ledger.take(entry)
        if entry["to_state"] not in rules.IN_SERVICE:
            continue
        until = ledger.may_serve_until(entry["to_state"])
        for since, to in evidence.leaps:
            if until is not None and since - timedelta(days=1) <= until <= to:
                until = to + LATE
        if until is not None and end > until:
            yield f"{told(entry)}: in service to {end}, paid to {ledger.paid_through}, allowed to {until}"
