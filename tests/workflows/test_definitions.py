"""What `AccountWorkflow` has registered with Temporal: names that callers, the UI and histories know."""

import re
from typing import get_args

import pytest
from temporalio import workflow

from reprise.api.commands import OPERATIONS
from reprise.statemachine.commands import AnyCommand, Command
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.endpoint_check import EndpointCheck
from reprise.workflows.messages import OVER_HTTP, Answer
from reprise.workflows.portal_session import PortalSession
from reprise.workflows.revocation import Revocation

definition = workflow._Definition.must_from_class(AccountWorkflow)

COMMANDS: dict[str, type[Command]] = {each.model_fields["name"].default: each for each in get_args(AnyCommand)}


NAMES = {name: {name, OVER_HTTP.get(name, name)} for name in COMMANDS}


def test_every_command_is_an_update_and_a_signal_of_its_names() -> None:
    """The names of 0.1.0 among them; nothing else is an update but the opening, and nothing less a signal."""
    known = {
        "cancel", "reactivate", "set_carts", "set_payment_method", "disable", "enable", "extend_term", "change_plan",
        "close",
    }  # fmt: skip
    assert known <= COMMANDS.keys()
    names = {each for both in NAMES.values() for each in both}
    assert set(definition.updates) == {"open", "restore", *names}
    assert set(definition.signals) == {"payment_hint", "start_new_run", "announcements", "resend_announcements", *names}
    assert set(definition.queries) == {
        "account", "quote", "timeline", "customer_id", "undelivered", "record", "last_record",
    }  # fmt: skip


def test_a_command_has_the_same_name_over_http() -> None:
    """The path's last part is one of the names that its update has."""
    assert {each.name: each.path for each in OPERATIONS} == {name: OVER_HTTP.get(name, name) for name in COMMANDS}


@pytest.mark.parametrize("name", sorted(each or "" for each in definition.updates))
def test_an_update_reads_what_is_sent_checks_it_and_answers(name: str) -> None:
    """An `Answer` out, a validator that refuses before anything is written (R14), and words for the Temporal UI."""
    update = definition.updates[name]
    assert update.dynamic_vararg is False
    assert update.ret_type is Answer
    assert update.validator is not None
    assert update.description == update.fn.__doc__
    if name in OVER_HTTP:
        assert update.description == f"The same as `{OVER_HTTP[name]}`."
    elif name not in {"open", "restore"}:
        kind = next(kind for each, kind in COMMANDS.items() if name in NAMES[each])
        example = re.search(r" (?:Input|Needs no input; may take): (\{.*\})$", update.description or "")
        assert example, update.description
        assert kind.model_validate_json(example[1]).actor == Actor(kind=ActorKind.OPERATOR, id="grace@example.com")


@pytest.mark.parametrize("name", sorted(str(each) for each in definition.signals))
def test_a_signal_takes_whatever_is_sent(name: str) -> None:
    """Nothing that somebody sends may fail a workflow task: what cannot be read is dropped by ourselves (R27)."""
    signal = definition.signals[name]
    assert signal.dynamic_vararg is False
    assert signal.fn.__doc__
    if name in definition.updates:
        assert signal.description == f"{definition.updates[name].description} Nobody waits for the answer."


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (AccountWorkflow, "AccountWorkflow"),
        (EndpointCheck, "AnnouncementEndpointCheck"),
        (PortalSession, "PortalSession"),
        (Revocation, "Revocation"),
    ],
)
def test_a_workflow_has_the_name_that_callers_and_histories_know(kind: type, name: str) -> None:
    """For good."""
    assert workflow._Definition.must_from_class(kind).name == name
