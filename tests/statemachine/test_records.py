"""R27, R28: the record, what it is called, and what it survives."""

import importlib
import pkgutil
from typing import get_args

import pytest
from pydantic import BaseModel

import reprise.statemachine
from reprise.statemachine import machine
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, AccountState, DisabledReason
from reprise.statemachine.commands import Close
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.outcomes import (
    PaymentOutcome,
)
from tests.statemachine.book import Book
from tests.statemachine.standings import cancelled, collecting, lapsed, past_due, waiting

KINDS = {
    "paid",
    "processing",
    "declined",
    "no_payment_method",
    "customer_deleted",
    "requires_action",
    "stopped",
    "not_known",
    "earlier_payment",
}
"""What histories name the outcomes of attempts by."""


def test_the_record_survives_json_in_every_state() -> None:
    """And an account that is loaded from it goes on in the same way."""
    for book in (Book.open(), cancelled(), past_due(), lapsed(), waiting(), collecting()):
        loaded = Account.model_validate_json(book.account.model_dump_json())
        assert loaded == book.account
        assert deadline_of(loaded) == book.deadline
        assert access_until(loaded) == book.access_until


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_a_record_of_a_later_version_is_refused(version: object) -> None:
    """A worker that is too old must not guess."""
    record = Book.open().account.model_dump(mode="json") | {"version": version}
    with pytest.raises(ValueError, match="newer than this worker"):
        Account.model_validate(record)


def test_what_is_no_record_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="valid dictionary"):
        Account.model_validate("a1")


def test_the_states_are_those_of_the_rules() -> None:
    """Six, and the one that nobody sees."""
    assert {state.value for state in AccountState} == {
        "new", "active", "cancelled", "past_due", "disabled", "reactivated", "closed",
    }  # fmt: skip
    assert {reason.value for reason in DisabledReason} == {
        "cancelled", "payment_failed", "first_payment_failed", "operator",
    }  # fmt: skip


def test_R27_temporals_own_cancellation_is_told_and_ends_nothing() -> None:
    """The entry says which command is meant."""
    book = Book.open()
    told = machine.note_cancellation_request(book.account, book.now)
    book.account = told.account
    book.perform(told.effects)
    assert book.state == "active"
    assert "cancel" in (book.account.timeline[-1].reason or "")
    book.do(Close())
    assert machine.note_cancellation_request(book.account, book.now) == (book.account, ())


def test_records_are_never_changed_in_place() -> None:
    """Every value of the core is frozen: what was decided on stays what it was."""
    for module in pkgutil.iter_modules(reprise.statemachine.__path__):
        names = vars(importlib.import_module(f"reprise.statemachine.{module.name}"))
        for value in names.values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel:
                assert value.model_config.get("frozen"), value


def test_R28_outcomes_keep_their_names() -> None:
    """A history of any release is read by them."""
    union, _ = get_args(PaymentOutcome)
    assert {each.model_fields["kind"].default for each in get_args(union)} == KINDS
    assert {get_args(each.model_fields["kind"].annotation)[0] for each in get_args(union)} == KINDS


def test_R28_a_record_that_says_no_more_than_it_must_has_lived_through_nothing() -> None:
    """What later releases add begins so too."""
    record = Book.open().account.model_dump(mode="json")
    must = {name for name, field in Account.model_fields.items() if field.is_required()}
    account = Account.model_validate({name: value for name, value in record.items() if name in must})
    assert must == {"account_id", "email", "state", "plan", "policy", "carts", "timezone", "opened_at"}
    counts = {name: getattr(account, name) for name in Account.model_fields if name not in must}
    told = {name: count for name, count in counts.items() if count not in (None, ())}
    assert told == {
        "version": 1, "edition": 1, "term_index": 0, "payment_count": 0, "known_from": 1, "sequence": 0,
    }  # fmt: skip
