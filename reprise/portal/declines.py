"""Why a payment failed and what its payer can do, for every code that Stripe gives for a failed payment.

Codes are Stripe's decline codes (docs.stripe.com/declines/codes, both tables) and the error codes of failed payments,
bank debits among them (docs.stripe.com/error-codes); a few are Reprise's own. What Stripe asks to hide from the payer
(lost, stolen, suspected, on a block list) reads like a plain decline.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from reprise.statemachine.declines import OwnDeclineCode


@dataclass(frozen=True)
class Told:
    """What a payer reads: `why`, a clause ("the card has expired"), and `remedy`, sentences."""

    why: str
    remedy: str


_ASK = "Use another card, or ask your bank, then try again."
_AGAIN = "Try again, or use another card."
_ANOTHER = "Use another card, then try again."
_ENTER = "Enter the card again, or use another one."
_ACCOUNT = "Use another bank account or a card, then try again."

PLAIN: Final = Told("your bank declined it without saying why", _ASK)
"""What is said of a code that is to be hidden, and of one that says nothing."""

OURS: Final = Told("something is wrong on our side; we are on it", "Try again later.")
"""What is said where no payer can do anything."""

_CODES: dict[str, Told] = {}

for codes, told in {
    # Cards: the bank gives no reason, or one that is not the payer's to read.
    "call_issuer card_declined do_not_honor do_not_try_again fraudulent generic_decline lost_card merchant_blacklist"
    " no_action_taken pickup_card restricted_card revocation_of_all_authorizations revocation_of_authorization"
    " security_violation service_not_allowed stolen_card stop_payment_order transaction_not_allowed"
    " bank_account_declined compliance_violation partner_generic_decline partner_high_risk_customer"
    " payment_intent_payment_attempt_failed payment_method_provider_decline request_blocked"
    " setup_attempt_failed": PLAIN,
    "not_permitted": Told("your bank does not permit this payment", _ASK),
    "approve_with_id issuer_not_available partner_payment_not_found payment_method_provider_timeout processing_error"
    " reenter_transaction three_d_secure_authentication_upstream_error try_again_later": Told(
        "the bank had a passing problem", _AGAIN
    ),
    "authentication_failure authentication_not_handled authentication_required invoice_payment_intent_requires_action"
    " mobile_device_authentication_required payment_intent_action_required payment_intent_authentication_failure"
    " setup_intent_authentication_failure": Told(
        "your bank wants you to confirm the payment, and it was not confirmed",
        "Try again and confirm it, or use another card.",
    ),
    "three_d_secure_authentication_not_supported": Told(
        "your bank wants a confirmation that the card cannot give", _ANOTHER
    ),
    "payment_intent_payment_attempt_expired setup_intent_setup_attempt_expired": Told(
        "it was not completed in time", _AGAIN
    ),
    "expired_card expired_payment_method": Told("the card has expired", _ANOTHER),
    "expired_payment_information": Told("the payment details have expired", "Enter them again, or use another card."),
    "incorrect_number invalid_number": Told("the card's number is wrong", _ENTER),
    "incorrect_cvc invalid_cvc": Told("the card's security code is wrong", _ENTER),
    "invalid_expiry_month invalid_expiry_year": Told("the card's expiry date is wrong", _ENTER),
    "incorrect_address incorrect_postal_code incorrect_zip payment_method_billing_details_address_missing"
    " postal_code_invalid": Told(
        "the billing address does not fit the card", "Correct the billing address, or use another card."
    ),
    "incorrect_pin invalid_pin offline_pin_required online_or_offline_pin_required pin_try_exceeded": Told(
        "the card works only with its PIN, which cannot be entered here", _ANOTHER
    ),
    "insufficient_funds": Told(
        "there is not enough money available", "See that there is enough, or use another card, then try again."
    ),
    "card_velocity_exceeded charge_exceeds_source_limit charge_exceeds_transaction_limit payment_limit_exceeded"
    " withdrawal_count_limit_exceeded": Told("a limit of the card or account is reached", _ASK),
    "card_decline_rate_limit_exceeded": Told(
        "it was declined too often in a short time", "Use another card, or try again tomorrow."
    ),
    "invalid_amount": Told("your bank takes no payment of this amount", _ASK),
    "card_not_supported invalid_card_type": Told("the card cannot be used for this kind of payment", _ANOTHER),
    "currency_not_supported payment_method_currency_mismatch": Told("the card cannot pay in this currency", _ANOTHER),
    "duplicate_transaction": Told(
        "the same amount was asked for just before",
        "Look at your invoices first: it may be paid. If it is not, try again in a few minutes.",
    ),
    "invalid_account new_account_information_available": Told(
        "the card, or the account behind it, is not valid any more", _ASK
    ),
    "testmode_decline": Told("it is a test card", "Use a real card."),
    # Bank debits and other methods.
    "account_closed": Told("the bank account is closed", _ACCOUNT),
    "no_account": Told("the bank knows no such account", _ACCOUNT),
    "account_number_invalid bank_account_bad_routing_numbers routing_number_invalid": Told(
        "the bank account's number is wrong", "Enter it again, or use a card."
    ),
    "bank_account_restricted bank_account_unusable payment_method_bank_account_blocked sepa_unsupported_account": Told(
        "the bank account cannot be debited", _ACCOUNT
    ),
    "acss_debit_session_incomplete bank_account_unverified bank_account_verification_failed"
    " intent_verification_method_missing"
    " payment_method_microdeposit_failed"
    " payment_method_microdeposit_processing_error payment_method_microdeposit_verification_amounts_invalid"
    " payment_method_microdeposit_verification_amounts_mismatch"
    " payment_method_microdeposit_verification_attempts_exceeded"
    " payment_method_microdeposit_verification_descriptor_code_mismatch"
    " payment_method_microdeposit_verification_timeout": Told(
        "the bank account is not confirmed", "Confirm it, or use a card, then try again."
    ),
    "financial_connections_account_inactive financial_connections_account_pending_account_numbers"
    " financial_connections_account_unavailable_account_numbers": Told(
        "the bank account is not linked any more", "Link it again, or use a card, then try again."
    ),
    "debit_not_authorized": Told(
        "the bank says that you have not allowed the debit", "Ask your bank to allow it, or use a card."
    ),
    "refer_to_customer": Told("the bank wants to hear from you first", "Ask your bank, or use a card."),
    "billing_invalid_mandate india_recurring_payment_mandate_canceled invalid_authorization invalid_billing_agreement"
    " payment_intent_mandate_invalid payment_intent_mandate_revoked setup_intent_mandate_invalid": Told(
        "the permission to debit is not valid any more", "Add the card or account again, or use another one."
    ),
    "invalid_customer_account": Told(
        "your account with the payment provider cannot be charged", "Mend it there, or use a card, then try again."
    ),
    "invalid_payment_information payment_intent_konbini_rejected_confirmation_number": Told(
        "the payment details are wrong", "Enter them again, or use a card."
    ),
    "payment_method_customer_decline": Told("it was declined on your side", _AGAIN),
    "payment_disputed": Told("an earlier payment is disputed", "Please contact support."),
    "payment_intent_incompatible_payment_method payment_method_invalid_parameter payment_method_not_available"
    " payment_method_restricted payment_method_unactivated payment_method_unexpected_state"
    " payment_method_unsupported_type": Told("it cannot be paid with this card or account", _ANOTHER),
    "resource_missing": Told("the card is not on file any more", "Add a card, then try again."),
    # What is the product's to mend.
    "invalid_business_account amount_too_large amount_too_small": OURS,
}.items():
    _CODES |= dict.fromkeys(codes.split(), told)


def _told_of_ours(code: OwnDeclineCode) -> Told:
    match code:
        case OwnDeclineCode.NO_PAYMENT_METHOD:
            return Told("there is no card on file", "Add a card, then try again.")
        case OwnDeclineCode.PAYMENT_STOPPED | OwnDeclineCode.STRIPE_REFUSED:
            return OURS
        case OwnDeclineCode.CANCELLED:
            return Told("it was called off", "Try again.")
        case OwnDeclineCode.INVOICE_VOIDED:
            return Told("its invoice was voided", "Try again.")
        case OwnDeclineCode.PAYMENT_IN_PROGRESS:
            return Told("another payment is not settled yet", "Try again later.")
        case _:
            assert_never(code)


_CODES |= {code.value: _told_of_ours(code) for code in OwnDeclineCode}

KNOWN: Final = frozenset(_CODES)
"""The codes that have words of their own."""

ANY: Final = Told("your bank declined it", _ASK)
"""What is true of any decline, of a code that nobody knows yet."""

ALL: Final = frozenset({*_CODES.values(), ANY})
"""All that is ever told, in English; the pages say it in the reader's language."""


def told_of(code: str | None) -> Told:
    """Return what a payer reads of a code; of one that nobody knows yet, what is true of any decline."""
    return _CODES.get(code or "", ANY)
