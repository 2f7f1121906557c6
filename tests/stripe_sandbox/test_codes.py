"""The sandbox answers with Stripe's error codes, decline codes and addresses, and invents none."""

import ast
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import httpx
import pytest
import stripe

import reprise.stripe_sandbox
from reprise.stripe_sandbox import faults
from reprise.stripe_sandbox.banks import FAILURES
from reprise.stripe_sandbox.cards import TEST_CARDS
from reprise.stripe_sandbox.declines import ADVICE_CODES, DECLINE_CODES, error_code
from tests.plain_http import plain_client
from tests.stripe_sandbox.annotations import resolved
from tests.stripe_side import StripeSide

SOURCES = sorted(Path(reprise.stripe_sandbox.__file__).parent.glob("*.py"))


def literals(hint: Any) -> set[str]:
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {each for arg in get_args(hint) for each in literals(arg)}


def stripes_error_codes() -> set[str]:
    """Every error code that the stripe package knows: those of docs.stripe.com/error-codes."""
    return literals_of(stripe.PaymentIntent.LastPaymentError, "code")


def literals_of(kind: type, field: str) -> set[str]:
    return literals(resolved(kind.__annotations__[field], kind))


def written(path: Path) -> set[str]:
    """Every word that a source gives as `code` to a call, or under that name in a dictionary."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            values = [each.value for each in node.keywords if each.arg == "code"]
        elif isinstance(node, ast.Dict):
            values = [
                v
                for k, v in zip(node.keys, node.values, strict=True)
                if isinstance(k, ast.Constant) and k.value == "code"
            ]
        found |= {each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return found


def test_every_error_code_is_one_of_stripes() -> None:
    """Those in the sources, those of declines, and those of failed debits."""
    known = stripes_error_codes()
    assert {"card_declined", "resource_missing", "email_invalid"} <= known
    ours = {code for path in SOURCES for code in written(path)}
    assert {"resource_missing", "charge_disputed", "invoice_not_editable"} <= ours, "the search finds them"
    ours |= {error_code(decline) for decline in DECLINE_CODES} | set(FAILURES)
    assert ours <= known, sorted(ours - known)


def test_every_decline_code_is_one_of_stripes() -> None:
    """Test cards decline with documented codes; advice codes are those of the package's charges."""
    assert {card.decline for card in TEST_CARDS.values() if card.decline} <= DECLINE_CODES
    assert literals_of(stripe.Charge.Outcome, "advice_code") == set(ADVICE_CODES)


async def test_a_decline_code_that_stripe_has_not_is_refused(stripe_side: StripeSide) -> None:
    """Also by the controls: a test cannot rest on a code that never comes."""
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        stripe_side.payment_method(decline_code="no_such_code")


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 429, 500, 503])
async def test_every_error_names_its_log(stripe_side: StripeSide, status: int) -> None:
    """`request_log_url`: on errors of the sandbox as on those of faults."""
    async with plain_client(base_url=stripe_side.url) as anybody:
        refused = await anybody.get("/v1/customers")
        stripe_side.fault(method="GET", path="/v1/customers", status=status)
        faulty = await anybody.get("/v1/customers", headers={"Authorization": "Bearer sk_test_x"})
    assert faulty.status_code == status
    for answer in (refused, faulty):
        assert answer.json()["error"]["request_log_url"].startswith("https://dashboard.stripe.com/")


def test_the_errors_of_faults_are_stripes() -> None:
    """Type and code too."""
    for status in (400, 401, 402, 403, 404, 409, 429, 500):
        _, body, _ = faults.answer_of(faults.Fault(path=".*", status=status), "req_1")
        kinds = "api_error card_error idempotency_error invalid_request_error".split()
        assert any(f'"type": "{kind}"' in body for kind in kinds)
