"""Why a payment failed, in words, for every code that Stripe documents, and what its payer can do."""

from inspect import get_annotations
from typing import Any, Literal, get_args, get_origin

import pytest
from stripe import PaymentIntent

from reprise.portal.declines import KNOWN, OURS, PLAIN, told_of
from reprise.statemachine.declines import OwnDeclineCode
from tests.portal.stripe_codes import CARD, HIDDEN, NO_PAYERS_MATTER, OTHER_METHODS


def literals(annotation: Any) -> set[str]:
    """Return the texts that an annotation names."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return set().union(*map(literals, get_args(annotation)))


def test_R6_every_decline_code_has_words() -> None:
    """Both of Stripe's tables; none falls through to what is said of a code that nobody knows."""
    assert len(CARD) == 50
    assert not (CARD | OTHER_METHODS) - KNOWN


def test_R6_every_error_code_of_a_payment_has_words_or_is_no_payers_matter() -> None:
    """By the installed stripe package: a release that brings a new one fails here, and it is sorted in."""
    documented = literals(get_annotations(PaymentIntent.LastPaymentError)["code"])
    assert len(documented) > 200
    assert not documented - KNOWN - NO_PAYERS_MATTER
    assert not NO_PAYERS_MATTER & KNOWN
    assert not NO_PAYERS_MATTER - documented, "no longer documented"


def test_R6_each_code_of_ours_has_words() -> None:
    """A payment whose invoice somebody has voided was not declined by a bank."""
    assert set(OwnDeclineCode) <= KNOWN
    assert not [code for code in OwnDeclineCode if "bank" in told_of(code).why]


@pytest.mark.parametrize("code", sorted(HIDDEN))
def test_R6_what_stripe_wants_hidden_reads_like_a_plain_decline(code: str) -> None:
    """Word for word, and the remedy too."""
    assert told_of(code) == told_of("generic_decline") == PLAIN


def test_R6_words_fit_into_the_sentences_that_carry_them() -> None:
    """A clause without a full stop, and sentences with one; neither shows a code."""
    for code in {*KNOWN, "brand_new_code", None}:
        told = told_of(code)
        assert not told.why.endswith("."), code
        assert told.why[0].islower(), code
        assert told.remedy.endswith("."), code
        assert told.remedy[0].isupper(), code
        assert "_" not in told.why + told.remedy, code


@pytest.mark.parametrize(
    ("code", "why", "remedy"),
    [
        ("expired_card", "has expired", "another card"),
        ("insufficient_funds", "not enough money", "See that there is enough"),
        ("incorrect_cvc", "security code", "Enter the card again"),
        ("processing_error", "passing problem", "Try again"),
        ("authentication_required", "not confirmed", "confirm it"),
        ("debit_not_authorized", "have not allowed", "allow it"),
        ("account_closed", "is closed", "another bank account"),
        ("no_payment_method", "no card on file", "Add a card"),
        ("payment_stopped", "our side", "Try again later"),
        ("brand_new_code", "declined it", "ask your bank"),
    ],
)
def test_R6_the_remedy_fits_the_cause(code: str, why: str, remedy: str) -> None:
    """One of each class of codes."""
    told = told_of(code)
    assert why in told.why
    assert remedy in told.remedy


def test_R8_a_fault_of_ours_sends_nobody_to_their_bank() -> None:
    """The payer's card is not blamed for what stopped on our side."""
    assert told_of("payment_stopped") == told_of("amount_too_small") == OURS
    assert "bank" not in OURS.why + OURS.remedy
