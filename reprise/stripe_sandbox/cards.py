"""Stripe's test cards: what each does when it is charged (docs.stripe.com/testing)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Card:
    """A test card. `decline` is the decline code of a card that never pays."""

    label: str
    last4: str
    brand: str = "visa"
    decline: str | None = None
    code: str = "card_declined"
    authentication: Literal["never", "always"] = "never"


TEST_CARDS = {
    "pm_card_visa": Card("Visa 4242, succeeds", "4242"),
    "pm_card_mastercard": Card("Mastercard 4444, succeeds", "4444", brand="mastercard"),
    "pm_card_chargeCustomerFail": Card("Visa 0341, declines when charged", "0341", decline="generic_decline"),
    "pm_card_chargeDeclined": Card("Visa 0002, declines", "0002", decline="generic_decline"),
    "pm_card_visa_chargeDeclined": Card("Visa 0002, declines", "0002", decline="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Card(
        "Visa 9995, declines: insufficient funds", "9995", decline="insufficient_funds"
    ),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card(
        "Visa 9995, declines: insufficient funds", "9995", decline="insufficient_funds"
    ),
    "pm_card_chargeDeclinedLostCard": Card("Visa 9987, declines: lost card", "9987", decline="lost_card"),
    "pm_card_chargeDeclinedStolenCard": Card("Visa 9979, declines: stolen card", "9979", decline="stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": Card(
        "Visa 0069, declines: expired", "0069", decline="expired_card", code="expired_card"
    ),
    "pm_card_chargeDeclinedIncorrectCvc": Card(
        "Visa 0127, declines: wrong CVC", "0127", decline="incorrect_cvc", code="incorrect_cvc"
    ),
    "pm_card_chargeDeclinedProcessingError": Card(
        "Visa 0119, declines: processing error", "0119", decline="processing_error", code="processing_error"
    ),
    "pm_card_authenticationRequired": Card("Visa 3184, needs authentication", "3184", authentication="always"),
}

OFFERED = (
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_chargeCustomerFail",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_authenticationRequired",
)
"""The cards that the sandbox's pages offer."""

MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}


def decline_message(decline: str) -> str:
    """Return Stripe's sentence for a decline code."""
    return MESSAGES.get(decline, "Your card was declined.")
