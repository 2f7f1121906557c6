"""The commands: each that was taken is in the timeline once, under its caller's name; each that was refused, never."""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from tests.chaos.client import Sent
from tests.chaos.entries import TEMPORAL_UI, Contradiction, named
from tests.chaos.evidence import Evidence

Json = dict[str, Any]

LEAVES = {
    "open": ("account.opened", "account.activated"),
    "carts": ("account.carts_changed",),
    "email": ("account.email_changed",),
    "payment-method": ("account.payment_method_changed",),
    "plan": ("account.plan_changed",),
    "extend": ("account.term_extended",),
    "disable": ("account.disabled",),
    "enable": ("account.enabled", "account.renewed"),
    "close": ("account.closed",),
    "cancel": ("account.cancelled", "account.disabled", "account.payment_cancelled"),
    "reactivate": ("account.resumed", "account.reactivated"),
}
"""What each command may leave in the timeline. An account that is enabled while past due renews by that (R13)."""

MAY_CHANGE_NOTHING = {"cancel", "reactivate"}
"""Taken, they may leave nothing: cancelled already (R3), joined a payment under way, or declined (R14, R6)."""

NEVER_SAID = {"idempotency_key_reused", "account_not_found", "account_exists", "account_stopped", "unauthorized"}
"""Refusals that none of these commands deserves."""

MAY_BE_INVALID = {"email", "payment-method"}
"""What Stripe may refuse as it stands; all else that is sent is right."""

PRESSED = "account.cancellation_requested"
"""What Temporal's own button leaves (R27)."""


def commands(evidence: Evidence) -> Iterator[str]:
    """Yield each command that is not in the timeline just as often as it was taken."""
    try:
        entries = named(evidence)
    except Contradiction as contradiction:
        yield str(contradiction)
        return
    left: dict[str, list[Json]] = {}
    nobodys: list[str] = []
    for entry in entries:
        if entry["actor"]["kind"] not in {"user", "operator"}:
            continue
        if entry["actor"]["id"] is None and (whose := _anonymous(evidence, entry)) is None:
            nobodys.append(entry["type"])
        else:
            left.setdefault(entry["actor"]["id"] or str(whose), []).append(entry)
    for sent in evidence.commands:
        yield from _one_command(sent, left.pop(sent.key, []), resets=evidence.pressed.resets)
    for actor, unasked in left.items():
        yield f"{[each['type'] for each in unasked]} by {actor}, who never asked"
    yield from _without_a_name(evidence, Counter(nobodys))
    yield from _methods_lost(evidence)


def _anonymous(evidence: Evidence, entry: Json) -> str | None:
    """Return whose entry this was, though closing has taken the name out; None if it never had one.

    Cart changes are told by their number, and what was announced before by what was announced.
    """
    of = {"account.carts_changed": "carts", "account.closed": "close"}.get(entry["type"])
    mine = (each for each in evidence.commands if each.verb == of)
    if of is not None:
        return next((each.key for each in mine if of == "close" or each.body["carts"] == entry["carts"]), "nobody")
    same = (each.entry for each in evidence.heard if each.sequence == entry["sequence"])
    heard = (each["actor"].get("id") for each in same if each["type"] == entry["type"])  # a reset tells others anew
    return next((each for each in heard if each and each != TEMPORAL_UI), None)


def _methods_lost(evidence: Evidence) -> Iterator[str]:
    """Yield each payment that found no payment method, though one was given, and Stripe took it or was never asked.

    A customer that is deleted between an invoice and its payment takes its methods along: the account's next entry says
    so (R23).
    """
    opening = next(each for each in evidence.commands if each.verb == "open")
    has_one = opening.body.get("payment_method") is not None
    for entry, following in zip_longest(evidence.timeline, evidence.timeline[1:]):
        what = entry["type"].removeprefix("account.")
        deleted = following is not None and following["type"] == "account.customer_replaced"
        if what == "payment_method_changed":
            has_one = True
        elif what in {"payment_method_refused", "customer_replaced"}:
            has_one = False
        elif entry["decline_code"] == "no_payment_method" and has_one and not deleted:
            yield f"{entry['payment_key']} found no payment method: that of {opening.key}, or a later one, was lost"


def _without_a_name(evidence: Evidence, left: Counter[str]) -> Iterator[str]:
    """Hold what nobody's name is on against what somebody did in the Temporal UI."""
    pressed = evidence.pressed
    # A signal without input is a command with all its defaults; a reset takes it out of a run, and back in again.
    most = Counter({PRESSED: pressed.cancellations + pressed.resets})
    for name in pressed.commands:
        most.update(dict.fromkeys(LEAVES[name], 1))
    for what, count in left.items():
        if count > most[what]:
            yield f"{what} is told {count} times under nobody's name, and was asked for so {most[what]} times"


def _one_command(sent: Sent, left: list[Json], *, resets: int) -> Iterator[str]:
    # A run that was reset takes up again what it had taken, and answers as the account stands then (R27).
    again = sent.contradicted or {}
    taken_again = resets and (again.get("status"), again.get("code")) == (sent.status, sent.code)
    named_so = f"{sent.key} ({sent.verb} {sent.body})"
    if strange := [each["type"] for each in left if each["type"] not in LEAVES[sent.verb]]:
        yield f"{named_so} left {strange}"
    if sent.broken:
        yield f"{named_so} was answered with 500, {sent.broken} times"
    if sent.status is None:
        yield f"{named_so} was never answered"
    elif not sent.accepted:
        if sent.code in NEVER_SAID or (sent.code == "invalid_request" and sent.verb not in MAY_BE_INVALID):
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
    if sent.contradicted and sent.contradicted.get("code") != "account_closed" and not taken_again:
        told = sent.contradicted.get("sequence"), sent.contradicted.get("code")
        yield f"{named_so} was answered otherwise when it came again: {sent.contradicted['status']}, {told}"
