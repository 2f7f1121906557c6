"""R14, R28: what makes two commands the same, also for answers that 0.1.0 has stored."""

import json
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    Close,
    Command,
    Enable,
    ExtendTerm,
    OpenAccount,
    Reactivate,
    RestoreAccount,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)
from reprise.statemachine.money import Plan
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows.fingerprints import answered_fingerprint, fingerprint, same_command
from reprise.workflows.messages import (
    AccountRun,
    Announcements,
    EndpointPosition,
    PaymentHint,
    PendingCommand,
    PendingEffect,
    Refusal,
    ResendAnnouncements,
    Restoration,
)
from tests.statemachine.book import Book
from tests.workflows.record import HISTORIES, recorded
from tests.workflows.world import utc

OPENED = OpenAccount(
    account_id="past-due-and-paid",
    email="past-due-and-paid@example.com",
    carts=3,
    plan=Plan(currency="usd", unit_amount=2500),
    payment_method="pm_card_visa",
)
KINDS: dict[str, type[Command]] = {
    each.model_fields["name"].default: each for each in (OpenAccount, *get_args(AnyCommand))
}
STORED_BY_0_1_0: list[Command] = [
    OPENED,
    SetPaymentMethod(payment_method="pm_card_chargeCustomerFail"),
    SetPaymentMethod(payment_method="pm_card_visa"),
]
COMMANDS: list[Command] = [
    OPENED,
    OPENED.model_copy(update={"policy": BillingPolicy(retry_days=(2, 4))}),
    OPENED.model_copy(update={"policy": BillingPolicy(stopped_days=3)}),
    OPENED.model_copy(update={"anchor": utc("2027-01-31T10:00")}),
    Cancel(),
    Cancel(when="now"),
    Cancel(reason="too dear"),
    Cancel(feedback="unused"),
    Cancel(expected_payment="a:1"),
    Reactivate(),
    Reactivate(expected_amount=0),
    Enable(),
    Close(),
    ExtendTerm(days=3),
    SetCarts(carts=0),
    SetEmail(email="ada@example.com"),
]


def test_R28_an_answer_that_0_1_0_stored_is_known_again() -> None:
    """From its recorded histories: the same command is the same, another one is another."""
    started = recorded(HISTORIES / "0.1.0" / "past_due_and_paid-0.json").events[0]
    run = AccountRun.model_validate_json(started.workflow_execution_started_event_attributes.input.payloads[0].data)
    stored = [each.answer.fingerprint for each in run.answered]
    assert len(stored) == len(STORED_BY_0_1_0)
    for was, command in zip(stored, STORED_BY_0_1_0, strict=True):
        assert same_command(was, command)
        assert answered_fingerprint(command) == was, "an API process of 0.1.0 understands the answer"
        assert [each for each in COMMANDS if same_command(was, each)] == [each for each in COMMANDS if each == command]


@pytest.mark.parametrize("form", [fingerprint, answered_fingerprint])
def test_R14_a_command_is_the_same_as_itself_and_no_other(form: object) -> None:
    """In both forms, whoever sends it and under whatever id."""
    assert callable(form)
    for command in COMMANDS:
        again = command.model_copy(
            update={"actor": Actor(kind=ActorKind.USER, id="u9"), "command_id": "other", "earlier_id": "x"}
        )
        assert [each for each in COMMANDS if same_command(form(again), each)] == [command]


def test_R28_every_command_that_0_1_0_has_answered_is_known_again() -> None:
    """From the updates in its recorded histories: what was asked for, and the fingerprint of the answer."""
    known = set()
    for path in sorted((HISTORIES / "0.1.0").glob("*.json")):
        asked = {}
        for event in recorded(path).events:
            accepted = event.workflow_execution_update_accepted_event_attributes
            if accepted.HasField("accepted_request"):
                asked[accepted.protocol_instance_id] = accepted.accepted_request.input
            completed = event.workflow_execution_update_completed_event_attributes
            if completed.outcome.success.payloads:
                given = asked[completed.meta.update_id]
                command = KINDS[given.name].model_validate_json(given.args.payloads[0].data)
                stored = json.loads(completed.outcome.success.payloads[0].data)["fingerprint"]
                assert answered_fingerprint(command) == stored, path.name
                assert same_command(stored, command)
                known.add(given.name)
    assert known >= {"open", "cancel", "reactivate", "set_carts", "set_payment_method", "disable", "enable"}


def test_R28_a_fingerprint_stays_what_it_is() -> None:
    """It is kept for good: in memos, in answers, in workflow ids of revocations."""
    assert fingerprint(Cancel(when="now")) == "84581637d8169a83813e962daec0fd71"
    for command in (SetEmail(email="ada@example.com"), RestoreAccount()):
        assert answered_fingerprint(command) == fingerprint(command), "0.1.0 knew no such command"


def test_R28_a_field_that_is_added_with_a_default_changes_no_fingerprint() -> None:
    """As a later release would add one: what is sent without it stays the same command."""

    class CancelOfALaterRelease(Cancel):
        pause_until: str | None = None

    assert fingerprint(CancelOfALaterRelease(when="now")) == fingerprint(Cancel(when="now"))
    assert fingerprint(CancelOfALaterRelease(pause_until="May")) != fingerprint(Cancel())


def test_R28_a_caller_who_names_no_edition_is_of_the_first_release() -> None:
    """What 0.1.0 sends: a run that decides by its rules."""
    assert AccountRun.model_validate_json('{"opening": null}').edition == 1


LONG = "x" * 301


@pytest.mark.parametrize(
    ("kind", "field", "longest"),
    [
        (PaymentHint, "payment_key", 100),
        (PaymentHint, "refund_id", 255),
        (EndpointPosition, "last_error", 300),
        (ResendAnnouncements, "endpoint", 32),
    ],
)
def test_R20_texts_in_messages_are_as_long_as_they_may_be(kind: type[BaseModel], field: str, longest: int) -> None:
    """And no longer: a history holds them."""
    given: dict[str, object] = {"endpoint": "shop", "next_sequence": 1} if kind is EndpointPosition else {}
    assert getattr(kind.model_validate({**given, field: LONG[:longest]}), field) == LONG[:longest]
    with pytest.raises(ValidationError, match=field):
        kind.model_validate({**given, field: LONG[: longest + 1]})


def test_R18_entries_are_counted_from_one() -> None:
    assert ResendAnnouncements(from_sequence=1).from_sequence == 1
    with pytest.raises(ValidationError, match="from_sequence"):
        ResendAnnouncements(from_sequence=0)


def test_what_a_run_hands_on_says_what_it_is() -> None:
    """A command without its name, and an effect without its kind, are nobody's."""
    for message, part in (
        (PendingCommand, {"command": {"carts": 3}, "command_id": "c1", "taken": False}),
        (PendingEffect, {"effect": {"payment_key": "a1:1", "invoice_id": None}}),
    ):
        with pytest.raises(ValidationError, match="union_tag_not_found"):
            message.model_validate(part)


def test_messages_stay_as_they_were_sent() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Announcements(enabled=True).enabled = False  # type: ignore[misc]


def test_what_is_not_said_in_a_message() -> None:
    """Nothing is announced, no hint was followed, a record is the last one."""
    run = AccountRun()
    assert (run.announce, run.held.looks, run.held.hints, run.outbox, run.endpoints) == (False, 0, (), (), ())
    assert Restoration(command=RestoreAccount(), how="by its record").older is False


def test_a_refusal_as_a_value_is_the_cores() -> None:
    """With all that belongs to it."""
    book = Book.open(card="generic_decline")
    quote = book.quote(book.now)
    refused = Refused(RefusalCode.QUOTE_CHANGED, "It costs more.", field="expected_amount", quote=quote)
    assert Refusal.of(refused).model_dump() == {
        "code": "quote_changed",
        "message": "It costs more.",
        "field": "expected_amount",
        "quote": quote.model_dump(),
        "decline_code": None,
    }
