"""Fingerprints: what makes two commands the same (R14), in this release's form and in that of 0.1.0 (R28)."""

import hashlib

from reprise.statemachine.commands import Command, OpenAccount, RestoreAccount, SetEmail
from reprise.statemachine.policy import BillingPolicy


def fingerprint(command: Command) -> str:
    """Return what makes two commands the same but for who sent them: the check of a repeated idempotency key (R14).

    What has its default does not count, so that a field which a later release adds changes no fingerprint (R28).
    """
    content = command.model_dump_json(exclude={*_WHO}, exclude_defaults=True)
    return hashed(f"{_name_of(command)}:{content}")


def answered_fingerprint(command: Command) -> str:
    """Return the fingerprint that an answer carries: in the form of 0.1.0, where that has one for it.

    An API process of 0.1.0 compares it with its own, and workers are exchanged first. From the next release on it is
    `fingerprint`, which this one understands already.
    """
    return _fingerprint_of_0_1_0(command) or fingerprint(command)


def same_command(stored: str, command: Command) -> bool:
    """Say whether a fingerprint that was stored is that of `command`, by this release's form or by that of 0.1.0."""
    return stored in {fingerprint(command), _fingerprint_of_0_1_0(command)}


_WHO = frozenset({"actor", "command_id", "earlier_id"})

_SINCE_0_1_0: dict[str, frozenset[str]] = {
    "open": frozenset({"anchor", "customer_id", "opened_at", "cancelled"}),
    "cancel": frozenset({"feedback", "expected_state", "expected_payment"}),
}
_OF_POLICY_SINCE_0_1_0 = frozenset({"stopped_days", "payment_methods", "on_dispute", "renewal_upcoming_days"})
"""Fields that 0.1.0 did not have, by command. They go with the next release, and `_fingerprint_of_0_1_0` with them."""


def _fingerprint_of_0_1_0(command: Command) -> str | None:
    """Return what 0.1.0 stored for this command: everything, written out; None for one that it could not take."""
    if isinstance(command, SetEmail | RestoreAccount):
        return None
    since = _SINCE_0_1_0.get(_name_of(command), frozenset())
    defaults = {name: field.default for name, field in type(command).model_fields.items()}
    if any(getattr(command, name) != defaults[name] for name in since):
        return None
    left_out: dict[str, bool | set[str]] = dict.fromkeys((*_WHO, *since), True)
    if isinstance(command, OpenAccount):
        usual = BillingPolicy()
        if any(getattr(command.policy, name) != getattr(usual, name) for name in _OF_POLICY_SINCE_0_1_0):
            return None
        left_out["policy"] = set(_OF_POLICY_SINCE_0_1_0)
    return hashed(command.model_dump_json(exclude=left_out))


def _name_of(command: Command) -> str:
    return str(type(command).model_fields["name"].default)


def hashed(content: str) -> str:
    """Return a short hash of what must not be readable, or is long."""
    return hashlib.sha256(content.encode()).hexdigest()[:32]
