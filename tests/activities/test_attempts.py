"""R8: how long a try of an activity lasts, what its errors become, and after how many tries it gives up."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import stripe
from temporalio.exceptions import ApplicationError

from reprise.activities.attempts import LAST_TRY, asking, gives_up
from reprise.workflows.effect_runner import STRIPE_RETRY_POLICY
from tests.activities.one_payment import environment_of


async def tried(error: Exception | None = None) -> None:
    async with asking():
        if error is not None:
            raise error


@pytest.mark.parametrize(("whole", "its_own"), [(60, 58), (4.5, 2.5), (4, 2), (3, 2), (1, 2)])
async def test_R8_a_try_stops_two_seconds_before_its_time_is_over(
    time_outs: list[float | None], whole: float, its_own: float
) -> None:
    """It has two seconds at the least."""
    await environment_of(seconds=whole).run(tried)
    assert time_outs == [its_own]


async def test_R8_a_try_without_a_time_out_has_none_of_its_own() -> None:
    """As where only all tries together have one."""
    environment = environment_of()
    environment.info = dataclasses.replace(environment.info, start_to_close_timeout=None)
    await environment.run(tried)


def refused(kind: type[stripe.StripeError], status: int | None) -> stripe.StripeError:
    body = {"error": {"message": "Not with this key."}} if status else None
    return kind("no answer", http_status=status, json_body=body)


@pytest.mark.parametrize(
    ("error", "kind", "final", "said"),
    [
        (
            refused(stripe.PermissionError, 403),
            "stripe_refused", True, "Not with this key.",
        ),
        (
            refused(stripe.APIConnectionError, None),
            "stripe_unavailable", False, "Stripe cannot be reached or is failing (APIConnectionError, no answer).",
        ),
        (
            refused(stripe.APIError, 503),
            "stripe_unavailable", False, "Stripe cannot be reached or is failing (APIError, 503).",
        ),
        (TimeoutError(), "stripe_unavailable", False, "Stripe did not answer in time."),
        (
            KeyError("line"),
            "internal_error", True,
            "A defect of Reprise, not of Stripe: KeyError: 'line'. See the worker's log.",
        ),
        (ApplicationError("mine", type="own", non_retryable=True), "own", True, "mine"),
    ],
)  # fmt: skip
async def test_R8_each_error_says_whether_it_is_worth_another_try(
    error: Exception, kind: str, final: bool, said: str
) -> None:
    """What is not known is; what Stripe refuses, and a defect of ours, are not."""
    with pytest.raises(ApplicationError) as failed:
        await environment_of().run(tried, error)
    told = failed.value
    assert (told.type, told.non_retryable, told.message) == (kind, final, said)


@pytest.mark.parametrize(
    ("try_number", "final", "expected"),
    [(1, False, False), (LAST_TRY - 1, False, False), (LAST_TRY, False, True), (LAST_TRY + 1, False, True),
     (LAST_TRY, True, False)],
)  # fmt: skip
def test_R8_the_last_try_gives_up_and_a_defect_is_none_of_its_business(
    try_number: int, final: bool, expected: bool
) -> None:
    """An outcome is said not to be known only where nobody has said what is wrong."""
    error = ApplicationError("x", non_retryable=final)
    assert environment_of(try_number).run(gives_up, error) is expected


def test_R8_the_last_try_comes_after_twelve_hours() -> None:
    """Nearly: as the workflow's retry policy has it."""
    policy: Any = STRIPE_RETRY_POLICY
    waited = wait = policy.initial_interval
    for _ in range(LAST_TRY - 2):
        wait = min(wait * policy.backoff_coefficient, policy.maximum_interval)
        waited += wait
    assert waited == timedelta(hours=11, minutes=48, seconds=31)
