"""Entries of a timeline, as the checker reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.chaos.evidence import Evidence
from tests.chaos.findings import instant
from tests.reference.months import Term

Json = dict[str, Any]


TEMPORAL_UI = "Temporal UI"
"""Who stands for whoever sent a command without a name there: it is nobody's of those who call the API."""


class Contradiction(Exception):  # noqa: N818 - the timeline's fault, not the program's
    """The timeline says what the rules do not."""


def named(evidence: Evidence) -> Sequence[Json]:
    """Return the timeline with the callers' names in it, also those that closing has taken out (R13)."""
    kept = {each["sequence"]: each for each in evidence.before_closing or []}
    named_entries = []
    for entry in evidence.timeline:
        before = kept.get(entry["sequence"])
        if before and {**before, "actor": None, "reason": None} != {**entry, "actor": None, "reason": None}:
            raise Contradiction(f"{told(entry)} was rewritten by closing: it was {before}")
        entry = before or entry
        if entry["actor"]["id"] == TEMPORAL_UI:
            entry = {**entry, "actor": {**entry["actor"], "id": None}}
        named_entries.append(entry)
    return named_entries


def term_of(term: Mapping[str, str] | None) -> Term | None:
    """Return a term as the reference writes it."""
    return Term(instant(term["start"]), instant(term["end"])) if term else None


def told(entry: Json) -> str:
    """Return what an entry is, in few words."""
    return f"{entry['sequence']} {entry['type'].removeprefix('account.')} at {entry['at']}"
