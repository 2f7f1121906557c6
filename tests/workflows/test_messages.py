"""R14, R28: what makes two commands the same, also for answers that 0.1.0 has stored."""

import json
from typing import get_args

import pytest

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
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows.fingerprints import answered_fingerprint, fingerprint, same_command
from reprise.workflows.messages import AccountRun
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
