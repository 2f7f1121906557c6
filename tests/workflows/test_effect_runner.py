"""R8: what an effect means that gave no answer, or was never begun: no more than is certain."""

from datetime import timedelta
from typing import get_args

import pytest

from reprise.statemachine.effects import (
    ChangeEmail,
    ChangePaymentMethod,
    Collect,
    EraseCustomer,
    RegisterCustomer,
    RetrieveInvoice,
    RetrieveRefund,
    StripeEffect,
    VoidInvoice,
)
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerErased,
    CustomerNotRegistered,
    EmailChanged,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NothingObserved,
    NotKnown,
    PaymentMethodChanged,
    Stopped,
)
from reprise.statemachine.payments import Payment, PaymentPurpose, PaymentStatus
from reprise.statemachine.quotes import upfront_quote
from reprise.statemachine.terms import nth_term
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows.effect_runner import EffectOutcome, failed, not_begun, refusal_of
from tests.workflows.world import utc

NOW = utc("2027-01-31T10:00")
ADA = Actor(kind=ActorKind.USER, id="ada")
PAYMENT = Payment(
    key="a:1",
    purpose=PaymentPurpose.REACTIVATION,
    quote=upfront_quote(Plan(currency="usd", unit_amount=2500), 3, nth_term(NOW, 0, "UTC")),
    asked_by=ADA,
    status=PaymentStatus.COLLECTING,
    attempt=1,
    started_at=NOW,
)
OVERDUE = PAYMENT.model_copy(update={"not_known_since": NOW + timedelta(hours=1)})

NOT_BEGUN: list[tuple[StripeEffect, EffectOutcome]] = [
    (RegisterCustomer(payment_method="pm_card_visa"), CustomerNotRegistered(reason="why")),
    (Collect(payment=PAYMENT), Stopped(payment_key="a:1", reason="why")),
    (Collect(payment=OVERDUE), NotKnown(payment_key="a:1", reason="why")),
    (
        ChangePaymentMethod(payment_method="pm_card_visa", asked_by=ADA),
        PaymentMethodChanged(refused="stripe_refused", message="why", asked_by=ADA),
    ),
    (
        ChangeEmail(email="ada@example.com", asked_by=ADA),
        EmailChanged(email="ada@example.com", refused="why", asked_by=ADA),
    ),
    (
        RetrieveInvoice(payment_key="a:1", invoice_id="in_1"),
        InvoiceObserved(payment_key="a:1", invoice_id="in_1", invoice=InvoiceState.UNKNOWN, reason="why"),
    ),
    (
        VoidInvoice(payment_key="a:1", invoice_id="in_1"),
        InvoiceVoided(payment_key="a:1", invoice_id="in_1", invoice=InvoiceState.UNKNOWN, reason="why"),
    ),
    (RetrieveRefund(object_id="re_1"), NothingObserved(reason="why")),
    (EraseCustomer(customer_id="cus_1"), CustomerErased(customer_id="cus_1", refused="why")),
]


def test_every_effect_is_tried() -> None:
    """One value for each kind of effect."""
    assert {type(effect) for effect, _ in NOT_BEGUN} == set(get_args(StripeEffect))


@pytest.mark.parametrize(("effect", "outcome"), NOT_BEGUN, ids=lambda each: type(each).__name__)
def test_R8_an_effect_that_was_not_begun_ends_with_a_value(effect: StripeEffect, outcome: EffectOutcome) -> None:
    """That behind a customer who could not be registered, for the same reason."""
    assert not_begun(effect, "why") == outcome


@pytest.mark.parametrize(("effect", "outcome"), NOT_BEGUN, ids=lambda each: type(each).__name__)
def test_R8_an_effect_that_failed_ends_with_a_value(effect: StripeEffect, outcome: EffectOutcome) -> None:
    """So it does; but money may have been asked for: how an attempt to collect went is not known."""
    expected = NotKnown(payment_key="a:1", reason="why") if isinstance(effect, Collect) else outcome
    assert failed(effect, "why") == expected


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (PaymentMethodChanged(payment_method="pm_1"), None),
        (
            PaymentMethodChanged(refused="resource_missing", message="No such PaymentMethod"),
            ("invalid_request", "No such PaymentMethod", "payment_method", None),
        ),
        (
            PaymentMethodChanged(refused="resource_missing"),
            ("invalid_request", "Stripe knows no such payment method.", "payment_method", None),
        ),
        (
            PaymentMethodChanged(refused="card_declined", message="Your card was declined."),
            ("payment_declined", "Your card was declined.", None, "card_declined"),
        ),
        (
            PaymentMethodChanged(refused="stripe_refused"),
            (
                "payment_declined",
                "Stripe did not take this payment method. Choose another.",
                None,
                "stripe_refused",
            ),
        ),
        (EmailChanged(email="ada@example.com"), None),
        (
            EmailChanged(email="ada@example.com", refused="Invalid email address"),
            ("invalid_request", "Stripe did not take this e-mail: Invalid email address", "email", None),
        ),
        (Stopped(payment_key="a:1", reason="why"), None),
    ],
    ids=str,
)
def test_R26_a_command_is_told_what_stripe_refused(
    outcome: EffectOutcome, told: tuple[str, str, str | None, str | None] | None
) -> None:
    """By field where the input is at fault, by code where the card is."""
    refusal = refusal_of(outcome)
    assert (refusal and (refusal.code, refusal.message, refusal.field, refusal.decline_code)) == told
