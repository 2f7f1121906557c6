"""Changes of the code are safe for running accounts: what earlier releases left is replayed, loaded, gone on with."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from reprise.statemachine import machine
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import AnyCommand, Cancel, Enable, Reactivate
from reprise.statemachine.effects import Collect
from reprise.statemachine.refusals import Refused
from reprise.temporal.converter import data_converter
from reprise.temporal.runner import RESTRICTIONS, TimelyWorkflowRunner
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.messages import AccountRun
from tests.statemachine.book import Book
from tests.workflows.record import HISTORIES, RELEASES, recorded
from tests.workflows.records import STANDINGS
from tests.workflows.released import ARCHIVE

ROOT = Path(__file__).parents[2]
RECORDED = sorted(HISTORIES.glob("*/*.json"))
RECORDS = sorted(HISTORIES.glob("*/records/*.json"))

WHAT_TO_DO = """
{release}'s history {name} does not replay: an account that runs since then would stop at its next step.

The workflow's code asks for other commands (timers, activities, upserts, continue-as-new) than it did then. Either
  - it was not meant: take the change back; or
  - it was: put it behind `workflow.patched("what-changes")`, so that runs from before go on as they began.
Never change or delete a recorded history. See "Changing workflow code" in ARCHITECTURE.md.

{error}"""


async def replay(path: Path) -> None:
    replayer = Replayer(
        workflows=[AccountWorkflow],
        data_converter=data_converter,
        workflow_runner=TimelyWorkflowRunner(RESTRICTIONS),
    )
    await replayer.replay_workflow(recorded(path))


def names(paths: list[Path], up: int) -> list[str]:
    return [f"{path.parents[up].name}-{path.stem}" for path in paths]


@pytest.mark.parametrize("path", RECORDED, ids=names(RECORDED, 0))
async def test_recorded_histories_replay(path: Path) -> None:
    """The replay gate."""
    try:
        await replay(path)
    except NondeterminismError as error:
        pytest.fail(WHAT_TO_DO.format(release=path.parent.name, name=path.name, error=error), pytrace=False)


async def test_the_replay_gate_closes_when_a_change_is_not_behind_its_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `patched` were not asked: a run of 0.1.0 in which the account went out of service does not replay."""
    monkeypatch.setattr(workflow, "patched", lambda _: True)
    with pytest.raises(NondeterminismError):
        await replay(HISTORIES / "0.1.0" / "lapsed_and_back-0.json")


@pytest.mark.parametrize("path", RECORDED, ids=names(RECORDED, 0))
def test_recorded_inputs_load(path: Path) -> None:
    """Every input that a run was ever given is still understood, and its account goes on."""
    started = recorded(path).events[0].workflow_execution_started_event_attributes
    run = AccountRun.model_validate_json(started.input.payloads[0].data)
    if run.account is not None:
        at = max(run.account.opened_at, *(each.at for each in run.account.timeline))
        assert machine.note_cancellation_request(run.account, at).account.state is run.account.state


@pytest.mark.parametrize("path", RECORDS, ids=names(RECORDS, 1))
def test_records_load_whole(path: Path) -> None:
    """Nothing that a release wrote into a record is lost by loading it: a field may come, none may go."""
    written = json.loads(path.read_text())
    kept = json.loads(AccountRun(account=Account.model_validate(written)).model_dump_json())["account"]
    assert _without_new_fields(kept, written) == written


def _without_new_fields(kept: Any, written: Any) -> Any:
    if isinstance(written, dict):
        return {key: _without_new_fields(kept[key], value) for key, value in written.items() if key in kept}
    if isinstance(written, list):
        return [_without_new_fields(*pair) for pair in zip(kept, written, strict=True)]
    return kept


GOES_ON: dict[str, tuple[AnyCommand | None, str, str, list[int]]] = {
    # record: what is sent, when, the state that follows, what Stripe takes by then
    "active": (None, "2027-04-30T10:00", "active", [7500]),
    "cancelled": (None, "2027-03-31T10:00", "disabled", []),
    "past_due": (None, "2027-03-03T10:00", "active", [7500]),
    "disabled_cancelled": (Reactivate(expected_amount=12500), "2027-04-15T12:00", "reactivated", [12500]),
    "disabled_payment_failed": (Reactivate(), "2027-04-15T12:00", "reactivated", [7500]),
    "disabled_first_payment_failed": (Reactivate(), "2027-04-15T12:00", "reactivated", [7500]),
    "disabled_operator": (Enable(), "2027-02-20T10:00", "reactivated", []),
    "requires_action": (Cancel(), "2027-01-31T11:00", "disabled", []),
    "collecting": (None, "2027-01-31T10:00", "active", [7500]),
    "reactivated": (None, "2027-05-15T12:00", "active", [7500]),
    "closed": (None, "2027-05-15T12:00", "closed", []),
}


@pytest.mark.parametrize("path", RECORDS, ids=names(RECORDS, 1))
def test_records_go_on(path: Path) -> None:
    """An account that an earlier release has written down does next what the rules say, and pays what they say."""
    command, at, state, charges = GOES_ON[path.stem]
    account = Account.model_validate_json(path.read_text())
    book = Book(account, now=account.timeline[-1].at if account.timeline else account.opened_at)
    if account.payment and account.payment.status == "requires_action":
        book.card, book.invoices[account.payment.key] = "authentication", "open"
    if book.account.is_collecting:  # the workflow would have the answer to come; a new run begins at a quiet moment
        assert account.payment is not None
        book.perform((Collect(payment=account.payment),))
    book.at(at)
    if state == "closed":
        with pytest.raises(Refused, match="closed for good"):
            book.do(Cancel())
    elif command is not None:
        book.do(command)
    assert (book.state, book.charged) == (state, charges)


@pytest.mark.parametrize("release", RELEASES, ids=[each.name for each in RELEASES])
def test_each_release_has_left_all_that_is_tried(release: Path) -> None:
    """Histories of every story with runs that carry accounts among them, a record of each standing, its worker."""
    assert len(list(release.glob("*.json"))) >= 8
    there = {path.stem for path in (release / "records").glob("*.json")}
    assert there == {standing.__name__ for standing in STANDINGS}
    states = {Account.model_validate_json(path.read_text()).state for path in (release / "records").glob("*.json")}
    assert states == set(AccountState) - {AccountState.NEW}
    assert (release / ARCHIVE).exists()


def test_every_released_version_is_recorded() -> None:
    """What the changelog calls released has a folder: `make histories VERSION=…` is part of cutting a release."""
    released = set(re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE))
    assert released == {each.name for each in RELEASES}


def test_every_patch_is_written_down() -> None:
    """ARCHITECTURE.md lists the patches that workflow code asks for, so that each can be taken out in its time.

    Workflow code is whatever a workflow calls: the whole package is read, and every patch must be a constant of it.
    """
    asked = set()
    for path in sorted((ROOT / "reprise").rglob("*.py")):
        source = path.read_text()
        if names := re.findall(r"\b(?:deprecate_patch|patched)\(([^)]*)\)", source):
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            asked |= {getattr(module, name) for name in names}
    written = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE))
    assert asked
    assert asked == written
