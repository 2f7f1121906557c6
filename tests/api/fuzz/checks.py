"""What schemathesis checks beside its own checks; loaded by the run, which says in FUZZ_ROLE as whom it asks."""

import os
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response

ROLE = os.environ.get("FUZZ_ROLE", "operator")

UNSAYABLE = frozenset(
    {
        "Idempotency-Key",  # may be given once: said of no header in OpenAPI
        "anchor",  # one of its terms must end at paid_through
        "cancelled",  # only with paid_through
        "customer_id",  # one that Stripe has
        "email",  # one that Stripe takes: more than JSON Schema's format says
        "opened_at",  # between 2000 and now
        "account_id",  # JSON Schema's `$` also matches before a last newline
        "body",  # of several wholes: a list of plans
        "carts",  # with the price it must come to what Stripe can charge
        "cursor",  # one that a list has given
        "endpoint",  # one of those that are configured, and that the account announces to
        "expires_at",  # between 2000 and 2200
        "not_before",  # between 2000 and 2200
        "days",  # the term must end before 2200, and later than it did
        "paid_through",  # between 2000 and 2200
        "payment_method",
        "plan.unit_amount",  # as "carts"; and divisible by ten in currencies of thousandths
        "policy.retry_days",  # rising
        "timezone",  # of the IANA database
        "until",  # later than the term's end
    }
)
"""Fields whose every limit cannot be written into a schema, and what the limit is."""


@schemathesis.check
def valid_input_is_taken(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Stand in for `positive_data_acceptance`: valid by the schema, refused only for what a schema cannot say."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    wrong = [each for each in response.json()["errors"] if not _cannot_be_said(each)]
    assert not wrong, f"valid by the schema, and refused: {wrong}"


def _cannot_be_said(error: dict[str, Any]) -> bool:
    if error["message"] == "Input should be a valid integer":
        return True  # 3.0 is an integer to JSON Schema; an amount of money is written as one (R20)
    return error["field"] in UNSAYABLE


@schemathesis.check
def access_rights_hold(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """R19: nobody but who may gets anything, and strangers are not told whether an account exists."""
    if ROLE == "operator" or "/accounts" not in case.operation.path:
        return
    operators_only = "operators" in case.operation.tags
    if ROLE == "billing" and not operators_only:
        return
    status = response.status_code
    assert status >= 400, f"{ROLE} got {status}"
    if status < 500 and status not in {400, 405, 408, 413, 415, 422}:  # not even looked at
        at_account = "{account_id}" in case.operation.path
        expected = {
            "nobody": set(),
            "foreign": {404} if at_account else {403},
            "without-scope": {403, 404} if at_account else {403},
            "billing": {403, 404} if at_account else {403},
        }[ROLE]
        assert status in expected | {401}, f"{ROLE} got {status}, not {expected}"  # 401: tried without a token as well
