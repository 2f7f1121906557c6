"""Announcements: every entry told at least once, in the account's order, signed, and as the timeline has it (R18)."""

from collections.abc import Iterator
from typing import Any

from tests.chaos.evidence import Evidence

Json = dict[str, Any]

WHAT_COUNTS = ("type", "at", "from_state", "to_state", "amount", "currency", "payment_key", "invoice_id", "term")
"""What an announcement says as its entry does; who and why may have been taken out of the timeline since (R13)."""


def announced(evidence: Evidence) -> Iterator[str]:
    """Yield what is wrong with what the product was told."""
    entries = {entry["sequence"]: entry for entry in evidence.timeline}
    for sequence in sorted(set(entries) - evidence.told):
        yield f"the product was never told of {sequence} ({entries[sequence]['type']}), so that it said that it had it"
    first: set[int] = set()
    for heard in evidence.heard:
        if not heard.signed:
            yield f"{heard.sequence} came without a right signature"
        if heard.sequence in first:
            continue
        first.add(heard.sequence)
        if missing := sorted(set(range(1, heard.sequence)) - heard.known):
            yield f"{heard.sequence} came before the product had taken {missing}"
        # A run that was reset does its last task once more, a moment later.
        if evidence.pressed.resets == 0 and (wrong := _differing(heard.entry, entries.get(heard.sequence))):
            yield f"{heard.sequence} was told otherwise than it is: {wrong}"


def _differing(heard: Json, entry: Json | None) -> str:
    if entry is None:
        return "there is no such entry"
    names = [name for name in WHAT_COUNTS if heard.get(name) != entry.get(name)]
    return ", ".join(f"{name} {heard.get(name)} for {entry.get(name)}" for name in names)
