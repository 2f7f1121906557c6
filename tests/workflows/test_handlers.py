"""R14, R20, R27: what an account makes of messages: repeats, what it restores, and what it drops."""

import logging
from typing import Any

import pytest

from reprise.schemas.accounts import AccountView
from reprise.schemas.announcements import EndpointBacklog
from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Close, Command, RestoreAccount, SetCarts
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.account_views import account_view
from reprise.workflows.fingerprints import answered_fingerprint
from reprise.workflows.messages import (
    AccountRun,
    Answer,
    AnsweredCommand,
    AskedAt,
    EndpointPosition,
    QuoteAnswer,
    Restoration,
)
from tests.statemachine.book import Book, opening
from tests.workflows.tasks import Run, active, answers, refusals, run_of, signal, update


def closed() -> Account:
    book = Book.open("2027-01-31T09:00")
    book.do(Close())
    return book.account


def answered_before(command: Command, command_id: str) -> AnsweredCommand:
    """Return an answer as an earlier release has left it: under the id that it gave the request."""
    answer = Answer(account=account_view(active()), fingerprint=answered_fingerprint(command))
    return AnsweredCommand(command_id=command_id, answer=answer)


FIVE = SetCarts(carts=5)
AGAIN = {"command_id": "user-ada-key", "earlier_id": "key"}


def test_R14_an_update_is_remembered_under_its_own_id_where_the_command_has_none() -> None:
    """And under the command's, where it has one."""
    run = Run(run_of(active()))
    run.begin(update("set_carts", FIVE), update("set_carts", {"carts": 6, "command_id": "c"}, update_id="v"))
    assert [each.command_id for each in run.record().answered] == ["u", "c"]


@pytest.mark.parametrize("carts", [5, 6])
def test_R14_what_an_earlier_release_has_answered_is_known_by_its_id_of_then(carts: int) -> None:
    """As an update and as a signal; another command under that id is another one."""
    again = SetCarts(carts=carts, **AGAIN)
    before = answered_before(FIVE, "key")
    as_update = Run(run_of(active(), answered=(before,)))
    answer = answers(as_update.begin(update("set_carts", again)))["u"]
    assert (answer == before.answer) is (carts == 5)
    assert as_update.account().carts == (3 if carts == 5 else 6)
    as_signal = Run(run_of(active(), answered=(before,)))
    as_signal.begin(signal("set_carts", again))
    assert as_signal.account().carts == (3 if carts == 5 else 6)


def test_R14_what_the_state_forbids_is_no_refusal_of_what_was_answered_before() -> None:
    """The first answer, though the account is closed by now."""
    before = answered_before(FIVE, "key")
    repeat = update("set_carts", FIVE, update_id="key")
    assert answers(Run(run_of(closed(), answered=(before,))).begin(repeat))["key"] == before.answer
    assert refusals(Run(run_of(closed())).begin(repeat)) == {"key": "account_closed"}
    earlier = update("set_carts", FIVE.model_copy(update=AGAIN))
    assert answers(Run(run_of(closed(), answered=(before,))).begin(earlier))["u"] == before.answer


def test_R7_what_an_account_is_asked_it_answers_from_its_record() -> None:
    """As it stands: the view, the timeline, the customer, what coming back costs or why it is refused."""
    account = active()
    entry = account.timeline[-1]
    shop = EndpointPosition(endpoint="shop", next_sequence=entry.sequence)
    run = Run(run_of(account, announce=True, outbox=(entry,), endpoints=(shop,)))
    run.begin()
    assert run.ask("account", AccountView) == account_view(account)
    assert run.ask("timeline", list[TimelineEntry]) == list(account.timeline)
    assert run.ask("customer_id", str) == "cus_1"
    (backlog,) = run.ask("undelivered", list[EndpointBacklog])
    assert (backlog.endpoint, backlog.pending, backlog.next_sequence) == ("shop", 1, entry.sequence)
    answer = run.ask("quote", QuoteAnswer, AskedAt(now=run.now))
    assert (answer.quote, answer.refusal.code) == (None, "already_in_service")
    book = Book.open("2026-11-30T09:00")
    book.do(Cancel())
    book.at("2027-01-31T09:00")
    lapsed = Run(run_of(book.account))
    lapsed.begin()
    answer = lapsed.ask("quote", QuoteAnswer, AskedAt(now=lapsed.now))
    assert (answer.quote.amount_due, answer.refusal) == (7500, None)


@pytest.mark.parametrize(("account", "code"), [(active, "account_running"), (closed, "account_closed")])
def test_R27_an_account_that_runs_is_not_restored(account: Any, code: str) -> None:
    """Nor one that is closed for good."""
    assert refusals(Run(run_of(account())).begin(update("restore", RestoreAccount()))) == {"u": code}


def test_R27_whoever_has_restored_an_account_is_answered_again() -> None:
    """By the same command; another one is told that it runs."""
    command = RestoreAccount(command_id="r")
    run = Run(run_of(active(), restoration=Restoration(command=command, how="from its record")))
    run.begin()
    commands = run.task(update("restore", command), update("restore", RestoreAccount(), update_id="v"))
    assert answers(commands)["u"].refusal is None
    assert refusals(commands) == {"v": "account_running"}


def test_R1_an_opening_of_an_account_that_exists_is_a_conflict() -> None:
    """Whatever it says; but for the one that has opened it, which waits for the same answer."""
    opened = opening(command_id="o")
    assert refusals(Run(run_of(active())).begin(update("open", opened))) == {"u": "account_exists"}
    run = Run(AccountRun(edition=editions.NEWEST, opening=opened))
    run.begin()
    assert refusals(run.task(update("open", opened), update("open", opening(), update_id="v"))) == {
        "v": "account_exists"
    }


@pytest.mark.parametrize(
    "name", ["payment_hint", "announcements", "resend_announcements", "set_carts", "carts", "cancel"]
)
def test_R27_a_signal_that_cannot_be_read_is_dropped_with_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Which one it was, and why, without what it said."""
    caplog.set_level(logging.WARNING)
    Run(run_of(active())).begin(signal(name, {}, {}))
    (record,) = [each for each in caplog.records if each.message.startswith("a signal was dropped")]
    assert {each: getattr(record, each) for each in ("signal", "why")} == {"signal": name, "why": "ValueError"}
