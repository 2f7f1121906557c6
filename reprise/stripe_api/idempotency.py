"""Stripe's idempotency keys: how they are made, and what a replayed answer is worth."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stripe

from reprise.stripe_api.errors import is_saved, was_replayed

_MAX_KEY_LENGTH = 200
"""Stripe takes idempotency keys of up to 255 characters (docs.stripe.com/api/idempotent_requests)."""

_Answer = TypeVar("_Answer", bound=stripe.StripeObject)


def idempotency_key(action: str, *parts: str) -> str:
    """Return the key of a request, the same for the same parts: readable in Stripe's log of requests, or a hash where
    it would be too long for Stripe, as callers' strings may make it.
    """  # noqa: D205 - one thought
    key = ":".join((action, *parts))
    return key if len(key) <= _MAX_KEY_LENGTH else hashed_key(action, *parts)


def hashed_key(action: str, *parts: str) -> str:
    """Return a key that shows nothing of its parts and has always the same length."""
    return f"{action}:{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()}"


def fresh(key: str) -> str:
    """Return a key that was never used, under which a try goes on where Stripe only replays what it has saved."""
    return f"{key}:{uuid.uuid4().hex[:12]}"


async def behind_replays(
    send: Callable[[str], Awaitable[_Answer]], key: str, read: Callable[[_Answer | None], Awaitable[_Answer | None]]
) -> _Answer:
    """Send a request that moves no money, and see behind an answer that Stripe has saved (R8).

    Stripe replays for a day what it answered to the first request of a key, its own failures among them, whatever has
    changed since. So a replayed answer counts for nothing: what stands at Stripe does, and where nothing stands the
    request goes out again under a key of this try's own.

    Args:
        send: Sends the request with a given idempotency key.
        key: Its usual key, the same over all tries.
        read: Takes what was replayed, None if it was an error; returns what the request is to bring about, as it stands
            at Stripe now, or None if it is not there.
    """
    replayed = None
    try:
        answer = await send(key)
    except stripe.StripeError as error:
        if not is_saved(error):
            raise
    else:
        if not was_replayed(answer):
            return answer
        replayed = answer
    return await read(replayed) or await send(fresh(key))
