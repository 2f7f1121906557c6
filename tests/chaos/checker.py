"""The independent checker: says what is wrong with an account, from Stripe's books, the timeline and the answers given.

It shares no code with the core: what should have been is told by the reference model (`tests/reference`).
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.chaos.announced import announced
from tests.chaos.commands import commands
from tests.chaos.entries import Contradiction, term_of
from tests.chaos.evidence import Evidence
from tests.chaos.findings import Finding, Kind, instant
from tests.chaos.growth import growth
from tests.chaos.money import money
from tests.chaos.replay import Replay, Snapshot
from tests.chaos.service import free_service
from tests.reference import rules

Json = dict[str, Any]

__all__ = ["Finding", "Kind", "findings"]

PARTS: tuple[tuple[Kind, Callable[[Evidence], Iterator[str]]], ...] = (
    (Kind.FREE_SERVICE, free_service),
    (Kind.LOST_COMMAND, commands),
    (Kind.LOST_ANNOUNCEMENT, announced),
    (Kind.GROWTH, growth),
)


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
    wrong += money(evidence, replay.payments)
    wrong += [(Kind.WRONG_STATE, what) for what in _answers(evidence, replay.snapshots)]
    wrong += [(kind, what) for kind, part in PARTS for what in part(evidence)]
    return [Finding(kind, evidence.account_id, what) for kind, what in wrong]


def _final_state(evidence: Evidence, replay: Replay) -> Iterator[str]:
    """Hold the account as it stands against the end of its timeline."""
    account, by_the_rules = evidence.account, replay.account
    status = by_the_rules.payment.status if by_the_rules.payment else "none"
    expected = {
        "sequence": len(evidence.timeline),
        "state": by_the_rules.state,
        "disabled_reason": by_the_rules.disabled_reason,
        "in_service": by_the_rules.state in rules.IN_SERVICE,
        "renews": by_the_rules.state in rules.RENEWS,
        "carts": by_the_rules.carts,
        "plan": {"currency": by_the_rules.currency, "unit_amount": by_the_rules.unit_amount},
        "term": by_the_rules.term,
        "anchor": by_the_rules.anchor,
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
    """Hold what callers were told against the account as it stood then.

    Not where a run was reset: what was done last is done once more, at another instant and beside other commands.
    """
    if evidence.pressed.resets:
        return
    for sent in evidence.commands:
        account = sent.account
        if not account or not 1 <= account["sequence"] <= len(snapshots):
            continue
        term = term_of(account.get("term"))
        told = Snapshot(account["state"], account["carts"], account["plan"]["unit_amount"], term)
        was = snapshots[account["sequence"] - 1]
        if told != was:
            yield f"{sent.key} ({sent.verb}) was told {told}, by the rules it was {was}"
