"""What an account can be waiting for: one word each, for lists."""

from enum import StrEnum


class NextAction(StrEnum):
    """The next thing that happens to an account, or that somebody is to do."""

    COLLECT_PAYMENT = "collect_payment"
    """An attempt is under way: Stripe answers in seconds."""

    RENEW = "renew"
    """The term ends, and the next one is collected (R5)."""

    END_SERVICE = "end_service"
    """The term ends, and service with it (R5)."""

    RETRY_PAYMENT = "retry_payment"
    """The renewal is tried again on the policy's days (R9)."""

    REPLACE_PAYMENT_METHOD = "replace_payment_method"
    """The payer gives another one: the bank refuses this one for good, or there is none (R9)."""

    AUTHENTICATE_PAYMENT = "authenticate_payment"
    """The payer confirms the payment (R10)."""

    CLEAR_PAYMENT = "clear_payment"
    """The bank transfers the money, which takes days (R21)."""

    FIX_REQUEST = "fix_request"
    """Operators mend what Stripe refuses of our own request, which is tried hourly (R8, R9)."""

    REACTIVATE = "reactivate"
    """The owner comes back (R6)."""

    ENABLE = "enable"
    """Operators take back that they have disabled it (R13)."""
