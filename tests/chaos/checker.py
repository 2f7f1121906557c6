"""The independent checker: says what is wrong with an account, from Stripe's books, the timeline and the answers given.

It shares no code with the core: what should have been is told by the reference model (`tests/reference`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from tests.chaos.client import Sent
from tests.chaos.evidence import Evidence
from tests.chaos.replay import Contradiction, Replay, Snapshot, instant, named, term_of
from tests.reference import rules
from tests.reference.standing import Quote

Json = dict[str, Any]

DAY = 24 * 3600
"""Seconds after which Stripe may have forgotten an idempotency key, by its own clock."""


class Kind(StrEnum):
    """What a finding counts as."""

    DOUBLE_CHARGE = "double charge"
    LOST_COMMAND = "lost command"
    WRONG_STATE = "wrong state"
    STUCK = "stuck account"


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    kind: Kind
    account_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.account_id}: {self.what}"


def findings(evidence: Evidence) -> list[Finding]:
    """Return all that is wrong with one account, which is at rest."""
    replay = Replay(evidence)
    wrong: list[tuple[Kind, str]] = []
    try:
        replay.run()
    except Contradiction as contradiction:
        wrong.append((Kind.WRONG_STATE, str(contradiction)))
    else:
        wrong += [(Kind.WRONG_STATE, what) for what in _final_state(evidence, replay)]
    wrong += _money(evidence, replay.payments)
    wrong += [(Kind.WRONG_STATE, what) for what in _left_open(evidence)]
    wrong += [(Kind.LOST_COMMAND, what) for what in _commands(evidence)]
    wrong += [(Kind.WRONG_STATE, what) for what in _answers(evidence, replay.snapshots)]
    return [Finding(kind, evidence.account_id, what) for kind, what in wrong]


# ---------------------------------------------------------------------- the state


def _final_state(evidence: Evidence, replay: Replay) -> Iterator[str]:
    """Hold the account as it stands against the end of its timeline."""
    account, by_the_rules = evidence.account, replay.account
    status = by_the_rules.payment.status if by_the_rules.payment else "none"
    anchor = by_the_rules.anchor
    expected = {
        "sequence": len(evidence.timeline),
        "state": by_the_rules.state,
        "disabled_reason": by_the_rules.disabled_reason,
        "in_service": by_the_rules.state in rules.IN_SERVICE,
        "renews": by_the_rules.state in rules.RENEWS,
        "carts": by_the_rules.carts,
        "plan": {"currency": by_the_rules.currency, "unit_amount": by_the_rules.unit_amount},
        "term": by_the_rules.term,
        "anchor": anchor,
        "status": status,
    }
    found = {
        **account,
        "term": term_of(account["term"]),
        "anchor": instant(account["anchor"]) if account["anchor"] else None,
        "status": account["payment"]["status"],
    }
    for name, should in expected.items():
        if found[name] != should:
            yield f"{name} is {found[name]}, by its timeline {should}"


def _answers(evidence: Evidence, snapshots: list[Snapshot]) -> Iterator[str]:
    """Hold what callers were told against the account as it stood then."""
    for sent in evidence.commands:
        account = sent.account
        if not account or not 1 <= account["sequence"] <= len(snapshots):
            continue
        term = term_of(account.get("term"))
        told = Snapshot(account["state"], account["carts"], account["plan"]["unit_amount"], term)
        if told != snapshots[account["sequence"] - 1]:
            yield f"{sent.key} ({sent.verb}) was told {told}, by the rules it was {snapshots[account['sequence'] - 1]}"


# ---------------------------------------------------------------------- the money


def _money(evidence: Evidence, payments: dict[str, Quote]) -> Iterator[tuple[Kind, str]]:
    """Hold Stripe's books against the timeline: each payment once, for what it was for, and no money besides."""
    books = evidence.books
    paid_entries: dict[str, list[Json]] = {}
    for entry in evidence.timeline:
        if entry["type"] in rules.PAID and entry["payment_key"]:
            paid_entries.setdefault(entry["payment_key"], []).append(entry)
    if len(books.customers) != 1:
        yield Kind.WRONG_STATE, f"has {len(books.customers)} customers at Stripe"
    for key, count in Counter(each["metadata"].get("payment_key") for each in books.invoices).items():
        if count > 1:
            yield Kind.DOUBLE_CHARGE, f"payment {key} has {count} invoices"
    for invoice in books.invoices:
        yield from _one_invoice(evidence, invoice, paid_entries.get(invoice["metadata"].get("payment_key"), []))
    invoiced = {each["metadata"].get("payment_key"): each for each in books.invoices}
    for key, entries in paid_entries.items():
        if len(entries) > 1:
            yield Kind.DOUBLE_CHARGE, f"payment {key} is told as paid {len(entries)} times"
        if key not in invoiced or invoiced[key]["status"] != "paid":
            yield Kind.WRONG_STATE, f"payment {key} is told as paid, but Stripe has no money for it"
    for key, quote in payments.items():
        if key in invoiced:
            yield from ((Kind.WRONG_STATE, what) for what in _invoice_for(invoiced[key], quote))


def _one_invoice(evidence: Evidence, invoice: Json, paid: list[Json]) -> Iterator[tuple[Kind, str]]:
    """Look at the charges of one invoice: what moved money, and what was tried in vain."""
    key = invoice["metadata"].get("payment_key")
    charges = [each for each in evidence.books.charges if each["invoice"] == invoice["id"]]
    taken = [each for each in charges if each["paid"]]
    if len(taken) > 1:
        yield Kind.DOUBLE_CHARGE, f"payment {key} took money {len(taken)} times"
    if taken and not paid:
        yield Kind.DOUBLE_CHARGE, f"payment {key} took {taken[0]['amount']}, and no entry tells of it"
    for charge, entry in zip(taken, paid, strict=False):
        if (charge["amount"], charge["currency"]) != (entry["amount"], entry["currency"]):
            yield Kind.WRONG_STATE, f"payment {key} took {charge['amount']}, and tells of {entry['amount']}"
    declined = sum(entry["payment_key"] == key and _was_declined_by_a_bank(entry) for entry in evidence.timeline)
    failed = sorted(each["created"] for each in charges if not each["paid"])
    # After a day Stripe has forgotten the try whose answer was lost, and makes it again: that is not ours to prevent.
    forgotten = sum(after - before >= DAY for before, after in pairwise(failed))
    if not declined <= len(failed) <= declined + forgotten:
        yield Kind.WRONG_STATE, f"payment {key} was tried in vain {len(failed)} times, its timeline tells of {declined}"


def _was_declined_by_a_bank(entry: Json) -> bool:
    code = entry["decline_code"]
    ours = {None, "no_payment_method", "authentication_required", "payment_stopped"}
    return code not in ours and not code.startswith("invoice_")


def _invoice_for(invoice: Json, quote: Quote) -> Iterator[str]:
    """Hold an invoice against what the payment was for, line by line."""
    lines = invoice["lines"]["data"]
    found = sorted((line["amount"], line["quantity"]) for line in lines)
    month = rules.amount_of(quote.carts, quote.unit_amount)
    expected = sorted([(month, quote.carts)] * bool(month) + [(quote.debt, 1)] * bool(quote.debt))
    if found != expected or invoice["total"] != quote.amount or invoice["currency"] != quote.currency:
        yield f"invoice {invoice['metadata'].get('payment_key')} is for {found}, not for {expected}"
    periods = [tuple(datetime.fromtimestamp(line["period"][end], UTC) for end in ("start", "end")) for line in lines]
    if month and tuple(quote.term) not in periods:
        yield f"invoice {invoice['metadata'].get('payment_key')} is for the term {periods}, not for {quote.term}"


def _left_open(evidence: Evidence) -> Iterator[str]:
    """Say what can still be paid at Stripe, though nothing awaits it (R3, R6, R9, R12)."""
    account = evidence.account
    waiting = account["state"] == "past_due" or account["payment"]["status"] == "requires_action"
    for invoice in evidence.books.invoices:
        awaited = waiting and invoice["id"] == account["payment"]["invoice_id"]
        if invoice["status"] not in {"paid", "void"} and not awaited:
            yield f"invoice {invoice['metadata'].get('payment_key')} is {invoice['status']}, and nothing awaits it"


# ---------------------------------------------------------------------- the commands

LEAVES = {
    "open": ("account.opened", "account.activated"),
    "carts": ("account.carts_changed",),
    "payment-method": ("account.payment_method_changed",),
    "plan": ("account.plan_changed",),
    "extend": ("account.term_extended",),
    "disable": ("account.disabled",),
    "enable": ("account.enabled",),
    "close": ("account.closed",),
    "cancel": ("account.cancelled", "account.disabled", "account.payment_cancelled"),
    "reactivate": ("account.resumed", "account.reactivated"),
}
"""What each command may leave in the timeline."""

MAY_CHANGE_NOTHING = {"cancel", "reactivate"}
"""Taken, they may leave nothing: cancelled already (R3), joined a payment under way, or declined (R14, R6)."""

NEVER_SAID = {"idempotency_key_reused", "account_not_found", "account_exists", "invalid_request", "unauthorized"}
"""Refusals that none of these commands deserves."""


def _commands(evidence: Evidence) -> Iterator[str]:
    """Find each command that was taken exactly once in the timeline, and each that was refused never."""
    try:
        entries = named(evidence)
    except Contradiction as contradiction:
        yield str(contradiction)
        return
    left: dict[str, list[Json]] = {}
    for entry in entries:
        if entry["actor"]["kind"] in {"user", "operator"}:
            left.setdefault(entry["actor"]["id"] or _anonymous(evidence, entry), []).append(entry)
    for sent in evidence.commands:
        yield from _one_command(sent, left.pop(sent.key, []))
    for actor, unasked in left.items():
        yield f"{[each['type'] for each in unasked]} by {actor}, who never asked"


def _anonymous(evidence: Evidence, entry: Json) -> str:
    """Return whose entry this was, though closing has taken the name out: cart changes are told by their number."""
    of = {"account.carts_changed": "carts", "account.closed": "close"}.get(entry["type"])
    mine = (each for each in evidence.commands if each.verb == of)
    return next((each.key for each in mine if of == "close" or each.body["carts"] == entry["carts"]), "nobody")


def _one_command(sent: Sent, left: list[Json]) -> Iterator[str]:
    named_so = f"{sent.key} ({sent.verb} {sent.body})"
    if strange := [each["type"] for each in left if each["type"] not in LEAVES[sent.verb]]:
        yield f"{named_so} left {strange}"
    if sent.status is None:
        yield f"{named_so} was never answered"
    elif not sent.accepted:
        if sent.code in NEVER_SAID:
            yield f"{named_so} was refused as {sent.code}"
        # A copy that its caller gave up may have been on its way still, and been taken later; but once. And a closed
        # account has forgotten what it answered (R13), so that it says this also of what it took on an earlier try.
        forgotten = sent.code == "account_closed" and sent.tries > 1
        if len(left) > bool(sent.unanswered or forgotten):
            yield f"{named_so} was refused ({sent.code}), and left {len(left)} entries"
    elif len(left) > len({each["type"] for each in left}):
        yield f"{named_so} was taken more than once: it left {[each['type'] for each in left]}"
    elif not left and sent.verb not in MAY_CHANGE_NOTHING:
        yield f"{named_so} was answered with {sent.status}, and left nothing"
    if sent.contradicted and sent.contradicted.get("code") != "account_closed":
        told = sent.contradicted.get("sequence"), sent.contradicted.get("code")
        yield f"{named_so} was answered otherwise when it came again: {sent.contradicted['status']}, {told}"
