"""Account records, one of each standing: what a release writes and every later one must load and go on with."""

from collections.abc import Callable
from pathlib import Path

from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Close, Disable, Reactivate, SetCarts
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from tests.statemachine.book import Book, opening, utc


def active() -> Account:
    return Book.open().at("2027-03-31T10:00").account


def cancelled() -> Account:
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel(reason="too dear"))
    return book.account


def past_due() -> Account:
    book = Book.open(policy=BillingPolicy(debt="collect"))
    book.card = "insufficient_funds"
    return book.at("2027-03-02T10:00").account


def disabled_cancelled() -> Account:
    book = Book.open(timezone="Asia/Tokyo", carts=4).at("2027-02-10T10:00")
    book.do(Cancel())
    book.at("2027-03-05T10:00").do(SetCarts(carts=5))
    return book.account


def disabled_payment_failed() -> Account:
    book = Book.open()
    book.card = "generic_decline"
    return book.at("2027-03-10T10:00").account


def disabled_first_payment_failed() -> Account:
    return Book.open(card="generic_decline").account


def disabled_operator() -> Account:
    book = Book.open().at("2027-02-10T10:00")
    book.do(Disable(reason="check"))
    return book.account


def requires_action() -> Account:
    return Book.open(card="authentication").account


def collecting() -> Account:
    return machine.open_account(opening(), utc("2027-01-31T10:00")).account


def reactivated() -> Account:
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel())
    book.at("2027-04-15T12:00").do(Reactivate(expected_amount=7500))
    return book.account


def closed() -> Account:
    book = Book.open().at("2027-02-10T10:00")
    book.do(Close())
    return book.account


STANDINGS: tuple[Callable[[], Account], ...] = (
    active,
    cancelled,
    past_due,
    disabled_cancelled,
    disabled_payment_failed,
    disabled_first_payment_failed,
    disabled_operator,
    requires_action,
    collecting,
    reactivated,
    closed,
)


def renewing() -> Account:
    """A renewal is being collected, and its outcome is not known yet."""
    return _renewal(PaymentStatus.COLLECTING)


def clearing() -> Account:
    """A renewal by a bank debit (R21)."""
    return _renewal(PaymentStatus.PROCESSING)


def _renewal(status: PaymentStatus) -> Account:
    account = Book.open().account
    assert account.payment is not None
    return account.model_copy(update={"payment": account.payment.model_copy(update={"status": status})})


def held_past_due() -> Account:
    book = Book.open()
    book.card = "insufficient_funds"
    book.at("2027-03-02T10:00").do(Disable(reason="check"))
    return book.account


ALL = (*STANDINGS, renewing, clearing, held_past_due)
"""Also those that releases have not written down."""


def write(folder: Path) -> None:
    """Write down the record of an account of each standing."""
    folder.mkdir(exist_ok=True)
    for standing in STANDINGS:
        (folder / f"{standing.__name__}.json").write_text(standing().model_dump_json(indent=1) + "\n")
