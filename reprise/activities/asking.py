"""One try of an activity that asks Stripe: how long it may take, what its errors mean, and how often it comes again."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import stripe
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.activities.stripe_client import is_passing, is_saved, sentence_of, was_replayed

MARGIN = 2.0
"""Seconds before its time-out at which a try stops by itself, so that it never acts beside the next one."""

LAST_TRY = 150
"""After so many tries, about twelve hours by the workflow's retry policy, an outcome is said not to be known."""

_LONGEST_KEY = 200
"""Stripe takes idempotency keys of up to 255 characters (docs.stripe.com/api/idempotent_requests)."""

_Answer = TypeVar("_Answer", bound=stripe.StripeObject)


@asynccontextmanager
async def asking() -> AsyncIterator[None]:
    """Bound a try by its own time-out, and turn errors into ones that Temporal retries, or does not.

    A process that was stopped for longer than its time-out goes no further when it wakes: by then another try runs.

    Raises:
        ApplicationError: `stripe_unavailable`: retried until it is known. `stripe_refused`: Stripe refused the request
            itself; not retried. `internal_error`: a defect of Reprise; not retried, lest it go on for ever.
    """
    limit = activity.info().start_to_close_timeout
    try:
        async with asyncio.timeout(max(limit.total_seconds() - MARGIN, MARGIN) if limit else None):
            yield
    except TimeoutError as error:
        raise ApplicationError("Stripe did not answer in time.", type="stripe_unavailable") from error
    except stripe.StripeError as error:
        if is_passing(error):
            raise unavailable(error) from error
        raise ApplicationError(sentence_of(error), type="stripe_refused", non_retryable=True) from error
    except ApplicationError:
        raise
    except Exception as error:
        message = f"A defect of Reprise, not of Stripe: {type(error).__name__}: {error}. See the worker's log."
        raise ApplicationError(message, type="internal_error", non_retryable=True) from error


def unavailable(error: stripe.StripeError) -> ApplicationError:
    """Return the error by which a try ends that has not found out what happened; it is made again."""
    if is_passing(error):
        why = f"Stripe cannot be reached or is failing ({type(error).__name__}, {error.http_status or 'no answer'})."
    else:
        why = f"Stripe does not say what happened: {sentence_of(error)}"
    return ApplicationError(why, type="stripe_unavailable")


def tries() -> int:
    """Return which try of its activity this is, from 1 on."""
    return activity.info().attempt


def gives_up(error: ApplicationError) -> bool:
    """Say whether an outcome that this try has not found out is not to be tried for any longer."""
    return not error.non_retryable and tries() >= LAST_TRY


def idempotency_key(act: str, *parts: str) -> str:
    """Return the key of an act, the same for the same parts: readable in Stripe's log of requests, or a hash where it
    would be too long for Stripe, as callers' strings may make it.
    """  # noqa: D205 - one thought
    key = ":".join((act, *parts))
    return key if len(key) <= _LONGEST_KEY else hashed_key(act, *parts)


def hashed_key(act: str, *parts: str) -> str:
    """Return a key that shows nothing of its parts and has always the same length."""
    return f"{act}:{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()}"


def fresh(key: str) -> str:
    """Return a key that was never used, under which this try goes on where Stripe only replays what it has saved."""
    return f"{key}:{tries()}:{uuid.uuid4().hex[:12]}"


async def behind_replays(
    send: Callable[[str], Awaitable[_Answer]], key: str, look: Callable[[_Answer | None], Awaitable[_Answer | None]]
) -> _Answer:
    """Send a request that moves no money, and look behind an answer that Stripe has saved (R8).

    Stripe replays for a day what it answered to the first request of a key, its own failures among them, whatever has
    changed since. So a replayed answer counts for nothing: what stands at Stripe does, and where nothing stands the
    request goes out again under a key of this try's own.

    Args:
        send: Sends the request with a given idempotency key.
        key: Its usual key, the same over all tries.
        look: Takes what was replayed, None if it was an error; returns what the request is to bring about, as it stands
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
    return await look(replayed) or await send(fresh(key))
