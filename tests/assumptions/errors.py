"""Refusals as values."""

from collections.abc import Awaitable
from typing import Any

import pytest
import stripe


async def refusal(asked: Awaitable[Any], kind: type[stripe.StripeError] = stripe.InvalidRequestError) -> Any:
    """Return the error that a request must end with, its `code` that of the body: some classes lack it."""
    with pytest.raises(kind) as failed:
        await asked
    error = failed.value
    error.code = getattr(getattr(error, "error", None), "code", None) or error.code
    return error
