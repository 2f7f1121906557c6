"""One try of an activity that asks Stripe: how long it may take, what its errors mean, and how often it comes again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stripe
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.stripe_api.errors import is_transient, message_of

MARGIN = 2.0
"""Seconds before its time-out at which a try stops by itself, so that it never acts beside the next one."""

LAST_TRY = 150
"""After so many tries, about twelve hours by the workflow's retry policy, an outcome is said not to be known."""


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
        if is_transient(error):
            raise unavailable(error) from error
        raise ApplicationError(message_of(error), type="stripe_refused", non_retryable=True) from error
    except ApplicationError:
        raise
    except Exception as error:
        message = f"A defect of Reprise, not of Stripe: {type(error).__name__}: {error}. See the worker's log."
        raise ApplicationError(message, type="internal_error", non_retryable=True) from error


def unavailable(error: stripe.StripeError) -> ApplicationError:
    """Return the error by which a try ends that has not found out what happened; it is made again."""
    if is_transient(error):
        why = f"Stripe cannot be reached or is failing ({type(error).__name__}, {error.http_status or 'no answer'})."
    else:
        why = f"Stripe does not say what happened: {message_of(error)}"
    return ApplicationError(why, type="stripe_unavailable")


def tries() -> int:
    """Return which try of its activity this is, from 1 on."""
    return activity.info().attempt


def gives_up(error: ApplicationError) -> bool:
    """Say whether an outcome that this try has not found out is not to be tried for any longer."""
    return not error.non_retryable and tries() >= LAST_TRY
