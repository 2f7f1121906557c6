"""The core is a function: nothing of an account stays where it was decided."""

import gc
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from reprise.statemachine import driving, machine
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.chart import AccountChart
from reprise.statemachine.commands import AnyCommand, Cancel, ChangePlan, Close, ExtendTerm, Reactivate, SetEmail
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.decisions import Decisions
from reprise.statemachine.money import Plan
from reprise.statemachine.refusals import Refused
from reprise.statemachine.standing import IN_SERVICE, MAY_REACTIVATE, is_in_service, renews
from tests.statemachine.book import Book, utc

REFUSED: list[AnyCommand] = [
    Reactivate(),
    ChangePlan(plan=Plan(currency="usd", unit_amount=1)),
    ExtendTerm(until=utc("2027-01-31T10:00")),
]


def held() -> set[int]:
    """Return the ids of all objects that can be reached from the charts that nobody uses."""
    seen: set[int] = set()
    ahead: list[object] = list(driving._idle)
    while ahead:
        each = ahead.pop()
        if id(each) not in seen and not isinstance(each, type | type(driving)):
            seen.add(id(each))
            ahead += gc.get_referents(each)
    return seen


@pytest.mark.parametrize("command", REFUSED)
def test_a_refused_event_leaves_nothing_behind(command: AnyCommand) -> None:
    """A state, a validator or an action may refuse: the record is as it was, and the next decision too."""
    book = Book.open()
    before, record = book.account, book.account.model_dump_json()
    with pytest.raises(Refused):
        machine.take(before, command, book.now)
    assert (book.account, before.model_dump_json()) == (before, record)
    assert machine.take(before, Cancel(), book.now) == machine.take(before, Cancel(), book.now)
    assert machine.take(before, Cancel(), book.now).effects[0].model_dump()["entry"]["type"] == "account.cancelled"


def test_R13_what_has_decided_holds_no_account_afterwards() -> None:
    """Nor the command, which may name people; after a refusal as well."""
    account, email = Book.open().account, SetEmail(email="somebody.else@example.com")
    driving._idle.clear()
    decided = machine.take(account, email, account.opened_at)
    assert not held() & {id(account), id(decided.account), id(email), *map(id, decided.effects)}
    refused = Reactivate(expected_amount=1)
    with pytest.raises(Refused):
        machine.take(account, refused, account.opened_at)
    assert not held() & {id(account), id(refused)}
    assert [hasattr(each.model, "account") for each in driving._idle] == [False]


def test_a_chart_that_a_fault_has_broken_off_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows where it stands; the next decision is as right as if nothing had been."""
    account = Book.open().account
    driving._idle.clear()

    def breaks(*_: object, **__: object) -> None:
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr(Decisions, "_set", breaks)
        with pytest.raises(KeyError):
            machine.take(account, Cancel(), account.opened_at)
    assert not driving._idle
    assert machine.take(account, Cancel(), account.opened_at).account.state is AccountState.CANCELLED


def test_one_decision_within_another_has_a_chart_of_its_own() -> None:
    """So nothing that asks the core from within a decision can mix two accounts up."""
    one, other = Book.open().account, Book.open(account_id="a2", carts=7).account
    with driving.chart_with(one) as chart:
        assert machine.take(other, Close(), other.opened_at).account.account_id == "a2"
        assert chart.model.account is one


def test_threads_decide_at_the_same_time() -> None:
    """Each about its account, with as many charts as there are threads at the most."""
    driving._idle.clear()

    def lives(number: int) -> tuple[int, int, list[int]]:
        book = Book.open(account_id=f"t{number}", carts=number)
        for _ in range(5):
            book.at(book.now + timedelta(days=31))
        return number, book.account.carts, book.charged

    with ThreadPoolExecutor(4) as pool:
        for number, carts, charged in pool.map(lives, range(1, 13)):
            assert (carts, set(charged)) == (number, {number * 2500})
    assert 1 <= len(driving._idle) <= 4


def test_what_a_state_means_is_the_charts_own() -> None:
    """The compound states, and the transitions of `reactivate`."""
    assert {each.value for each in IN_SERVICE} == {"active", "cancelled", "past_due", "reactivated"}
    assert set(MAY_REACTIVATE) == {AccountState.CANCELLED, AccountState.DISABLED}
    assert set(AccountChart.states_map) == {*AccountState, "in_service", "out_of_service"}
    stands: list[tuple[Account, bool, bool]] = []
    book = Book.open()
    for command in (None, Cancel(), Close()):
        if command:
            book.do(command)
        stands.append((book.account, is_in_service(book.account), renews(book.account)))
    assert [(goes, on) for _, goes, on in stands] == [(True, True), (True, False), (False, False)]


def test_R13_a_deadline_that_applies_no_longer_changes_nothing() -> None:
    """The term was extended since: it does not end, and is not renewed, when it would have."""
    book = Book.open()
    stale = deadline_of(book.account)
    assert stale is not None
    book.do(ExtendTerm(days=3))
    assert machine.take(book.account, stale, stale.at) == (book.account, ())


def test_R14_what_is_checked_is_what_is_decided() -> None:
    """With nothing due, as the command is taken; else what is due comes first, and its effects as well."""
    account, now = Book.open().account, utc("2027-02-10T10:00")
    assert machine.check(account, Cancel(), now) == machine.take(account, Cancel(), now)
    late = utc("2027-03-01T10:00")
    due = machine.fire_due(account, late)
    then = machine.take(due.account, SetEmail(email="new@example.com"), late)
    assert machine.check(account, SetEmail(email="new@example.com"), late) == (then.account, due.effects + then.effects)
