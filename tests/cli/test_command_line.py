"""The command line at the real API: what it prints, and with which code it ends."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from temporalio.client import Client as Temporal
from temporalio.common import SearchAttributeKey
from typer.testing import CliRunner, Result

from reprise.cli.main import app
from reprise.temporal.namespace import NamespaceNotReady, register
from reprise.workflows.messages import workflow_id
from tests.api_side import Api, new_account, token
from tests.local.commands import run
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")

Reprise = Callable[..., Awaitable[Result]]


@pytest.fixture
def quiet() -> Iterator[None]:
    """API and worker share this process with the command: their logs are not what it prints."""
    usual = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(io.StringIO()))
    yield
    structlog.configure(**usual)


@pytest.fixture
def reprise(api_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet: None) -> Reprise:  # noqa: ARG001
    """Run a command as an operator, while the API answers."""
    monkeypatch.chdir(tmp_path)
    environment = {"REPRISE_URL": api_url, "REPRISE_TOKEN": token(scope="operator"), "REPRISE_PROFILE": None}

    async def command(*arguments: str, **more: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env={**environment, **more})

    return command


@pytest.fixture
async def account(operator: Api) -> str:
    """An account with three carts and a good card."""
    opened = new_account()
    assert (await operator.ask("POST", "/v1/accounts", opened)).status_code == 201
    return str(opened["account_id"])


def document(said: Result) -> dict[str, Any]:
    """Return the one document on standard output."""
    read: dict[str, Any] = json.loads(said.stdout)
    return read


async def test_R1_R3_R6_a_life_by_the_command_line(reprise: Reprise, operator: Api) -> None:
    """Each command does what its name says; with --json it prints the API's own answer and nothing else."""
    shop = str(new_account()["account_id"])
    opened = await reprise(
        "account", "open", shop, "--email", "o@example.com", "--carts", "3", "--unit-amount", "2500",
        "--payment-method", "pm_card_visa", "--policy", '{"retry_days": [2]}', "--json",
    )  # fmt: skip
    assert opened.exit_code == 0
    assert document(opened) == await operator.get(f"/v1/accounts/{shop}")
    kept = await operator.get(f"/v1/accounts/{shop}/record")
    assert kept["run"]["account"]["policy"]["retry_days"] == [2]
    assert opened.stderr == "Opened.\n"
    for command, expected in (
        (("cancel", "--now", "--yes", "--feedback", "unused"), ("disabled", 3)),
        (("reactivate",), ("reactivated", 3)),
        (("carts", "5"), ("reactivated", 5)),
        (("email", "new@example.com"), ("reactivated", 5)),
        (("card", "pm_card_mastercard"), ("reactivated", 5)),
        (("plan", "--unit-amount", "3000", "--currency", "usd"), ("reactivated", 5)),
        (("extend", "--days", "7"), ("reactivated", 5)),
        (("disable", "--reason", "ticket 4711"), ("disabled", 5)),
        (("enable",), ("reactivated", 5)),
        (("close", "--yes"), ("closed", 5)),
    ):
        said = await reprise("account", command[0], shop, *command[1:], "--json")
        assert said.exit_code == 0, said.stderr
        assert (document(said)["state"], document(said)["carts"]) == expected


async def test_people_are_shown_tables(reprise: Reprise, account: str) -> None:
    """Of one account: how it stands, its access, its timeline, its invoices."""
    shown = await reprise("account", "show", account)
    assert all(each in shown.stdout for each in (account, "active, in service, renews", "3 × 25.00 USD = 75.00 USD"))
    assert "\x1b" not in shown.stdout
    assert "yes" in (await reprise("account", "access", account)).stdout
    timeline = (await reprise("account", "timeline", account)).stdout
    assert all(each in timeline for each in ("activated", "operator tester", "75.00 USD, 3 carts"))
    assert "paid" in (await reprise("account", "invoices", account)).stdout


async def test_R9_which_accounts_are_past_due_and_why(reprise: Reprise, operator: Api) -> None:
    """One command: the decline code, since when, the next try and the sum."""
    term_end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    opened = new_account(paid_through=term_end.isoformat(), payment_method="pm_card_chargeCustomerFail")
    await operator.ask("POST", "/v1/accounts", opened)
    shop = opened["account_id"]

    async def row() -> str:
        said = await reprise("accounts", "list", "--state", "past_due")
        assert said.exit_code == 0, said.stderr
        return next((line for line in said.stdout.splitlines() if line.startswith(shop)), "")

    found = await until(row, seconds=30)
    view = await operator.get(f"/v1/accounts/{shop}")
    for each in (
        view["payment"]["decline_code"],
        f"{term_end:%Y-%m-%d %H:%M}Z" if term_end.astimezone().date() != term_end.date() else f"{term_end:%H:%M}",
        "75.00 USD",
    ):
        assert each in found
    listed = await reprise("accounts", "list", "--state", "past_due", "--limit", "100", "--json")
    assert shop in {each["account_id"] for each in document(listed)["accounts"]}
    asked = await reprise("account", "cancel", shop)
    assert asked.exit_code == 2
    assert "ends at once" in asked.stderr
    assert (await reprise("account", "cancel", shop, "--yes")).exit_code == 0
    assert (await reprise("accounts", "list", "--decline-code", "nobody_says_this")).stdout == "No accounts.\n"


async def test_each_kind_of_failure_has_its_exit_code(reprise: Reprise, account: str) -> None:
    """A sentence for people on standard error, problem details for programs, nothing on standard output."""
    away = {"REPRISE_URL": "http://127.0.0.1:1"}
    mine = {"REPRISE_TOKEN": token(account)}
    for code, problem, arguments, more in (
        (2, "invalid_request", ("account", "carts", account, "99999"), {}),
        (2, "confirmation_required", ("account", "close", account), {}),
        (3, "account_not_found", ("account", "show", "nobody"), {}),
        (4, "already_in_service", ("account", "reactivate", account, "--yes"), {}),
        (6, "unauthorized", ("account", "show", account), {"REPRISE_TOKEN": "nonsense"}),
        (6, "operator_required", ("account", "disable", account), mine),
        (7, "unreachable", ("account", "show", account, "--retry-for", "0"), away),
    ):
        said = await reprise(*arguments, "--json", **more)
        assert (said.exit_code, said.stdout) == (code, ""), arguments
        assert json.loads(said.stderr)["code"] == problem
    said = await reprise("account", "carts", account, "99999")
    assert "carts: " in said.stderr
    assert (await reprise("account", "carts", account, "many")).exit_code == 2


async def test_R6_R10_payments_that_fail_or_wait_end_with_5(reprise: Reprise) -> None:
    """Opened without its first payment; declined; to be confirmed by the payer, with where."""
    shop = str(new_account()["account_id"])
    opening = ("account", "open", shop, "--email", "o@example.com", "--carts", "2", "--unit-amount", "2500")
    opened = await reprise(*opening, "--payment-method", "pm_card_chargeCustomerFail")
    assert opened.exit_code == 5
    assert "its first payment failed" in opened.stderr
    declined = await reprise("account", "reactivate", shop, "--expected-amount", "5000")
    assert (declined.exit_code, declined.stdout) == (5, "")
    changed = await reprise("account", "reactivate", shop, "--expected-amount", "1")
    assert changed.exit_code == 4
    assert "50.00 USD now" in changed.stderr
    asked = await reprise("account", "reactivate", shop)
    assert asked.exit_code == 2
    assert f"Charge 50.00 USD for {shop}." in asked.stderr
    assert (await reprise("account", "card", shop, "pm_card_authenticationRequired")).exit_code == 0
    waiting = await reprise("account", "reactivate", shop, "--yes", "--json")
    assert waiting.exit_code == 5
    assert document(waiting)["payment"]["action_url"] in waiting.stderr


async def test_R27_E23_an_account_that_was_terminated_is_restored(
    reprise: Reprise, account: str, temporal: Temporal, tmp_path: Path
) -> None:
    """It shows, says what to do, and goes on as it was; its record can be kept, and is what `--record` takes."""
    running = await reprise("account", "restore", account)
    assert running.exit_code == 4
    await temporal.get_workflow_handle(workflow_id(account)).terminate()
    shown = await reprise("account", "show", account)
    assert f"reprise account restore {account}" in shown.stdout
    assert (await reprise("account", "carts", account, "4")).exit_code == 4
    record = await reprise("account", "record", account, "--json")
    file = tmp_path / "record.json"
    file.write_text(record.stdout)
    restored = await reprise("account", "restore", account, "--json")
    assert (restored.exit_code, document(restored)["state"], document(restored)["carts"]) == (0, "active", 3)
    assert (await reprise("account", "restore", account, "--record", str(file))).exit_code == 4
    file.write_text("[]")
    assert (await reprise("account", "restore", account, "--record", str(file))).exit_code == 2


async def test_a_namespace_is_set_up_once(temporal: Temporal) -> None:
    """Again it changes nothing; one that is registered as something else is said to be."""
    name = "ReprisesTest"
    key = SearchAttributeKey.for_keyword(name)
    assert await register(temporal, [key]) == (name,)
    assert await register(temporal, [key]) == ()
    with pytest.raises(NamespaceNotReady, match=r"ReprisesTest .* is registered as Keyword, and must be Int"):
        await register(temporal, [SearchAttributeKey.for_int(name)])
    where = {"TEMPORAL_ADDRESS": temporal.service_client.config.target_host}
    again = await asyncio.to_thread(run, "setup-namespace", "--json", **where)
    assert json.loads(again.stdout)["added"] == []
    elsewhere = await Temporal.connect(where["TEMPORAL_ADDRESS"], namespace="nowhere")
    with pytest.raises(NamespaceNotReady, match="temporal operator namespace create --namespace nowhere"):
        await register(elsewhere)
