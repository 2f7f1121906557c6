"""What `AccountWorkflow` has registered with Temporal: names that callers, the UI and histories know."""

from typing import get_args

import pytest
from temporalio import workflow

from reprise.statemachine.commands import AnyCommand, Command, OpenAccount
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.messages import Answer

definition = workflow._Definition.must_from_class(AccountWorkflow)

COMMANDS: dict[str, type[Command]] = {each.model_fields["name"].default: each for each in get_args(AnyCommand)}


def test_every_command_is_an_update_and_a_signal_of_its_name() -> None:
    """The names of 0.1.0 among them; nothing else is an update but the opening, and nothing less a signal."""
    known = {
        "cancel", "reactivate", "set_carts", "set_payment_method", "disable", "enable", "extend_term", "change_plan",
        "close",
    }  # fmt: skip
    assert known <= COMMANDS.keys()
    assert set(definition.updates) == {"open", *COMMANDS}
    assert set(definition.signals) == {
        "payment_hint", "start_new_run", "announcements", "resend_announcements", *COMMANDS,
    }  # fmt: skip
    assert set(definition.queries) == {"account", "quote", "timeline", "customer_id", "undelivered"}


@pytest.mark.parametrize("name", ["open", *COMMANDS])
def test_an_update_takes_its_command_checks_it_and_answers(name: str) -> None:
    """One model in, an `Answer` out, and a validator that refuses before anything is written (R14)."""
    update = definition.updates[name or ""]
    assert update.arg_types == [COMMANDS.get(name, OpenAccount)]
    assert update.ret_type is Answer
    assert update.validator is not None
    assert update.fn.__doc__


@pytest.mark.parametrize("name", sorted(str(each) for each in definition.signals))
def test_a_signal_takes_whatever_is_sent(name: str) -> None:
    """Nothing that somebody sends may fail a workflow task: what cannot be read is dropped by ourselves (R27)."""
    signal = definition.signals[name]
    assert signal.dynamic_vararg is False
    assert signal.fn.__doc__
