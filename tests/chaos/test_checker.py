"""The checker can fail: a faultless life is passed, and each kind of fault in it is found for what it is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.case import ID, Case
from tests.chaos.checker import Kind, findings
from tests.chaos.client import Sent
from tests.chaos.commands import commands
from tests.chaos.crowd import is_at_rest
from tests.chaos.findings import instant
from tests.chaos.money import DAY
from tests.chaos.plan import Plan
from tests.chaos.planted import BUGS, Bug

Spoil = Callable[[Case], object]


def kinds(case: Case) -> set[Kind]:
    return {finding.kind for finding in findings(case.evidence)}


def test_a_faultless_life_is_passed() -> None:
    """With a decline, a lapse, an upfront payment and a renewal that needed another card in it."""
    assert findings(Case().evidence) == []


def entry(case: Case, what: str) -> dict[str, Any]:
    """Return the last entry of a type."""
    return next(each for each in reversed(case.timeline) if each["type"] == f"account.{what}")


def retry_too_early(case: Case) -> None:
    """Make the change of the card, which is why the renewal is tried again, one of carts."""
    changed = entry(case, "payment_method_changed")
    changed.update(type="account.carts_changed", carts=6)
    sent = next(each for each in case.commands if each.key == changed["actor"]["id"])
    sent.verb, sent.body = "carts", {"carts": 6}


def asked_a_lost_card_again(case: Case) -> None:
    case.charge(4, 12500, paid=False, advice="do_not_try_again")
    case.charge(4, 12500, paid=False)
    case.figures.saved_failures = {f"{ID}:4": 1}


def asked_a_lost_card_on_another_day(case: Case) -> None:
    failed = next(each for each in case.books.charges if each["invoice"] == "in_4" and not each["paid"])
    failed["outcome"]["advice_code"] = "do_not_try_again"
    case.declined("payment_declined", "2027-06-20T10:00:00Z", "past_due", 4, 12500)
    case.books.charges[-1]["created"] = 2 * DAY


APRIL = ("2027-04-15T12:00:00Z", "2027-05-15T12:00:00Z")
JUNE = ("2027-06-15T12:00:00Z", "2027-07-15T12:00:00Z")
JULY = ("2027-07-15T12:00:00Z", "2027-08-15T12:00:00Z")

MONEY: dict[str, Spoil] = {
    "charged twice for one payment": lambda case: case.charge(3, 12500, paid=True),
    "two invoices for one payment": lambda case: case.invoice(3, 12500, 5, APRIL, "open"),
    "told twice": lambda case: case.of_stripe("renewed", "2027-06-20T10:00:00Z", "active", 5, 12500, term=None),
    "one term paid twice": lambda case: case.paid("renewed", JUNE[0], "active", None, 6, 12500, 5, JUNE),
    "more than it is for": lambda case: case.books.charges[-1].update(amount=14500),
}

FOR_NOTHING: dict[str, Spoil] = {
    "money that no entry tells of": lambda case: case.books.invoices[1].update(status="paid"),
    "money that buys nothing": lambda case: (
        case.of_stripe("payment_received", "2027-06-20T10:00:00Z", "active", 6, 12500),
        case.invoice(6, 12500, 5, JUNE, "paid"),
    ),
}

FREE: dict[str, Spoil] = {
    "renewed for nothing": lambda case: case.entry("renewed", JULY[0], "active", amount=0, term=JULY),
    "a term that nobody paid": lambda case: case.books.invoices[-1].update(status="void"),
    "never renewed": lambda case: setattr(case, "clock", instant("2027-07-20T00:00:00Z")),
    "stopped for weeks": lambda case: entry(case, "payment_processing").update(at="2027-07-10T00:00:00Z"),
    "stopped for longer than its policy has it": lambda case: (
        case.commands[0].body.update(policy={"stopped_days": 1}),
        entry(case, "payment_processing").update(at="2027-06-18T12:00:00Z"),
    ),
    "not ended when it was cancelled": lambda case: entry(case, "disabled").update(at="2027-03-01T10:00:00Z"),
    "past due beyond the last retry": lambda case: (
        entry(case, "payment_method_changed").update(at="2027-05-24T08:00:00Z"),
        case.timeline[-4].update(at="2027-05-24T08:00:00Z"),
    ),
}

GROWING: dict[str, Spoil] = {
    "requests": lambda case: setattr(case.figures, "requests", 5_000),
    "a loop": lambda case: setattr(case.figures, "busiest", 300),
    "events": lambda case: setattr(case.figures, "events", 51_200),
}

UNTOLD: dict[str, Spoil] = {
    "never told": lambda case: case.told.discard(4),
    "told before what went before": lambda case: case.heard.insert(2, replace(case.heard[4], known=frozenset({1, 2}))),
    "told without a signature": lambda case: case.heard.append(replace(case.heard[1], signed=False)),
    "told otherwise": lambda case: case.heard[2].entry.update(to_state="active"),
}

STATES: dict[str, Spoil] = {
    "told as paid, and nothing was taken": lambda case: case.books.invoices[-1].update(status="open"),
    "another sum taken than told": lambda case: case.books.charges[0].update(amount=7400),
    "two lines on an invoice": lambda case: case.books.invoices[0]["lines"]["data"].append(
        case.books.invoices[0]["lines"]["data"][0]
    ),
    "tried in vain once more than told": lambda case: case.charge(4, 12500, paid=False),
    "asked a card again after the bank had said not to": asked_a_lost_card_again,
    "asked a card again on another day": asked_a_lost_card_on_another_day,
    "a refund that nobody was told of": lambda case: case.books.refunds.append(
        {"object": "refund", "id": "re_1", "invoice": "in_5", "amount": 100}
    ),
    "left open after a decline": lambda case: case.books.invoices[1].update(status="open"),
    "a term that drifts": lambda case: entry(case, "renewed").update(
        term={"start": "2027-06-15T12:00:00Z", "end": "2027-07-14T12:00:00Z"}
    ),
    "disabled before the term's end": lambda case: entry(case, "disabled").update(at="2027-02-28T09:59:59Z"),
    "carts forgotten in the sum": lambda case: entry(case, "reactivated").update(amount=7500),
    "retried before its day": retry_too_early,
    "an entry is missing": lambda case: case.timeline.pop(3),
    "processing taken for declined": lambda case: entry(case, "payment_processing").update(
        type="account.payment_declined", decline_code="generic_decline"
    ),
    "a state that the timeline does not lead to": lambda case: case.account.update(state="past_due"),
    "an anchor that the timeline does not lead to": lambda case: case.account.update(anchor="2027-01-31T10:00:00Z"),
    "an answer that was not true": lambda case: case.commands[2].answer.update(
        sequence=5, state="disabled", carts=3, plan={"unit_amount": 2500}, term=None
    ),
}

COMMANDS: dict[str, Spoil] = {
    "the first payment method was lost": lambda case: (
        case.commands[0].body.update(payment_method="pm_card_visa"),
        entry(case, "past_due").update(decline_code="no_payment_method"),
    ),
    "answered with 500 on the way": lambda case: setattr(case.commands[-1], "broken", 1),
    "never answered": lambda case: setattr(case.commands[-1], "status", None),
    "answered, and left nothing": lambda case: case.sent("carts", {"carts": 9}),
    "refused, and left an entry": lambda case: setattr(case.commands[2], "status", 409),
    "taken twice": lambda case: case.entry(
        "carts_changed", "2027-05-20T00:00:00Z", "active", case.commands[2], carts=5
    ),
    "nobody asked": lambda case: case.commands.pop(2),
    "nobody's name is on it": lambda case: case.entry("cancelled", "2027-06-21T00:00:00Z", "cancelled", case.nobody),
    "cancellation was asked for once": lambda case: [
        case.entry("cancellation_requested", "2027-06-21T00:00:00Z", "active", case.nobody) for _ in range(2)
    ],
    "answered otherwise when it came again": lambda case: setattr(case.commands[2], "contradicted", {"status": 409}),
    "refused as it never should be": lambda case: case.sent("cancel", {}, 404).answer.update(code="account_not_found"),
}


def found_as(kind: Kind, spoilt: dict[str, Spoil]) -> list[Any]:
    return [pytest.param(kind, spoil, id=f"{kind}: {what}") for what, spoil in spoilt.items()]


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        *found_as(Kind.DOUBLE_CHARGE, MONEY),
        *found_as(Kind.MONEY_WITHOUT_SERVICE, FOR_NOTHING),
        *found_as(Kind.FREE_SERVICE, FREE),
        *found_as(Kind.GROWTH, GROWING),
        *found_as(Kind.LOST_ANNOUNCEMENT, UNTOLD),
        *found_as(Kind.WRONG_STATE, STATES),
        *found_as(Kind.LOST_COMMAND, COMMANDS),
    ],
)
def test_each_fault_is_found_for_what_it_is(kind: Kind, spoil: Spoil) -> None:
    """R8, R14, R16, R18, R22: whatever else is found beside it."""
    case = Case()
    spoil(case)
    assert kind in kinds(case)


def test_R9_a_card_that_cannot_pay_is_asked_in_one_attempt() -> None:
    """However much later the next one is: that Stripe forgets keys explains repeats of a try, not another attempt."""
    case = Case()
    assert said_not_to(case) == []
    case.charge(4, 12500, paid=False, created=DAY)
    assert said_not_to(case) == []
    asked_a_lost_card_on_another_day(case)
    assert said_not_to(case) == ["payment c1:4 asked pm_1 in 2 attempts; at the first, its bank had said not to (R9)"]


def said_not_to(case: Case) -> list[str]:
    return [each.what for each in findings(case.evidence) if "said not to" in each.what]


def a_debit_that_takes_a_month(case: Case) -> None:
    settled = "2027-07-14T09:00:00Z"
    entry(case, "renewed").update(at=settled)
    case.heard[-1].entry.update(at=settled)
    case.clock = instant("2027-07-15T11:00:00Z")


def a_copy_on_its_way(case: Case) -> None:
    case.commands[2].status, case.commands[2].unanswered = 409, 1


def a_failure_that_was_saved(case: Case) -> None:
    case.charge(4, 12500, paid=False)
    case.figures.saved_failures = {f"{ID}:4": 1}


UNHELPED: dict[str, Spoil] = {
    "Stripe has forgotten the try, and it is made again": lambda case: case.charge(4, 12500, paid=False, created=DAY),
    "Stripe had saved a failure of its own": a_failure_that_was_saved,
    "a copy of a refused command was on its way": a_copy_on_its_way,
    "an invoice was voided by hand": lambda case: case.invoice(4, 12500, 5, APRIL, "void"),
    "the product took it, and said that it failed": lambda case: case.heard.insert(3, case.heard[3]),
    "a debit takes a month": a_debit_that_takes_a_month,
}


@pytest.mark.parametrize("what", UNHELPED)
def test_what_cannot_be_helped_is_no_finding(what: str) -> None:
    """And what the rules allow is none either."""
    case = Case()
    UNHELPED[what](case)
    assert findings(case.evidence) == []


def test_R27_what_somebody_did_in_the_Temporal_UI_is_nobodys_command() -> None:
    """A request for cancellation, and a signal with no input, once each."""
    case = Case()
    for what, state in (("cancellation_requested", "active"), ("cancelled", "cancelled")):
        case.entry(what, "2027-06-21T00:00:00Z", state, case.nobody, term=JUNE if what == "cancelled" else None)
        case.hear()
    case.account.update(state="cancelled", renews=False, sequence=len(case.timeline))
    case.pressed.cancellations, case.pressed.commands = 1, ["cancel"]
    assert findings(case.evidence) == []


def test_R14_what_was_under_way_at_a_deadline_ends_before_it() -> None:
    """The new payment method is told first, and then that the term is over; not the other way round a second later."""
    case = Case()
    term = {"start": JUNE[0], "end": JUNE[1]}
    case.entry("cancelled", "2027-06-21T00:00:00Z", "cancelled", case.sent("cancel", {}), term=JUNE)
    case.entry("payment_method_changed", JUNE[1], "cancelled", case.sent("payment-method", {}))
    case.entry("disabled", JUNE[1], "disabled", reason="cancelled", term=JUNE)
    case.hear()
    case.account.update(state="disabled", disabled_reason="cancelled", in_service=False, renews=False, term=term)
    case.account.update(sequence=len(case.timeline))
    case.clock = instant(JUNE[1])
    assert findings(case.evidence) == []
    entry(case, "disabled").update(at="2027-07-15T12:00:01Z")
    assert Kind.WRONG_STATE in kinds(case)


def test_R23_a_customer_that_is_deleted_takes_its_payment_methods_along() -> None:
    """Between an invoice and its payment: what the account finds next is that it is gone."""
    case = Case()
    case.commands[0].body.update(payment_method="pm_card_visa")
    declined = entry(case, "past_due")
    declined.update(decline_code="no_payment_method")
    assert [each for each in commands(case.evidence) if "found no payment method" in each]
    replaced = {**declined, "type": "account.customer_replaced", "decline_code": None}
    case.timeline.insert(case.timeline.index(declined) + 1, replaced)
    assert not [each for each in commands(case.evidence) if "found no payment method" in each]


def test_R8_a_decline_whose_answer_was_lost_may_be_told_as_stopped() -> None:
    """The next try has seen that nothing is paid, and met a refusal of Stripe's."""
    case = Case()
    case.charge(4, 12500, paid=False)
    assert [each for each in findings(case.evidence) if "tried in vain" in each.what]
    stopped = {**entry(case, "past_due"), "type": "account.payment_stopped", "decline_code": None}
    case.timeline.append({**stopped, "payment_key": f"{ID}:4"})
    assert not [each for each in findings(case.evidence) if "tried in vain" in each.what]


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


def test_R9_days_on_which_a_payment_is_stopped_are_paid_for_in_requests() -> None:
    """A balance that nobody clears is looked at hourly, for six requests each time; nothing tells of it meanwhile."""
    case = Case()
    entry(case, "payment_processing").update(at="2027-06-29T11:00:00Z")
    entry(case, "renewed").update(at="2027-06-29T11:00:00Z")
    case.figures.requests = 14 * 24 * 6
    assert not [each for each in findings(case.evidence) if each.kind is Kind.GROWTH]
    case.figures.requests += 1_000
    assert [each for each in findings(case.evidence) if each.kind is Kind.GROWTH]


def test_an_account_that_is_about_to_renew_is_not_at_rest() -> None:
    """Its renewal would come while the evidence is read, and be seen of one side only."""
    account = {"payment": {"status": "paid"}, "next": {"at": "2027-07-15T12:00:00Z"}}
    assert not is_at_rest(account, instant("2027-07-15T11:59:59Z"))
    assert is_at_rest(account, instant("2027-07-15T11:58:00Z"))


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
