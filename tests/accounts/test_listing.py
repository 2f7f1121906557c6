"""Finding accounts: lists that say why and since when, counts, and what is refused (R20)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from temporalio.client import Client

from reprise.accounts.client import Accounts
from reprise.accounts.listing import AccountFilter, count, page, quoted
from reprise.local.clock import AccountClock
from reprise.statemachine.account import AccountState
from tests.api_accounts import opened_id
from tests.api_side import Api, Callers, Json, new_account
from tests.stripe_side import StripeSide
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")


async def found(operator: Api, **asked: str) -> dict[str, Json]:
    listed: dict[str, Json] = {}
    cursor: str | None = ""
    while cursor is not None:
        following = {"cursor": cursor} if cursor else {}
        answer = await operator.get(f"/v1/accounts?{urlencode({**asked, **following, 'limit': '100'})}")
        listed |= {each["account_id"]: each for each in answer["accounts"]}
        cursor = answer["next_cursor"]
    return listed


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_R9_which_accounts_are_past_due_why_and_since_when(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """One request says it: the code, the instant of the failed renewal, and the next try; filters narrow it down."""
    account_id = await opened_id(operator)
    path = f"/v1/accounts/{account_id}"
    card = stripe_side.payment_method(decline_code="insufficient_funds")
    assert (await operator.ask("PUT", f"{path}/payment-method", {"payment_method": card})).status_code == 200
    async for _ in AccountClock(temporal, account_id, stripe_side.url).move(None):
        pass
    end = datetime.fromisoformat((await operator.get(path))["term"]["end"])
    await until(lambda: _lists(operator, account_id, state="past_due"))
    row = (await found(operator, state="past_due"))[account_id]
    told = {name: row[name] for name in ("state", "decline_code", "payment_status", "disabled_reason", "next_action")}
    assert told == {
        "state": "past_due",
        "decline_code": "insufficient_funds",
        "payment_status": "declined",
        "disabled_reason": None,
        "next_action": "retry_payment",
    }
    entry = next(
        each for each in (await operator.get(f"{path}/timeline"))["timeline"] if each["to_state"] == "past_due"
    )
    assert row["since"] == entry["at"]
    assert row["next_attempt_at"] == stamp(end + timedelta(days=1)) == (await operator.get(path))["next"]["at"]
    soon, late = stamp(end - timedelta(seconds=1)), stamp(end + timedelta(seconds=1))
    for asked, expected in (
        ({"past_due_since_before": late}, True),
        ({"past_due_since_before": soon}, False),
        ({"decline_code": "insufficient_funds", "payment_status": "declined"}, True),
        ({"decline_code": "lost_card"}, False),
        ({"state": "past_due", "term_end_before": late, "term_end_after": soon}, True),
        ({"state": "past_due", "term_end_before": soon}, False),
        ({"state": "past_due", "term_end_after": late}, False),
        ({"state": "active", "past_due_since_before": late}, False),
        ({"disabled_reason": "cancelled"}, False),
    ):
        assert await _lists(operator, account_id, **asked) is expected, asked
        counted = await operator.get(f"/v1/accounts/count?{urlencode(asked)}")
        listed = [each for each in (await found(operator, **asked)).values() if not each["stopped"]]
        assert counted["count"] == len(listed) == sum(counted["by_state"].values()), asked


async def _lists(operator: Api, account_id: str, **asked: str) -> bool:
    return account_id in await found(operator, **asked)


async def test_counts_by_state(operator: Api, temporal: Client) -> None:
    """Every state that was asked for, none left out; what is opened counts once, also in new runs."""
    before = await operator.get("/v1/accounts/count")
    assert before["by_state"].keys() == {each.value for each in AccountState}
    account_id = await opened_id(operator, paid_through=stamp(datetime.now(UTC) - timedelta(days=1)))
    await until(lambda: _lists(operator, account_id, disabled_reason="cancelled"))
    now = await operator.get("/v1/accounts/count?state=disabled&disabled_reason=cancelled")
    assert now["by_state"].keys() == {"disabled"}
    assert now["count"] >= 1
    row = (await found(operator, disabled_reason="cancelled"))[account_id]
    assert (row["next_action"], row["next_attempt_at"], row["decline_code"]) == ("reactivate", None, None)
    handle = temporal.get_workflow_handle(f"account-{account_id}")
    run = (await handle.describe()).run_id
    await handle.signal("start_new_run")

    async def goes_on() -> bool:
        return (await handle.describe()).run_id != run

    await until(goes_on)
    counted = await count(Accounts(temporal), AccountFilter(state=AccountState.NEW))
    assert counted.keys() == {AccountState.NEW}


@pytest.mark.parametrize(
    "value", ["'", "''", "\\", "\\'", "x' OR AccountState = 'active", "' OR '1'='1", '"', "%", "é\\"]
)
async def test_R20_what_would_end_a_quotation_is_escaped(operator: Api, temporal: Client, value: str) -> None:
    """Whatever is asked for is looked for as it is: nothing has that code, and nothing else is found or fails."""
    accounts = Accounts(temporal)
    assert (await page(accounts, AccountFilter(decline_code=value), 10, None)).accounts == []
    assert (await found(operator, decline_code=value)) == {}
    query = f"WorkflowType = {quoted(value)} OR WorkflowType = 'AccountWorkflow'"
    both = (await temporal.count_workflows(query)).count
    assert both == (await temporal.count_workflows("WorkflowType = 'AccountWorkflow'")).count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("state=asleep", "state"),
        ("disabled_reason=boredom", "disabled_reason"),
        ("payment_status=lost", "payment_status"),
        ("decline_code=", "decline_code"),
        ("term_end_before=2027-01-31T10:00:00", "term_end_before"),
        ("past_due_since_before=yesterday", "past_due_since_before"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
    ],
)
async def test_R20_filters_that_are_none(operator: Api, query: str, field: str) -> None:
    """422 with the parameter's name, by the list and, where it has it, by the counts."""
    for path in ("/v1/accounts", "/v1/accounts/count"):
        answer = await operator.ask("GET", f"{path}?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), path


async def test_R20_counts_have_no_pages_and_no_account_is_named_like_them(operator: Api, caller: Callers) -> None:
    """The operation's name is no account's; and only operators count."""
    assert (await operator.ask("GET", "/v1/accounts/count?cursor=x")).status_code == 422
    refused = await operator.ask("POST", "/v1/accounts", new_account(account_id="count"))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "account_id")
    assert (await caller("count").ask("GET", "/v1/accounts/count")).status_code == 403
