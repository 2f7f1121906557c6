"""How many months an account lives in a second of the core, and how many the bare chart would."""

import time
from datetime import UTC, datetime
from typing import Any, Final

from statemachine.orderedset import OrderedSet

from reprise.statemachine import machine
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.chart import AccountChart
from reprise.statemachine.commands import OpenAccount
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.decisions import Decisions
from reprise.statemachine.effects import Collect
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import CustomerRegistered, Paid
from reprise.statemachine.standing import place_of

MONTHS: Final = 200


def months_in_the_core() -> float:
    """Return account-months in a second: a renewal each, that is its deadline and its payment."""
    account = _opened()
    began = time.perf_counter()
    for _ in range(MONTHS):
        deadline = deadline_of(account)
        assert deadline is not None
        account, effects = machine.fire_due(account, deadline.at)
        account = _paid(account, effects, deadline.at)
    assert account.term_index == MONTHS
    return MONTHS / (time.perf_counter() - began)


def months_of_the_bare_chart() -> float:
    """Return the same two transitions in a second, by a chart whose guards and actions do nothing."""
    chart = AccountChart(_Nothing(), state_field="configuration")
    chart.current_state_value = OrderedSet(place_of(AccountState.ACTIVE))
    began = time.perf_counter()
    for _ in range(MONTHS):
        chart.send("term_ended", now=None)
        chart.send("payment_paid", now=None, outcome=None)
    return MONTHS / (time.perf_counter() - began)


def _does_nothing(_: object) -> None:
    return None


_Nothing: Any = type(
    "_Nothing",
    (),
    {
        "configuration": None,
        **{name: _does_nothing for name in dir(Decisions) if not name.startswith("_") and name != "configuration"},
    },
)
"""Stands where the decisions do: whatever the chart asks is not so, whatever it does is nothing."""


def _opened() -> Account:
    now = datetime(2027, 1, 31, 10, tzinfo=UTC)
    plan = Plan(currency="usd", unit_amount=2500)
    command = OpenAccount(account_id="a1", email="owner@example.com", carts=3, plan=plan)
    account, effects = machine.open_account(command, now)
    account, _ = machine.take(account, CustomerRegistered(customer_id="cus_1"), now)
    return _paid(account, effects, now)


def _paid(account: Account, effects: tuple[Any, ...], now: datetime) -> Account:
    collect = next(each for each in effects if isinstance(each, Collect))
    return machine.take(account, Paid(payment_key=collect.payment.key, invoice_id="in_1"), now).account
