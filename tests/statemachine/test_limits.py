"""R20: what commands, policies and sums may be at the most and at the least, taken on the border and refused beyond."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from reprise.statemachine.commands import (
    TEMPORAL_UI,
    Cancel,
    ChangePlan,
    Disable,
    ExtendTerm,
    OpenAccount,
    Reactivate,
    RestoreAccount,
    SetCarts,
    SetPaymentMethod,
)
from reprise.statemachine.money import MAX_AMOUNT, Plan, formatted, least, most
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import Refused
from reprise.statemachine.sums import check_sum
from reprise.statemachine.timeline import Actor, ActorKind
from tests.statemachine.book import opening

Making = Callable[[Any], Any]


def _opening(**changes: Any) -> OpenAccount:
    return OpenAccount.model_validate(opening().model_dump() | changes)


BORDERS: dict[str, tuple[Making, list[Any], list[Any]]] = {
    "carts": (lambda n: SetCarts(carts=n), [0, 10_000], [-1, 10_001, True, "3", 3.0]),
    "carts when opening": (lambda n: _opening(carts=n), [0, 10_000], [-1, 10_001]),
    "amount": (lambda n: Reactivate(expected_amount=n), [0, MAX_AMOUNT, None], [-1, MAX_AMOUNT + 1, True, "1"]),
    "price": (lambda n: Plan(currency="usd", unit_amount=n), [0, MAX_AMOUNT], [-1, MAX_AMOUNT + 1]),
    "reason": (lambda n: Disable(reason="x" * n), [0, 1, 500], [501]),
    "reason of leaving": (lambda n: Cancel(reason="x" * n), [0, 500], [501]),
    "characters of a reason": (lambda text: Disable(reason=text), ["é\n", "\x01"], ["\x00", "a\x00b"]),
    "days of goodwill": (lambda n: ExtendTerm(days=n), [1, 366], [0, 367, -1, True, "3", 1.0]),
    "instant": (
        lambda at: ExtendTerm(until=at),
        ["2000-01-01T00:00:00Z", "2199-12-31T23:59:59Z"],
        ["1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2027-01-01T00:00:00", 1_800_000_000],
    ),
    "why they leave": (
        lambda word: Cancel(feedback=word),
        [
            *("too_expensive", "missing_features", "switched_service", "unused"),
            *("customer_service", "too_complex", "low_quality", "other", None),
        ],
        ["too dear", ""],
    ),
    "cancelled elsewhere": (lambda given: _opening(cancelled=given), [True, False], [1, 0, "true", None]),
    "from where to restore": (lambda given: RestoreAccount(from_run_start=given), [True, False], [1, 0, "true", None]),
    "fields": (lambda name: SetCarts.model_validate({"carts": 1, name: 1}), ["carts"], ["cart", "Carts", "plan"]),
    "loose e-mail": (
        lambda text: _opening(email=text),
        ["a@b", f"{'a' * 64}@b", "jürgen@example.com"],
        ["a", "@b", "a@", f"{'a' * 65}@b", "a b@c", "a@b c", "a@b@c", "a\n@b", "a@\x01"],
    ),
    "length of an e-mail": (lambda n: _opening(email="aaaa@" + "b" * (n - 5)), [254], [255]),
    "command id": (lambda n: SetCarts(carts=1, command_id="x" * n), [0, 255], [256]),
    "earlier id": (lambda n: SetCarts(carts=1, earlier_id="x" * n), [0, 255], [256]),
    "payment that a page showed": (lambda n: Cancel(expected_payment="x" * n), [0, 100], [101]),
    "actor": (lambda n: Actor(kind=ActorKind.USER, id="x" * n), [0, 255], [256]),
    "account id": (lambda n: _opening(account_id="a" * n), [1, 64], [0, 65]),
    "payment method": (lambda n: SetPaymentMethod(payment_method="pm_" + "x" * n), [1, 250], [0, 251]),
    "customer": (lambda n: _opening(customer_id="cus_" + "x" * n), [1, 250], [0, 251]),
    "retry days": (
        lambda days: BillingPolicy(retry_days=days),
        [(1,), (60,), tuple(range(1, 11))],
        [(), (0,), (61,), tuple(range(1, 12)), (3, 1), (1, 1)],
    ),
    "days of a stop": (lambda n: BillingPolicy(stopped_days=n), [1, 60], [0, 61, True]),
    "days before a renewal": (lambda n: BillingPolicy(renewal_upcoming_days=n), [1, 27, None], [0, 28, True, "7"]),
    "a policy's words": (
        lambda words: BillingPolicy(on_dispute=words[0], debt=words[1]),
        [("tell", "void"), ("disable", "collect")],
        [("tell", "tell"), ("void", "void"), (None, "void"), ("tell", None)],
    ),
    "a policy's fields": (
        lambda name: BillingPolicy.model_validate({name: 7}),
        ["stopped_days", "renewal_upcoming_days"],
        ["days", "retry_day"],
    ),
    "payment methods": (
        lambda n: BillingPolicy(payment_methods=tuple(f"type_{each}" for each in range(n))),
        [1, 20],
        [0, 21],
    ),
    "type of a payment method": (
        lambda name: BillingPolicy(payment_methods=(name,)),
        ["us", "a" * 31, "p24"],
        ["a", "a" * 32, "Card", "24p", ""],
    ),
}
"""What is made, what is taken for it, what is refused."""


@pytest.mark.parametrize("what", BORDERS)
def test_R20_the_border_is_taken_and_what_is_beyond_it_refused(what: str) -> None:
    """To the unit, and strictly by type."""
    make, taken, refused = BORDERS[what]
    for value in taken:
        make(value)
    for value in refused:
        with pytest.raises(ValidationError):
            make(value)


def test_R14_a_name_alone_is_an_operators() -> None:
    """As people write it in the Temporal UI: without spaces around it, and cut to what a record holds."""
    by_name = [SetCarts.model_validate({"carts": 1, "actor": name}).actor for name in (" ada\n", "x" * 300)]
    assert by_name == [Actor(kind=ActorKind.OPERATOR, id=each) for each in ("ada", "x" * 255)]
    assert SetCarts(carts=1).actor == Actor(kind=ActorKind.OPERATOR)
    assert Actor(kind=ActorKind.OPERATOR, id="Temporal UI") == TEMPORAL_UI
    for nobody in ("", " \t"):
        with pytest.raises(ValidationError, match="say who you are"):
            SetCarts.model_validate({"carts": 1, "actor": nobody})


def test_R28_what_is_not_given_is_not_sent_to_a_worker_that_does_not_know_it() -> None:
    """A release up to 0.1.0 refuses the field."""
    assert "earlier_id" not in SetCarts(carts=1).model_dump()
    assert SetCarts(carts=1, earlier_id="k").model_dump()["earlier_id"] == "k"
    assert not RestoreAccount().from_run_start


def test_R13_a_plan_is_given_by_itself_or_by_its_fields() -> None:
    """Never both; what is no plan at all is named."""
    plan = {"currency": "usd", "unit_amount": 3000}
    changed = ChangePlan(plan=Plan(**plan), command_id="c1")
    for given in ({**plan, "command_id": "c1"}, {"plan": plan, "command_id": "c1"}, changed):
        assert ChangePlan.model_validate(given) == changed
    for wrong, field in (({"plan": plan, **plan}, "currency"), ({}, "plan"), ({"currency": "usd"}, "unit_amount")):
        with pytest.raises(ValidationError) as refused:
            ChangePlan.model_validate(wrong)
        assert refused.value.errors()[0]["loc"][-1] == field
    with pytest.raises(ValidationError):
        ChangePlan.model_validate(None)


@pytest.mark.parametrize("given", [{}, {"days": 3, "until": datetime(2027, 1, 1, tzinfo=UTC)}])
def test_R13_an_extension_has_days_or_an_instant(given: dict[str, Any]) -> None:
    """One of the two."""
    with pytest.raises(ValidationError, match="either until or days"):
        ExtendTerm(**given)


@pytest.mark.parametrize("currency", ["usd", "jpy", "idr", "kwd", "isk", "ugx"])
def test_R20_a_sum_is_between_the_least_and_the_most_that_stripe_charges(currency: str) -> None:
    """Both are charged; a step beyond is refused, in words that name the sums."""
    step = {"kwd": 10, "isk": 100, "ugx": 100}.get(currency, 1)
    smallest = -(-least(currency) // step) * step
    largest = most(currency) // step * step
    check_sum(Plan(currency=currency, unit_amount=0), 3, "carts")
    check_sum(Plan(currency=currency, unit_amount=smallest), 1, "carts")
    check_sum(Plan(currency=currency, unit_amount=largest), 1, "carts")
    with pytest.raises(Refused, match="more than Stripe charges") as beyond:
        check_sum(Plan(currency=currency, unit_amount=largest), 2, "carts")
    assert beyond.value.field == "carts"
    assert formatted(most(currency), currency) in beyond.value.message
    if smallest > step:
        with pytest.raises(Refused, match=r"1 cart at .* come to less than") as below:
            check_sum(Plan(currency=currency, unit_amount=smallest - step), 1, "plan.unit_amount")
        assert below.value.field == "plan.unit_amount"
        check_sum(Plan(currency=currency, unit_amount=smallest - step), 1, "carts", smallest=False)


@pytest.mark.parametrize(("amount", "text"), [(0, "0.00 USD"), (-1, "-0.01 USD"), (-100, "-1.00 USD"), (7, "0.07 USD")])
def test_money_has_a_sign_only_where_something_is_owed(amount: int, text: str) -> None:
    """Nothing is not less than nothing."""
    assert formatted(amount, "usd") == text


def test_what_the_rules_say_unless_a_policy_says_otherwise() -> None:
    """RULES.md's own numbers, to the day."""
    assert BillingPolicy().model_dump() == {
        "retry_days": (1, 3, 5, 7),
        "stopped_days": 14,
        "payment_methods": ("card",),
        "on_dispute": "tell",
        "debt": "void",
        "renewal_upcoming_days": None,
    }
