"""Whether a record that comes from outside can be an account's (R27): what no account could be is not taken up."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from reprise.statemachine import editions
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.payments import PaymentPurpose, payment_key, payment_number
from reprise.statemachine.standing import is_in_service

_CUSTOMER: Final = re.compile(r"cus_[A-Za-z0-9]{1,250}")


class Fault(NamedTuple):
    """What is wrong with a record: the field, and why."""

    field: str
    message: str


def faults_of(account: Account) -> Iterator[Fault]:
    """Yield everything that shows that a record is not an open account's: it was damaged, or written by hand."""
    if account.state is AccountState.NEW:
        yield Fault("state", "is not the state of an account")
    if not editions.FIRST <= account.edition <= editions.NEWEST:
        yield Fault("edition", f"must be {editions.FIRST} to {editions.NEWEST}: a later one needs a later release")
    if account.customer_id is not None and not _CUSTOMER.fullmatch(account.customer_id):
        yield Fault("customer_id", "is not a customer's id at Stripe")
    yield from _faults_of_term(account)
    yield from _faults_of_payments(account)
    yield from _faults_of_timeline(account)


def _faults_of_term(account: Account) -> Iterator[Fault]:
    if is_in_service(account) and account.term is None:
        yield Fault("term", f"is missing: an account that is {account.state} has one")
    if account.term is not None and account.anchor is None:
        yield Fault("anchor", "is missing: an account that has a term has one")
    if account.state is AccountState.CANCELLED and account.cancelled_from is None:
        yield Fault("cancelled_from", "is missing: a cancelled account has one")


def _faults_of_payments(account: Account) -> Iterator[Fault]:
    payment = account.payment
    if account.state is AccountState.PAST_DUE and (payment is None or payment.purpose is not PaymentPurpose.RENEWAL):
        yield Fault("payment", "is missing: a past-due account has one, for its renewal")
    keys = {"payment.key": (payment.key,) if payment else (), "paid_keys": account.paid_keys}
    keys["voids_owed"] = tuple(each.payment_key for each in account.voids_owed)
    for field, named in keys.items():
        for key in named:
            number = payment_number(key)
            if key != payment_key(account.account_id, number) or not 1 <= number <= account.payment_count:
                yield Fault(field, f"{key!r} is not one of this account's {account.payment_count} payments")


def _faults_of_timeline(account: Account) -> Iterator[Fault]:
    numbers = [entry.sequence for entry in account.timeline]
    if numbers != sorted(set(numbers)) or numbers[-1:] != [account.sequence][: len(numbers)]:
        yield Fault("timeline", f"must be in order, and end with entry {account.sequence}")
