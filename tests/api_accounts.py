"""Accounts opened over HTTP and brought to where tests begin, and their customers at Stripe."""

import asyncio
import re
from typing import Any

from temporalio.client import Client

from reprise.local.clock import AccountClock
from tests.api_side import Api, Json, new_account
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide
from tests.waiting import until


async def opened(operator: Api, **changes: Any) -> Json:
    """Open an account and return it, as the answer has it."""
    body = new_account(**changes)
    answer = await operator.ask("POST", "/v1/accounts", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def opened_id(operator: Api, **changes: Any) -> str:
    """Open an account and return its id."""
    return str((await opened(operator, **changes))["account_id"])


async def awaiting(operator: Api) -> Json:
    """An account that waits for its payer to authenticate."""
    account = await opened(
        operator, paid_through="2026-01-15T10:00:00Z", payment_method="pm_card_authenticationRequired"
    )
    answer = await operator.ask("POST", f"/v1/accounts/{account['account_id']}/reactivate")
    assert answer.json()["payment"]["status"] == "requires_action"
    return dict(answer.json())


async def past_due(operator: Api, temporal: Client, side: StripeSide) -> Json:
    """An account whose renewal was declined, at its own time."""
    account = await opened(operator, payment_method=side.payment_method())
    await asyncio.to_thread(side.behave, await customer_of(side, account), decline_code="insufficient_funds")
    async for _ in AccountClock(temporal, account["account_id"]).move(None):
        pass
    return await until_state(operator, f"/v1/accounts/{account['account_id']}", "past_due")


async def until_state(operator: Api, path: str, state: str, seconds: float = 20) -> Json:
    """Wait until the account at a path is in a state; return it."""
    return await until(lambda: operator.get(path), lambda it: it["state"] == state, seconds=seconds)


async def customer_of(side: StripeSide, account: Json) -> str:
    return str((await asyncio.to_thread(side.customers, account["account_id"]))[0]["id"])


async def settled_by_payer(side: StripeSide, account: Json) -> None:
    """Confirm a payment at its bank, in another window."""
    async with plain_client(follow_redirects=True) as elsewhere:
        hosted = await elsewhere.get(account["payment"]["action_url"])
        confirm = re.search(r'href="(/_sandbox/authenticate/[^"]+)"', hosted.text)
        assert confirm is not None
        await elsewhere.post(side.url + confirm[1], data={"answer": "complete"})
