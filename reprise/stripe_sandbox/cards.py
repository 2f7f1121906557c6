"""Stripe's test cards: what each does when it is attached and when it is charged (docs.stripe.com/testing)."""

from dataclasses import dataclass
from typing import Literal

from reprise.stripe_sandbox.declines import error_code


@dataclass(frozen=True)
class Card:
    """A test card.

    Attributes:
        label: What the sandbox's pages call it.
        last4: Its last four digits.
        brand: Its network.
        decline: The decline code of a card that never pays; `authentication_required` pays once the payer has
            authenticated.
        attaches: Whether it can be attached to a customer. Of the cards that decline, Stripe takes one only
            (docs.stripe.com/testing#declined-payments).
        authentication: Whether the payer must authenticate each payment.
        disputed: Whether a charge of it is disputed at once.
        refund_fails: Whether its refunds begin well and fail then.
    """

    label: str
    last4: str
    brand: str = "visa"
    decline: str | None = None
    attaches: bool = True
    authentication: Literal["never", "always"] = "never"
    disputed: bool = False
    refund_fails: bool = False

    @property
    def code(self) -> str:
        """The error code of its decline."""
        return error_code(self.decline or "")


def _declining(kind: str, last4: str, decline: str, says: str) -> dict[str, Card]:
    card = Card(f"Visa {last4}, declines: {says}", last4, decline=decline, attaches=False)
    return {f"pm_card_{kind}": card, f"pm_card_visa_{kind}": card}


TEST_CARDS = {
    "pm_card_visa": Card("Visa 4242, succeeds", "4242"),
    "pm_card_mastercard": Card("Mastercard 4444, succeeds", "4444", brand="mastercard"),
    "pm_card_amex": Card("American Express 8431, succeeds", "8431", brand="amex"),
    "pm_card_chargeCustomerFail": Card("Visa 0341, declines when charged", "0341", decline="generic_decline"),
    **_declining("chargeDeclined", "0002", "generic_decline", "no reason"),
    **_declining("chargeDeclinedInsufficientFunds", "9995", "insufficient_funds", "insufficient funds"),
    **_declining("chargeDeclinedLostCard", "9987", "lost_card", "lost card"),
    **_declining("chargeDeclinedStolenCard", "9979", "stolen_card", "stolen card"),
    **_declining("chargeDeclinedExpiredCard", "0069", "expired_card", "expired"),
    **_declining("chargeDeclinedIncorrectCvc", "0127", "incorrect_cvc", "wrong CVC"),
    **_declining("chargeDeclinedProcessingError", "0119", "processing_error", "processing error"),
    **_declining("chargeDeclinedVelocityLimitExceeded", "6975", "card_velocity_exceeded", "too many payments"),
    # 3184: every payment. 3155: off-session ones, while it was not set up with authentication, as by a plain attach.
    "pm_card_authenticationRequired": Card("Visa 3184, needs authentication", "3184", authentication="always"),
    "pm_card_authenticationRequiredOnSetup": Card(
        "Visa 3155, needs authentication off-session", "3155", decline="authentication_required"
    ),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        "Visa 3178, authenticates and declines", "3178", decline="insufficient_funds", authentication="always"
    ),
    "pm_card_createDispute": Card("Visa 0259, disputed once charged", "0259", disputed=True),
    "pm_card_refundFail": Card("Visa 5126, refunds fail", "5126", refund_fails=True),
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
