"""R8, R23, R26: what Stripe's errors mean, by each of their parts."""

from typing import Any

import pytest
import stripe
from stripe._stripe_response import StripeResponse

from reprise.errors import Unavailable
from reprise.stripe_api.errors import (
    CustomerGone,
    advice_of,
    code_of,
    decline_code_of,
    is_missing_customer,
    is_refused_email,
    is_saved,
    is_transient,
    message_of,
    unavailable_by,
    was_replayed,
)

REPLAYED = {"idempotent-replayed": "true"}


def failure(status: int | None = 400, **body: Any) -> stripe.StripeError:
    """Make an error of which the body alone says anything."""
    return stripe.StripeError(None, http_status=status, json_body={"error": body})


@pytest.mark.parametrize(
    ("status", "transient"),
    [
        *((status, False) for status in (400, 401, 402, 403, 404)),
        *((status, True) for status in (None, 200, 399, 405, 409, 424, 429, 500, 503)),
    ],
)
def test_R8_which_statuses_leave_open_what_happened(status: int | None, transient: bool) -> None:
    """All but the five by which Stripe refuses; an error without Stripe's object always does."""
    assert is_transient(failure(status, message="No.")) is transient
    assert is_transient(stripe.StripeError("No.", http_status=status))


@pytest.mark.parametrize(
    ("saved", "failed"),
    [
        (True, stripe.APIError(headers=REPLAYED)),
        (True, stripe.IdempotencyError("Another request.")),
        (False, stripe.APIError(headers={"idempotent-replayed": "false"})),
        (False, stripe.APIError(headers={"request-id": "true"})),
        (False, stripe.APIError()),
    ],
)
def test_R8_which_errors_are_an_older_requests(saved: bool, failed: stripe.StripeError) -> None:
    """Those that Stripe says it replays, and the refusal of a key that was used for something else."""
    assert is_saved(failed) is saved


def test_R8_an_error_without_headers_is_no_older_requests() -> None:
    """As the library declares that they may be missing."""
    failed = failure()
    failed.headers = None
    assert is_saved(failed) is False


@pytest.mark.parametrize(("replayed", "headers"), [(True, REPLAYED), (False, {}), (False, None)])
def test_R8_which_answers_are_saved_ones(replayed: bool, headers: dict[str, str] | None) -> None:
    """One that did not come in a response is none."""
    answer = stripe.Invoice.construct_from({"id": "in_1"}, None)
    if headers is not None:
        answer._last_response = StripeResponse("{}", 200, headers)
    assert was_replayed(answer) is replayed


def test_R9_the_codes_of_a_decline_stand_in_the_body() -> None:
    """The code is on some classes of the library as well."""
    declined = failure(402, code="card_declined", decline_code="lost_card", advice_code="do_not_try_again")
    assert (code_of(declined), decline_code_of(declined), advice_of(declined)) == (
        "card_declined",
        "lost_card",
        "do_not_try_again",
    )
    bare = failure(402)
    assert (code_of(bare), decline_code_of(bare), advice_of(bare)) == (None, None, None)
    assert code_of(stripe.StripeError("No.", code="resource_missing")) == "resource_missing"


@pytest.mark.parametrize(
    ("missing", "body"),
    [
        (True, {"code": "resource_missing", "message": "No such customer: 'cus_1'"}),
        (True, {"code": "resource_missing", "message": "Nobody.", "param": "customer"}),
        (False, {"code": "resource_missing", "message": "No such invoice: 'in_1'", "param": "invoice"}),
        (False, {"code": "parameter_invalid", "message": "No such customer: 'cus_1'", "param": "customer"}),
        (False, {"message": "No such customer: 'cus_1'"}),
    ],
)
def test_R23_which_errors_say_that_there_is_no_such_customer(missing: bool, body: dict[str, str]) -> None:
    """By the parameter, or by Stripe's words where the customer is in the path."""
    assert is_missing_customer(failure(404, **body)) is missing


@pytest.mark.parametrize(
    ("refused", "status", "body"),
    [
        (True, 400, {"code": "email_invalid", "message": "Invalid."}),
        (True, 400, {"message": "Invalid.", "param": "email"}),
        (False, 400, {"code": "parameter_invalid", "message": "Invalid.", "param": "name"}),
        (False, 404, {"code": "email_invalid", "message": "Invalid.", "param": "email"}),
    ],
)
def test_R26_which_errors_are_about_an_e_mail(refused: bool, status: int, body: dict[str, str]) -> None:
    """By the code, or by the parameter."""
    assert is_refused_email(failure(status, **body)) is refused


def test_messages_are_stripes_own_sentence() -> None:
    """Without the request id that the library puts before it; without a sentence, whatever the library says."""
    headers = {"request-id": "req_1"}
    body = {"error": {"message": "No such customer."}}
    assert message_of(stripe.APIError("Said.", json_body=body, headers=headers)) == "No such customer."
    assert message_of(stripe.APIError("Unreachable.", headers=headers)) == "Unreachable."
    assert message_of(stripe.APIError(headers=headers)) == "Request req_1: <empty message>"


def test_what_people_are_told_of_an_error_of_stripes() -> None:
    """What passes, and what operators must mend: then it is no use to try at once."""
    away = unavailable_by(failure(500, message="Failing."))
    assert (str(away), away.retry_after) == ("Stripe cannot be reached. Try again.", Unavailable("").retry_after)
    ours = unavailable_by(failure(401, message="Invalid API Key"))
    assert "operators" in str(ours)
    assert "API Key" not in str(ours)
    assert ours.retry_after == 300


def test_R23_a_customer_that_is_gone_is_told_with_what_brings_one_back() -> None:
    """By a code of its own."""
    assert CustomerGone.code == "customer_gone"
    assert "Set a payment method" in str(CustomerGone())
