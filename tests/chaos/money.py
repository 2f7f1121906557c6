"""Stripe's books against the timeline: each payment once, for what it was for; and all that was paid has bought."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tests.chaos.evidence import MONEY, MONEY_BACK, Evidence
from tests.chaos.findings import Kind, instant
from tests.reference import rules
from tests.reference.standing import Quote

Json = dict[str, Any]

DAY = 24 * 3600
"""Seconds after which Stripe may have forgotten an idempotency key, by its own clock."""

ENDED = frozenset({"paid", "void"})
ASKS_FOR_MONEY = frozenset({"open", "uncollectible"})

HARD = frozenset({"lost_card", "stolen_card", "expired_card", "incorrect_number"})
"""Of the decline codes that these lives meet, those after which the same card cannot pay (R9)."""

DO_NOT_ASK = frozenset({"do_not_try_again", "confirm_card_data"})

STOPPED = "account.payment_stopped"

OURS = frozenset({None, "no_payment_method", "authentication_required", "payment_stopped", "invoice_voided"})
"""What stands in an entry as the code of a payment that no bank has declined."""


def money(evidence: Evidence, payments: Mapping[str, Quote]) -> Iterator[tuple[Kind, str]]:
    """Yield what is wrong with an account's money.

    Args:
        evidence: Of one account.
        payments: What each payment was for, by its key, as far as the rules tell.
    """
    if len(evidence.books.customers) > 1:
        yield Kind.WRONG_STATE, f"has {len(evidence.books.customers)} customers at Stripe"
    invoices = _by_key(evidence.books.invoices)
    entries: dict[str, list[Json]] = {}
    for entry in evidence.timeline:
        if entry["type"] in MONEY and entry["payment_key"] and entry["amount"]:
            entries.setdefault(entry["payment_key"], []).append(entry)
    for key, mine in invoices.items():
        yield from _one_payment(evidence, key, mine, entries.get(key, []))
        paid = [each for each in mine if each["status"] == "paid"]
        if key in payments:
            for invoice in paid or [each for each in mine if each["status"] in ASKS_FOR_MONEY]:
                wrong = _invoice_for(invoice, payments[key], to_the_second=not evidence.pressed.resets)
                yield from ((Kind.WRONG_STATE, what) for what in wrong)
    for key in entries:
        if not any(each["status"] == "paid" for each in invoices.get(key, [])):
            yield Kind.WRONG_STATE, f"payment {key} is told as paid, but Stripe has no money for it"
    yield from _terms(evidence)
    yield from ((Kind.WRONG_STATE, what) for what in _money_back(evidence))
    yield from ((Kind.WRONG_STATE, what) for what in _left_open(evidence))


def _by_key(invoices: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for invoice in invoices:
        found.setdefault(invoice["metadata"]["payment_key"], []).append(invoice)
    return found


# ---------------------------------------------------------------------- one payment


def _one_payment(evidence: Evidence, key: str, invoices: list[Json], told: list[Json]) -> Iterator[tuple[Kind, str]]:
    """Look at all invoices of one payment, and at their charges: what moved money, and what was tried in vain."""
    payable = [each["id"] for each in invoices if each["status"] != "void"]
    if len(payable) > 1:
        yield Kind.DOUBLE_CHARGE, f"payment {key} has {len(payable)} invoices that can be paid"
    if len(told) > 1:
        yield Kind.DOUBLE_CHARGE, f"payment {key} is told as paid {len(told)} times"
    ids = {each["id"] for each in invoices}
    charges = [each for each in evidence.books.charges if each["invoice"] in ids]
    taken = [each for each in charges if each["paid"]]
    if len(taken) > 1:
        yield Kind.DOUBLE_CHARGE, f"payment {key} took money {len(taken)} times"
    for invoice in invoices:
        if invoice["status"] == "paid":
            yield from _paid(evidence, invoice, next(iter(taken), None), told)
    yield from ((Kind.WRONG_STATE, what) for what in _in_vain(evidence, key, charges))


def _paid(evidence: Evidence, invoice: Json, charge: Json | None, told: list[Json]) -> Iterator[tuple[Kind, str]]:
    """Hold the money of one invoice against its entry."""
    key = invoice["metadata"]["payment_key"]
    if not told:
        yield Kind.MONEY_WITHOUT_SERVICE, f"payment {key} is paid ({invoice['amount_paid']}), and no entry tells of it"
        return
    entry = told[0]
    if (invoice["total"], invoice["currency"]) != (entry["amount"], entry["currency"]):
        yield Kind.WRONG_STATE, f"payment {key} is for {invoice['total']} at Stripe, and tells of {entry['amount']}"
    charged = charge["amount"] if charge else invoice["amount_due"]
    by_entry = entry["amount"] if entry["charged"] is None else entry["charged"]
    if charged > entry["amount"]:
        yield Kind.DOUBLE_CHARGE, f"payment {key} took {charged}, more than the {entry['amount']} that it is for"
    elif charged != by_entry:
        yield Kind.WRONG_STATE, f"payment {key} took {charged}, and tells of {by_entry}"
    if entry["term"] is None and "refund" not in _reason(evidence, entry):
        yield Kind.MONEY_WITHOUT_SERVICE, f"payment {key} was paid, bought nothing, and nobody is to refund it: {entry}"


def _reason(evidence: Evidence, entry: Json) -> str:
    """Return an entry's reason; closing has taken it out of the timeline (R13), but the product has heard it."""
    heard = (each.entry for each in evidence.heard if each.sequence == entry["sequence"])
    return entry["reason"] or next((each["reason"] for each in heard if each.get("reason")), "")


def _in_vain(evidence: Evidence, key: str, charges: list[Json]) -> Iterator[str]:
    """Compare what banks have refused with what the timeline tells of."""
    failed = sorted((each for each in charges if each["status"] == "failed"), key=lambda each: int(each["created"]))
    hard = [each for each in failed if each["failure_code"] != "authentication_required"]
    told = sum(entry["payment_key"] == key and entry["decline_code"] not in OURS for entry in evidence.timeline)
    # After a day Stripe has forgotten the try whose answer was lost, and makes it again: that is not ours to prevent.
    # Nor is it that Stripe saves an answer of its own failure: the attempt then goes on under another key (R8).
    moments = sorted(int(each["created"]) for each in charges)
    again = sum(after - before >= DAY for before, after in pairwise(moments))
    again += evidence.figures.saved_failures.get(key, 0)
    # A debit that failed may be told as void: its invoice was given up with a customer that somebody deleted (R23).
    again += sum(
        entry["payment_key"] == key and entry["decline_code"] == "invoice_voided" for entry in evidence.timeline
    )
    # A bank's answer may be lost, and the next try stopped at a refusal of Stripe's: it has seen that nothing is paid.
    stopped = sum(entry["payment_key"] == key and entry["type"] == STOPPED for entry in evidence.timeline)
    # What a run tells that was reset is told since the reset alone; the banks were asked before, too (R27).
    most = len(hard) if evidence.pressed.resets else told + again + stopped
    if not told <= len(hard) <= most:
        yield f"payment {key} was tried in vain {len(hard)} times, its timeline tells of {told}"
    cards = {each["payment_method"] for each in hard if _says_no(each)}
    for card in sorted(cards):
        first = next(n for n, each in enumerate(failed) if each["payment_method"] == card and _says_no(each))
        asked = sum(each["payment_method"] == card for each in failed[first + 1 :]) - again
        if asked > 0:
            yield f"payment {key} asked {card} {asked} times more after its bank had said not to (R9)"
    if not evidence.pressed.resets:
        yield from _told_again(evidence, key, failed)


def _told_again(evidence: Evidence, key: str, failed: list[Json]) -> Iterator[str]:
    """Find attempts with a card that cannot pay, however much later: what is told twice was no repeat of one try."""
    by_code: dict[str, list[Json]] = {}
    for charge in failed:
        by_code.setdefault((charge["outcome"] or {}).get("reason") or charge["failure_code"], []).append(charge)
    for code, charges in by_code.items():
        told = sum(each["payment_key"] == key and each["decline_code"] == code for each in evidence.timeline)
        (card, *others) = sorted({each["payment_method"] for each in charges})
        if told > 1 and not others and _says_no(charges[0]):
            yield f"payment {key} asked {card} in {told} attempts; at the first, its bank had said not to (R9)"


def _says_no(charge: Json) -> bool:
    """Whether a bank has said that the same card cannot pay (R9): by its advice, or else by its code."""
    outcome = charge["outcome"] or {}
    if advice := outcome.get("advice_code"):
        return advice in DO_NOT_ASK
    return outcome.get("reason") in HARD


def _invoice_for(invoice: Json, quote: Quote, *, to_the_second: bool) -> Iterator[str]:
    """Hold an invoice against what the payment was for, line by line.

    Not to the second, where the run was reset: the payment was begun once more, and found its invoice there.
    """
    lines, key = invoice["lines"]["data"], invoice["metadata"]["payment_key"]
    found = sorted((line["amount"], line["quantity"]) for line in lines)
    month = rules.amount_of(quote.carts, quote.unit_amount)
    debts = [(debt.amount, 1) for debt in quote.debts]
    expected = sorted([(month, quote.carts)] * bool(month) + debts)
    if found != expected or invoice["total"] != quote.amount or invoice["currency"] != quote.currency:
        yield f"invoice {key} is for {found}, not for {expected}"
    periods = [tuple(datetime.fromtimestamp(line["period"][end], UTC) for end in ("start", "end")) for line in lines]
    if to_the_second and month and tuple(quote.term) not in periods:
        yield f"invoice {key} is for the term {periods}, not for {quote.term}"


# ---------------------------------------------------------------------- all payments together


def _terms(evidence: Evidence) -> Iterator[tuple[Kind, str]]:
    """Find money that bought what was bought before: each payment's term must end later than all before it."""
    latest: datetime | None = None
    for entry in evidence.timeline:
        if entry["type"] not in MONEY or not entry["amount"] or not entry["term"]:
            continue
        end = instant(entry["term"]["end"])
        if latest is not None and end <= latest:
            yield (
                Kind.DOUBLE_CHARGE,
                f"payment {entry['payment_key']} paid for a term to {end}, paid before to {latest}",
            )
        latest = max(end, latest or end)


def _money_back(evidence: Evidence) -> Iterator[str]:
    """Yield refunds and disputes at Stripe that were never told (R24)."""
    told = {entry["invoice_id"] for entry in evidence.timeline if entry["type"] in MONEY_BACK}
    for each in evidence.books.refunds:
        if each["invoice"] not in told:
            yield f"{each['object']} {each['id']} of {each['amount']} was never told"


def _left_open(evidence: Evidence) -> Iterator[str]:
    """Say what can still be paid at Stripe, though nothing awaits it (R3, R6, R9, R12)."""
    account = evidence.account
    latest = account["payment"]
    awaited = account["state"] == "past_due" or latest["status"] in {"requires_action", "processing"}
    stopped = latest["decline_code"] == "payment_stopped" and latest["next_attempt_at"] is not None
    owed = {entry["payment_key"] for entry in evidence.timeline if entry["type"] == "account.void_owed"}
    owed -= {entry["payment_key"] for entry in evidence.timeline if entry["type"] in VOIDED}
    for invoice in evidence.books.invoices:
        key = invoice["metadata"]["payment_key"]
        waits = (awaited or stopped) and key == latest["key"]
        if invoice["status"] not in ENDED and not waits and key not in owed:
            yield f"invoice {key} is {invoice['status']}, and nothing awaits it"


VOIDED = frozenset({"account.payment_voided", *MONEY})
"""Entries by which a void is owed no more: it is done, or the payer was faster."""
