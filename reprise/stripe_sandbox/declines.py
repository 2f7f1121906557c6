"""Declines: the codes that card issuers give, what Stripe's error then says, and the issuer's advice."""

DECLINE_CODES = frozenset(
    "authentication_required approve_with_id call_issuer card_not_supported card_velocity_exceeded"
    " currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card fraudulent"
    " generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip"
    " insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year"
    " invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist"
    " mobile_device_authentication_required new_account_information_available no_action_taken not_permitted"
    " offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded processing_error"
    " reenter_transaction restricted_card revocation_of_all_authorizations revocation_of_authorization"
    " security_violation service_not_allowed stolen_card stop_payment_order testmode_decline"
    " transaction_not_allowed try_again_later withdrawal_count_limit_exceeded".split()
)
"""Every decline code that Stripe documents (docs.stripe.com/declines/codes)."""

ADVICE_CODES = ("confirm_card_data", "do_not_try_again", "try_again_later")
"""What an issuer may advise (docs.stripe.com/declines/card#retrying-issuer-declines; `Charge.Outcome.advice_code`)."""

_OWN_ERROR_CODE = frozenset(
    "authentication_required expired_card incorrect_cvc incorrect_number incorrect_zip invalid_cvc"
    " invalid_expiry_month invalid_expiry_year invalid_number processing_error".split()
)
"""Decline codes that are error codes too (docs.stripe.com/error-codes); the others' error code is `card_declined`."""

_MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "card_not_supported": "Your card does not support this type of purchase.",
}


def error_code(decline: str) -> str:
    """Return the error code that goes with a decline code."""
    return decline if decline in _OWN_ERROR_CODE else "card_declined"


def message(decline: str) -> str:
    """Return Stripe's sentence for a decline code."""
    return _MESSAGES.get(decline, "Your card was declined.")
