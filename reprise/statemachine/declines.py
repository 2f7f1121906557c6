"""Why a payment was not made: Reprise's own codes beside Stripe's, and what the same card cannot mend (R6, R9, R10)."""

from enum import StrEnum
from typing import Final


class OwnDeclineCode(StrEnum):
    """The decline codes that Reprise gives where the bank has said nothing; `decline_code` holds these or Stripe's.

    Whoever tells people of them matches all; one that is forgotten fails type checking.
    """

    NO_PAYMENT_METHOD = "no_payment_method"
    """The customer has none: there was nothing to ask (R8, R23)."""

    PAYMENT_STOPPED = "payment_stopped"
    """Stripe refused our request, for a fault of ours (R8)."""

    CANCELLED = "cancelled"
    """Somebody called the payment off (R3, R14)."""

    INVOICE_VOIDED = "invoice_voided"
    """Somebody has voided or deleted the invoice at Stripe (R8)."""

    STRIPE_REFUSED = "stripe_refused"
    """Of a payment method: Stripe has not looked at it, for a fault of ours."""

    PAYMENT_IN_PROGRESS = "payment_in_progress"
    """Of a payment method: the customer was deleted at Stripe while a payment of theirs is not settled (R23)."""


GENERIC_DECLINE: Final = "generic_decline"
"""Stripe's code where the bank gives no reason (docs.stripe.com/declines/codes)."""

AUTHENTICATION_REQUIRED: Final = "authentication_required"
"""Stripe's code where the bank wants the payer to confirm, as they can on the hosted page (R10)."""

DO_NOT_RETRY: Final = frozenset({"do_not_try_again", "confirm_card_data"})
"""Advice codes after which the same card is not asked again (docs.stripe.com/declines/codes#advice-codes)."""

HARD_DECLINES: Final = frozenset(
    {
        "card_not_supported",
        "expired_card",
        "incorrect_number",
        "invalid_account",
        "invalid_number",
        "lost_card",
        "new_account_information_available",
        "pickup_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stolen_card",
        "stop_payment_order",
        "transaction_not_allowed",
    }
)
"""Decline codes after which the same card cannot pay, for banks that give no advice code
(docs.stripe.com/declines/codes; docs.stripe.com/billing/revenue-recovery/smart-retries#non-retryable-decline-codes)."""
