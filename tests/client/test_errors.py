"""Errors are exceptions by their code (RFC 9457); what a later release brings is an exception of its status."""

import re
from pathlib import Path

import pytest

from reprise import client
from reprise.client.errors import (
    ClientError,
    Conflict,
    InvalidRequest,
    PaymentDeclined,
    PaymentFailed,
    Problem,
    QuoteChanged,
    problem_of,
)
from reprise.statemachine.refusals import RefusalCode
from tests.client.conversations import answered, problem

PROJECT = Path(__file__).parents[2]

ELSEWHERE = {"ambiguous_length", "body_too_large", "body_too_slow", "invalid_signature", "unsupported_media_type"}
"""Codes of mistakes that no request of the client makes: they are exceptions of their status."""


def _codes() -> set[str]:
    """Return the codes that the server's code gives."""
    found: set[str] = set(RefusalCode)
    for place in ("errors.py", "accounts/*.py", "api/*.py", "http/*.py", "stripe_api/errors.py"):
        for file in (PROJECT / "reprise").glob(place):
            text = file.read_text()
            found |= set(re.findall(r'Problem\(\s*\d{3},\s*"(\w+)"', text)) | set(
                re.findall(r'\n    code = "(\w+)"', text)
            )
    return found


def test_every_code_has_its_exception() -> None:
    """Those of the core's refusals, and those of the API beside them."""
    codes = _codes() - ELSEWHERE
    assert {"account_not_found", "quote_changed", "engine_unavailable", "customer_gone", "no_payment_method"} <= codes
    for code in codes:
        error = problem_of(answered(409, problem(409, code)))
        assert error.code == code
        named = "".join(word.capitalize() for word in code.split("_"))
        assert type(error).__name__ == named, f"{code}: reprise/client/errors.py needs a class {named}"


def test_every_exception_can_be_imported_from_the_package() -> None:
    """Programs catch them by name."""

    def below(kind: type[ClientError]) -> set[str]:
        return {kind.__name__}.union(*(below(each) for each in kind.__subclasses__()))

    assert below(ClientError) <= set(client.__all__)
    assert all(hasattr(client, name) for name in client.__all__)


@pytest.mark.parametrize(
    ("status", "kind"), [(402, PaymentFailed), (409, Conflict), (418, Problem), (422, InvalidRequest)]
)
def test_a_code_that_is_not_known_is_an_exception_of_its_status(status: int, kind: type[Problem]) -> None:
    """A later release's; programs that match the status's class go on."""
    error = problem_of(answered(status, problem(status, "of_tomorrow")))
    assert type(error) is kind
    assert error.code == "of_tomorrow"


def test_an_exception_says_all_that_the_API_said() -> None:
    """The fields at fault, the new quote, the decline code, and the whole as JSON."""
    wrong = problem_of(answered(422, problem(422, "invalid_request", errors=[{"field": "carts", "message": "no"}])))
    assert isinstance(wrong, InvalidRequest)
    assert [(each.field, each.message) for each in wrong.errors] == [("carts", "no")]
    assert wrong.as_json()["errors"] == [{"field": "carts", "message": "no"}]

    term = {"start": "2027-01-31T10:00:00Z", "end": "2027-02-28T10:00:00Z"}
    quote = {"amount_due": 12500, "currency": "usd", "carts": 5, "unit_amount": 2500, "term": term, "lines": []}
    changed = problem_of(answered(409, problem(409, "quote_changed", quote=quote)))
    assert isinstance(changed, QuoteChanged)
    assert changed.quote is not None
    assert changed.quote.amount_due == 12500

    declined = problem_of(answered(402, problem(402, "payment_declined", decline_code="lost_card")))
    assert isinstance(declined, PaymentDeclined)
    assert declined.decline_code == "lost_card"
    assert str(declined) == "Why it is so."
