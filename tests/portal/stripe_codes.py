"""The codes that Stripe documents for payments that fail, as its documentation had them in April 2026."""

from typing import Final

CARD: Final = frozenset(
    """
    authentication_required authentication_not_handled approve_with_id call_issuer card_not_supported
    card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card
    fraudulent generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip
    insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year
    invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist new_account_information_available
    no_action_taken not_permitted offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded
    processing_error reenter_transaction restricted_card revocation_of_all_authorizations
    revocation_of_authorization security_violation service_not_allowed stolen_card stop_payment_order
    testmode_decline transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
    mobile_device_authentication_required
    """.split()
)
"""docs.stripe.com/declines/codes, "Card decline codes"."""

OTHER_METHODS: Final = frozenset(
    """
    partner_generic_decline invalid_customer_account payment_limit_exceeded invalid_billing_agreement expired_card
    processing_error insufficient_funds currency_not_supported invalid_amount invalid_business_account
    partner_high_risk_customer compliance_violation payment_disputed invalid_authorization
    invalid_payment_information partner_payment_not_found expired_payment_information duplicate_transaction
    """.split()
)
"""docs.stripe.com/declines/codes, "Local payment method decline codes"."""

HIDDEN: Final = frozenset({"fraudulent", "lost_card", "stolen_card", "merchant_blacklist"})
"""Those that Stripe asks to present as `generic_decline` (docs.stripe.com/declines/codes, "Next steps")."""

NO_PAYERS_MATTER: Final = frozenset(
    """
    account_country_invalid_address account_error_country_change_requires_additional_steps
    account_information_mismatch account_invalid account_token_required_for_v2_account action_blocked
    alipay_upgrade_required anomalous_money_movement_request api_key_expired application_fees_not_allowed
    approval_required balance_insufficient balance_invalid_parameter bank_account_exists bitcoin_upgrade_required
    capability_not_active capture_charge_authorization_expired capture_unauthorized_payment
    cardholder_phone_number_required charge_already_captured charge_already_refunded charge_disputed
    charge_expired_for_capture charge_invalid_parameter charge_not_refundable clearing_code_unsupported
    country_code_invalid country_unsupported coupon_expired customer_max_payment_methods customer_max_subscriptions
    customer_session_expired customer_tax_location_invalid dispute_evidence_page_limit_exceeded email_invalid
    failed_tax_calculation financial_account_balance_does_not_support_currency
    financial_account_capability_not_enabled financial_account_capability_restricted
    financial_connections_consent_locale_invalid financial_connections_consent_locale_unsupported
    financial_connections_no_successful_transaction_refresh forwarding_api_inactive forwarding_api_invalid_parameter
    forwarding_api_retryable_upstream_error forwarding_api_upstream_connection_error
    forwarding_api_upstream_connection_timeout forwarding_api_upstream_error idempotency_key_in_use
    instant_payouts_config_disabled instant_payouts_currency_disabled instant_payouts_limit_exceeded
    instant_payouts_unsupported intent_invalid_state invalid_canceled_subscription_fields invalid_characters
    invalid_charge_amount invalid_mandate_reference_prefix_format invalid_source_usage invalid_tax_location
    invoice_no_customer_line_items invoice_no_payment_method_types invoice_no_subscription_line_items
    invoice_not_editable invoice_on_behalf_of_not_editable invoice_upcoming_none livemode_mismatch lock_timeout
    missing not_allowed_on_standard_account out_of_inventory ownership_declaration_not_allowed
    parameter_invalid_empty parameter_invalid_integer parameter_invalid_string_blank parameter_invalid_string_empty
    parameter_missing parameter_unknown parameters_exclusive payment_evaluation_on_api_version_not_supported
    payment_intent_invalid_parameter payment_intent_rate_limit_exceeded payment_intent_unexpected_state
    payment_method_bank_account_already_verified payment_method_configuration_failures
    payment_method_invalid_parameter_testmode payout_reconciliation_not_ready payouts_limit_exceeded
    payouts_not_allowed platform_account_required platform_api_key_expired product_inactive
    progressive_onboarding_limit_exceeded rate_limit refund_disputed_payment resource_already_exists
    return_intent_already_processed secret_key_required service_period_coupon_with_metered_tiered_item_unsupported
    setup_intent_invalid_parameter setup_intent_mobile_wallet_unsupported setup_intent_unexpected_state
    shipping_address_invalid shipping_calculation_failed siret_invalid sku_inactive smart_disputes_not_available
    state_unsupported status_transition_invalid storer_capability_missing storer_capability_not_active
    stripe_tax_inactive subscription_update_trial_after_billing_cycle_anchor tax_id_invalid tax_id_prohibited
    taxes_calculation_failed terminal_location_country_unsupported terminal_reader_busy
    terminal_reader_hardware_fault terminal_reader_invalid_location_for_activation
    terminal_reader_invalid_location_for_payment terminal_reader_offline terminal_reader_timeout
    testmode_charges_only tls_version_unsupported token_already_used token_card_network_invalid token_in_use
    transfer_source_balance_parameters_mismatch transfers_not_allowed url_invalid
    """.split()
)
"""The error codes among those of a payment (the annotation of `PaymentIntent.last_payment_error.code` in stripe 16.1;
docs.stripe.com/error-codes) that blame a request, another product of Stripe's or our own account. A payment that meets
one of them stops and is shown to operators; its payer reads of `payment_stopped`."""
