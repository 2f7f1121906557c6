"""Idempotency keys: under which id a request's command is remembered (R14)."""

import hashlib
import uuid


def ids_of(key: str | None, *, user: str | None) -> dict[str, str | None]:
    """Return the id under which a command's answer is remembered, and the one that 0.1.0 would have given it.

    A key is its caller's own: whatever key a billing user chooses, an operator's, or another user's, is another one
    (R14, R19). Operators share theirs, as before. The id of 0.1.0 goes with the next release.

    Args:
        key: The idempotency key; without one, the id is fresh.
        user: The billing user's id; None for the people who run the service.
    """
    if key is None:
        return {"command_id": str(uuid.uuid4())}
    if user is None:
        return {"command_id": key}
    own = hashlib.sha256(f"{user}\0{key}".encode()).hexdigest()[:40]
    return {"command_id": f"user-{own}", "earlier_id": key}
