"""What `AccountWorkflow` has registered with Temporal: names that callers, the UI and histories know."""

import hashlib
import json
import re
from typing import get_args

import pytest
from temporalio import workflow

from reprise.api.commands import OPERATIONS
from reprise.statemachine.commands import AnyCommand, Command
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows import messages
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


def test_R28_names_that_histories_and_other_processes_know_stay_as_they_are() -> None:
    """Of workflows, their ids, their task queue, their memos, and commands over HTTP."""
    assert (messages.WORKFLOW, messages.PORTAL_SESSION, messages.REVOCATION, messages.ENDPOINT_CHECK) == (
        "AccountWorkflow", "PortalSession", "Revocation", "AnnouncementEndpointCheck",
    )  # fmt: skip
    assert (messages.TASK_QUEUE, messages.OPENED_BY, messages.OPENING) == ("accounts", "opened_by", "opening")
    assert (messages.workflow_id("a1"), messages.account_id_of("account-a1")) == ("account-a1", "a1")
    assert messages.portal_session_id("s1") == "portal-session-s1"
    told = hashlib.sha256(json.dumps(("a1", "u1")).encode()).hexdigest()[:32]
    assert messages.revocation_id("session", "a1", "u1") == f"revoked-session-{told}"
    assert OVER_HTTP == {
        "set_carts": "carts",
        "set_email": "email",
        "set_payment_method": "payment-method",
        "extend_term": "extend",
        "change_plan": "plan",
    }


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
