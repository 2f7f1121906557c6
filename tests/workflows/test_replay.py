"""Changes of the code are safe for running accounts: what earlier releases recorded is replayed and loaded."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from reprise.statemachine.machine import AccountMachine
from reprise.workflow_runner import RESTRICTIONS, TimelyWorkflowRunner
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.messages import AccountRun
from tests.workflows.record import HISTORIES

RECORDED = sorted(HISTORIES.glob("*/*.json"))


def recorded(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


@pytest.mark.parametrize("path", RECORDED, ids=[f"{path.parent.name}-{path.stem}" for path in RECORDED])
async def test_recorded_histories_replay(path: Path) -> None:
    """If this fails, running accounts would too: put the change behind `workflow.patched` (ARCHITECTURE.md)."""
    replayer = Replayer(
        workflows=[AccountWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=TimelyWorkflowRunner(RESTRICTIONS),
    )
    await replayer.replay_workflow(recorded(path))


@pytest.mark.parametrize("path", RECORDED, ids=[f"{path.parent.name}-{path.stem}" for path in RECORDED])
def test_recorded_inputs_load(path: Path) -> None:
    """Every input that a run was ever given is still understood, and its account goes on."""
    started = recorded(path).events[0].workflow_execution_started_event_attributes
    run = AccountRun.model_validate_json(started.input.payloads[0].data)
    if run.account is not None:
        machine = AccountMachine(run.account)
        assert machine.account == run.account
        assert machine.account.state.value in machine.configuration_values


def test_there_is_something_to_replay() -> None:
    """A folder for each release, with runs that carry accounts among them."""
    assert len(RECORDED) >= 8
