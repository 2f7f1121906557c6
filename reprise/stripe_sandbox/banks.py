"""Stripe's test bank accounts for ACH direct debit (docs.stripe.com/payments/ach-direct-debit/accept-a-payment).

At Stripe a test debit settles or fails by itself within a while. Here it stays `processing` until it is told to settle
(`POST /_sandbox/payment_intents/{id}/settle`), and turns out then as its test id says, unless one says otherwise.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class BankAccount:
    """A test bank account. `failure` is the code with which its debits fail; `settles`: whether they ever end."""

    label: str
    last4: str
    failure: str | None = None
    settles: bool = True
    disputed: bool = False


TEST_BANK_ACCOUNTS = {
    "pm_usBankAccount_success": BankAccount("Bank account 6789, succeeds", "6789"),
    "pm_usBankAccount_accountClosed": BankAccount("Bank account 1113, is closed", "1113", "account_closed"),
    "pm_usBankAccount_noAccount": BankAccount("Bank account 1116, does not exist", "1116", "no_account"),
    "pm_usBankAccount_insufficientFunds": BankAccount("Bank account 2227, is empty", "2227", "insufficient_funds"),
    "pm_usBankAccount_debitNotAuthorized": BankAccount(
        "Bank account 3335, allows no debits", "3335", "debit_not_authorized"
    ),
    "pm_usBankAccount_dispute": BankAccount("Bank account 5559, disputes", "5559", disputed=True),
    "pm_usBankAccount_processing": BankAccount("Bank account 0009, stays processing", "0009", settles=False),
}

_MESSAGES = {
    "account_closed": "The customer's bank account has been closed.",
    "no_account": "The customer's bank account could not be located.",
    "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
}

FAILURES = tuple(_MESSAGES)
"""The codes with which a debit can fail (docs.stripe.com/payments/ach-direct-debit#failures)."""


def failure_message(code: str) -> str:
    """Return Stripe's sentence for a failed debit."""
    return _MESSAGES[code]
