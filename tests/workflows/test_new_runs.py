"""R13, R14: when an account goes on in a new run, and with what: nothing is lost, nothing is begun and left."""

import pytest
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.converter import decode_typed_search_attributes

from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Close, Disable, SetCarts, SetEmail
from reprise.statemachine.outcomes import Declined, EmailChanged, Paid
from reprise.temporal.search_attributes import ACCOUNT_STATE, CARTS
from reprise.workflows.messages import OPENED_BY, OPENING, AccountRun, EndpointPosition, HeldHints, PaymentHint
from tests.statemachine.book import Book, opening, utc
from tests.workflows.tasks import (
    CONTINUE_AS_NEW,
    MINUTE,
    NOW,
    Job,
    Run,
    active,
    activities,
    activity,
    answered,
    answers,
    first_of,
    markers,
    next_run,
    patch,
    run_of,
    signal,
    unpaid,
    update,
)

GO_ON = signal("start_new_run")
NEW_EMAIL = update("set_email", SetEmail(email="new@example.com"))
PATCH = "new-run-when-disabled"


def command(commands: list[WorkflowCommand]) -> WorkflowCommand:
    """Return the command by which a task has asked to go on in a new run."""
    (asked,) = [each for each in commands if each.HasField(CONTINUE_AS_NEW)]
    return asked


def test_R14_an_account_goes_on_when_asked_and_hands_on_all_that_it_is() -> None:
    """The record, the answers by their ids, announcements as they are switched; what Temporal shows stays right."""
    run = Run(run_of(active(), announce=False))
    assert next_run(run.begin(update("set_carts", SetCarts(carts=5, command_id="c")))) is None
    run.task(signal("announcements", {"enabled": True}), signal("extend_term", {"days": 3, "actor": "grace"}))
    commands = run.task(GO_ON)
    given = next_run(commands)
    assert given is not None
    assert given.account is not None
    assert (given.edition, given.account.carts, given.announce) == (editions.NEWEST, 5, True)
    assert [each.command_id for each in given.answered] == ["c"]
    assert [(each.type, each.actor.id) for each in given.outbox] == [("account.term_extended", "grace")]
    assert (given.commands, given.effects, given.restoration, given.opening) == ((), (), None, None)
    asked = command(commands).continue_as_new_workflow_execution
    shown = decode_typed_search_attributes(asked.search_attributes)
    assert (shown.get(CARTS), shown.get(ACCOUNT_STATE)) == (5, "active")
    assert not asked.memo, "what it was opened by stays known"


def test_R28_a_new_run_takes_the_newest_edition() -> None:
    """Of a run of the first one: for all that it decides."""
    given = next_run(Run(run_of(active(editions.FIRST))).begin(GO_ON))
    assert given is not None
    assert given.account is not None
    assert (given.edition, given.account.edition) == (editions.NEWEST, editions.NEWEST)


@pytest.mark.parametrize("suggested", [False, True])
def test_R14_an_account_goes_on_when_the_server_suggests_it(suggested: bool) -> None:
    """Whatever comes next."""
    run = Run(run_of(active()))
    run.begin()
    commands = run.task(update("set_carts", SetCarts(carts=5)), suggested=suggested)
    assert answers(commands)["u"].account.carts == 5
    assert (next_run(commands) is not None) is suggested


def test_R14_an_update_is_answered_before_the_run_ends_that_it_has_closed() -> None:
    """And nobody is told before: the next run would not know of the try."""
    account = active().model_copy(update={"customer_id": None, "first_payment_method": None})
    run = Run(run_of(account, announce=True))
    commands = run.begin(update("close", Close()))
    assert answers(commands)["u"].account.state == "closed"
    assert commands[-1].HasField(CONTINUE_AS_NEW), "an answer behind it is given to nobody"
    given = next_run(commands)
    assert given is not None
    assert not activities(commands)
    assert [each.type for each in given.outbox] == ["account.closed"]
    assert set(command(commands).continue_as_new_workflow_execution.memo) == {OPENED_BY, OPENING}


@pytest.mark.parametrize("under_way", [NEW_EMAIL, signal("payment_hint", {"refund_id": "re_1"})], ids=["email", "look"])
def test_R14_an_account_does_not_go_on_while_something_is_under_way(under_way: Job) -> None:
    """Nor does the product wait for it: it is told meanwhile."""
    run = Run(run_of(active(), announce=True))
    asked = activity(run.begin(under_way))
    commands = run.task(GO_ON, signal("set_carts", {"carts": 5}))
    assert next_run(commands) is None
    assert not activities(commands)
    given = next_run(run.task(answered(asked, EmailChanged(email="new@example.com"))))
    assert given is not None
    assert given.account is not None
    assert given.account.carts == 5


@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
def test_R18_the_product_is_told_beside_what_delays_a_new_run(edition: int) -> None:
    """An entry comes while Stripe is asked: it is told at once; a run of 0.1.0 gave way to the next."""
    collecting = Book.open("2027-01-31T09:00", edition=edition)
    collecting.do(Cancel(when="now"))
    collecting.at("2027-03-01T10:00")
    run = Run(run_of(collecting.account, announce=True), at=collecting.now)
    collect = activity(run.begin(update("reactivate", {})))
    assert collect.activity_type == "collect"
    commands = run.task(GO_ON, signal("set_carts", {"carts": 5}))
    told = [] if edition == editions.FIRST else ["list_announcement_endpoints"]
    assert [each.activity_type for each in activities(commands)] == told


def test_R18_a_run_of_0_1_0_waits_for_its_try_before_it_goes_on() -> None:
    """Until it is over or cancelled; what it may have told is told again by the next, later."""
    run = Run(AccountRun(edition=editions.FIRST, account=active(editions.FIRST), announce=True))
    commands = run.begin(signal("set_carts", {"carts": 5}))
    assert activity(commands).activity_type == "announce"
    commands = run.task(GO_ON, signal("set_carts", {"carts": 6}))
    assert next_run(commands) is None
    assert any(each.HasField("request_cancel_activity") for each in commands)


def test_R15_hints_that_are_held_go_on_in_the_next_run() -> None:
    """With how often Stripe was asked for them."""
    held = HeldHints(hints=(PaymentHint(refund_id="re_1"),), looks=60, since=utc("2027-01-31T09:00"))
    run = Run(run_of(active(), held=held))
    activity(run.begin(signal("payment_hint", {"refund_id": "re_2"})))
    assert run.record().held == held.model_copy(update={"hints": (PaymentHint(refund_id="re_2"),)})


def test_R18_what_is_to_be_told_goes_on_in_the_next_run() -> None:
    """To each endpoint what it has not taken; and not before a try of a run of 0.1.0 is over."""
    untold = active().timeline[-1:]
    shop = EndpointPosition(endpoint="shop", next_sequence=untold[0].sequence)
    told = Run(run_of(active(), announce=True, outbox=untold, endpoints=(shop,)))
    told.begin()
    after = told.record()
    assert (after.outbox, after.announce_after) == (untold, None)
    assert [(each.endpoint, each.next_sequence) for each in after.endpoints] == [("shop", shop.next_sequence)]
    waits = Run(run_of(active(), announce=True, outbox=untold, announce_after=NOW + MINUTE))
    assert not activities(waits.begin())
    assert (waits.record().announce_after, waits.record().endpoints) == (NOW + MINUTE, ())


# ---------------------------------------------------------------------- by itself


def renewed(run: Run) -> list[WorkflowCommand]:
    """Let an account's renewal come and be paid."""
    return run.task(answered(activity(run.wake()), Paid(payment_key="a1:2", invoice_id="in_2")))


def test_R14_a_renewal_goes_on_in_a_new_run() -> None:
    """Once a term; a retry that fails, does not."""
    run = Run(run_of(active()), at=utc("2027-02-28T08:00"))
    run.begin()
    given = next_run(renewed(run))
    assert given is not None
    assert given.account is not None
    assert given.account.timeline[-1].type == "account.renewed"
    late = Run(run_of(unpaid()))
    late.begin()
    commands = late.task(
        answered(activity(late.wake()), Declined(payment_key="a1:2", code="insufficient_funds")), after=MINUTE
    )
    assert next_run(commands) is None


def leaving(edition: int) -> Account:
    book = Book.open("2027-01-31T09:00", edition=edition)
    book.do(Cancel())
    return book.account


@pytest.mark.parametrize(
    ("edition", "replaying", "marked", "goes_on", "marks"),
    [
        (editions.NEWEST, False, False, True, False),
        (editions.NEWEST, True, False, True, False),
        (editions.FIRST, False, False, True, True),
        (editions.FIRST, True, True, True, True),
        (editions.FIRST, True, False, False, False),
    ],
)
def test_R28_an_account_that_goes_out_of_service_by_itself_sleeps_in_a_new_run(
    edition: int, replaying: bool, marked: bool, goes_on: bool, marks: bool
) -> None:
    """A run of 0.1.0 that did not, does not when it is replayed."""
    run = Run(run_of(leaving(edition)), at=utc("2027-02-28T08:00"))
    run.begin(replaying=replaying)
    commands = run.wake(*([patch(PATCH)] if marked else []), replaying=replaying)
    assert run.now == utc("2027-02-28T09:00")
    assert (next_run(commands) is not None) is goes_on
    assert (PATCH in markers(commands)) is marks


def test_R14_an_account_that_somebody_disables_waits_in_its_run() -> None:
    """For who has done so may want something next."""
    run = Run(run_of(active()))
    commands = run.begin(update("disable", Disable(reason="check")))
    assert answers(commands)["u"].account.state == "disabled"
    assert next_run(commands) is None


def test_R28_an_account_that_is_given_is_not_opened_again() -> None:
    """Whatever else the input says."""
    run = Run(run_of(active(), opening=opening(command_id="o")))
    assert not activities(run.begin())
    assert run.record().answered == ()


def test_R13_what_a_closed_account_is_sent_is_remembered_for_nobody() -> None:
    """A refused signal by somebody, whose id names them."""
    book = Book.open("2027-01-31T09:00")
    book.do(Close())
    run = Run(run_of(book.account))
    run.begin(signal("set_carts", SetCarts(carts=5, command_id="carts of ada")))
    (answered_one,) = run.record().answered
    assert answered_one.command_id.startswith("sha256-")


@pytest.mark.parametrize(
    "given",
    [
        AccountRun(edition=editions.NEWEST, opening=opening(plan={"currency": "usd", "unit_amount": 1}, carts=1)),
        AccountRun(edition=editions.NEWEST),
    ],
    ids=["refused", "nothing"],
)
def test_R20_a_run_that_cannot_open_its_account_fails_by_a_code(given: AccountRun) -> None:
    """Once and for all: its starter is told."""
    (failed,) = [
        each.fail_workflow_execution.failure for each in Run(given).begin() if each.HasField("fail_workflow_execution")
    ]
    info = failed.application_failure_info
    assert (info.type, info.non_retryable) == ("invalid_request", True)
    assert failed.message


def test_R28_a_run_of_a_later_edition_is_left_to_a_later_worker() -> None:
    """Its task fails, whatever it begins with."""
    for given in (AccountRun(edition=3, account=active()), AccountRun(edition=3, opening=opening())):
        completion = Run(given).attempt(first_of(given))
        assert "up to edition 2, not 3" in completion.failed.failure.message
