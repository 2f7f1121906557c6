"""The checker can fail: a faultless life is passed, and each kind of fault in it is found for what it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.case import Case
from tests.chaos.checker import DAY, Kind, findings
from tests.chaos.client import Sent
from tests.chaos.plan import Plan
from tests.chaos.planted import BUGS, Bug

Spoil = Callable[[Case], object]


def kinds(case: Case) -> set[Kind]:
    return {finding.kind for finding in findings(case.evidence)}


def test_a_faultless_life_is_passed() -> None:
    """With a decline, a lapse, an upfront payment and a renewal that needed another card in it."""
    assert findings(Case().evidence) == []


def entry(case: Case, what: str) -> dict[str, object]:
    return next(each for each in case.timeline if each["type"] == f"account.{what}")


def retry_too_early(case: Case) -> None:
    """Make the change of the card, which is why the renewal is tried again, one of carts."""
    changed = case.timeline[-2]
    changed.update(type="account.carts_changed", carts=6)
    case.commands[-1].verb, case.commands[-1].body = "carts", {"carts": 6}


MONEY: dict[str, Spoil] = {
    "charged twice for one payment": lambda case: case.charge(3, 12500, paid=True),
    "two invoices for one payment": lambda case: case.invoice(
        3, 12500, 5, ("2027-04-15T12:00:00Z", "2027-05-15T12:00:00Z"), "void"
    ),
    "money that no entry tells of": lambda case: case.charge(2, 12500, paid=True),
}

STATES: dict[str, Spoil] = {
    "told as paid, and nothing was taken": lambda case: case.books.invoices[-1].update(status="open"),
    "another sum taken than told": lambda case: case.books.charges[0].update(amount=7400),
    "two lines on an invoice": lambda case: case.books.invoices[0]["lines"]["data"].append(
        case.books.invoices[0]["lines"]["data"][0]
    ),
    "tried in vain once more than told": lambda case: case.charge(4, 12500, paid=False),
    "left open after a decline": lambda case: case.books.invoices[1].update(status="open"),
    "a term that drifts": lambda case: entry(case, "renewed").update(
        term={"start": "2027-05-15T12:00:00Z", "end": "2027-06-14T12:00:00Z"}
    ),
    "disabled before the term's end": lambda case: entry(case, "disabled").update(at="2027-02-28T09:59:59Z"),
    "carts forgotten in the sum": lambda case: entry(case, "reactivated").update(amount=7500),
    "retried before its day": retry_too_early,
    "an entry is missing": lambda case: case.timeline.pop(3),
    "a state that the timeline does not lead to": lambda case: case.account.update(state="past_due"),
    "an anchor that the timeline does not lead to": lambda case: case.account.update(anchor="2027-01-31T10:00:00Z"),
    "an answer that was not true": lambda case: case.commands[2].answer.update(
        sequence=5, state="disabled", carts=3, plan={"unit_amount": 2500}, term=None
    ),
}

COMMANDS: dict[str, Spoil] = {
    "never answered": lambda case: setattr(case.commands[-1], "status", None),
    "answered, and left nothing": lambda case: case.sent("carts", {"carts": 9}),
    "refused, and left an entry": lambda case: setattr(case.commands[2], "status", 409),
    "taken twice": lambda case: case.entry(
        "carts_changed", "2027-05-20T00:00:00Z", "active", case.commands[2], carts=5
    ),
    "nobody asked": lambda case: case.commands.pop(2),
    "answered otherwise when it came again": lambda case: setattr(case.commands[2], "contradicted", {"status": 409}),
    "refused as it never should be": lambda case: case.sent("cancel", {}, 404).answer.update(code="account_not_found"),
}


@pytest.mark.parametrize("what", MONEY)
def test_R8_money_moved_wrongly_is_a_double_charge(what: str) -> None:
    """Whatever Stripe took beyond what the timeline accounts for."""
    case = Case()
    MONEY[what](case)
    assert Kind.DOUBLE_CHARGE in kinds(case)


@pytest.mark.parametrize("what", STATES)
def test_a_life_that_the_rules_do_not_make_is_a_wrong_state(what: str) -> None:
    """In the timeline, in the account at its end, in an answer, or at Stripe."""
    case = Case()
    STATES[what](case)
    assert Kind.WRONG_STATE in kinds(case)


@pytest.mark.parametrize("what", COMMANDS)
def test_R14_a_command_that_is_not_taken_just_once_is_lost(what: str) -> None:
    """Or doubled, which is no better."""
    case = Case()
    COMMANDS[what](case)
    assert Kind.LOST_COMMAND in kinds(case)


def test_what_cannot_be_helped_is_no_finding() -> None:
    """A try made again once Stripe has forgotten it; a copy of a refused command that was on its way still."""
    case = Case()
    case.charge(4, 12500, paid=False, created=DAY)
    late = case.commands[2]
    late.status, late.unanswered = 409, 1
    assert findings(case.evidence) == []


def test_R13_a_closed_account_has_forgotten_what_it_answered() -> None:
    """A command that was taken on its first try, unheard, is answered with the closing on its second."""
    case = Case()
    taken = case.commands[2]
    taken.status, taken.answer = 409, {"code": "account_closed"}
    assert Kind.LOST_COMMAND in kinds(case), "after one try, nothing can have been forgotten"
    taken.tries = 2
    assert findings(case.evidence) == []


def test_R14_what_was_refused_may_be_taken_when_it_comes_again() -> None:
    """And what was taken once is answered as it was."""
    sent = Sent("c1", "c1.0", "cancel", {})
    assert sent.takes(409, {"code": "not_in_service"})
    assert not sent.accepted
    assert sent.takes(200, {"state": "cancelled"})
    assert sent.accepted
    assert sent.contradicted is None
    assert sent.takes(409, {"code": "not_in_service"})
    assert sent.contradicted == {"status": 409, "code": "not_in_service"}


def test_the_same_seed_gives_the_same_plan() -> None:
    """And another seed another one."""
    assert Plan.of(7, 60) == Plan.of(7, 60)
    assert Plan.of(7, 60).digest == Plan.of(7, 60).digest != Plan.of(8, 60).digest
    assert [Plan.of(7, 60).life(slot, 1) for slot in range(9)] == [Plan.of(7, 9).life(slot, 1) for slot in range(9)]


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_bugs_can_still_be_planted(bug: Bug, tmp_path: Path) -> None:
    """The code that a planted bug changes is where it was, and is still code with the bug in it."""
    bug.plant(tmp_path)
    compile((tmp_path / "reprise" / bug.file).read_text(), bug.file, "exec")
