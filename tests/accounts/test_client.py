"""What callers are told when Temporal is away in the middle of a command."""

from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from reprise.accounts.client import Accounts
from reprise.errors import Unavailable
from reprise.statemachine import machine
from reprise.statemachine.commands import OpenAccount
from reprise.statemachine.money import Plan
from reprise.workflows.account_views import account_view


async def test_R1_an_opening_that_temporal_has_not_taken_is_to_be_sent_again(temporal: Client) -> None:
    """It was away for as long as the command was waited for: no word of an account that does not exist."""
    command = OpenAccount(
        account_id="never-taken", email="owner@example.com", carts=1, plan=Plan(currency="usd", unit_amount=100)
    )
    account, _ = machine.open_account(command, datetime.now(UTC))
    accounts = Accounts(temporal, command_wait=1, announce=False)
    with pytest.raises(Unavailable, match="send it again"):
        await accounts._started(command, account_view(account))
