"""A company comes over from Stripe, accounts are lost and come back: by the command line, and held against Stripe."""

import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from reprise.client import AccountNotFound, AsyncClient, FindingKind
from reprise.stripe_api.client import stripe_client
from reprise.transfer.checking import Opening, check_rows
from reprise.transfer.exporting import ExportReport, export_accounts, export_to, part_of
from reprise.transfer.rows import Format, read_rows
from reprise.workflows.messages import workflow_id
from tests.program import Program
from tests.reconciliation.company import Company
from tests.stripe_side import Json, StripeSide
from tests.waiting import until


@pytest.fixture
def program(api: AsyncClient, stripe_side: StripeSide) -> Program:
    return Program(api.options.url, stripe_side)


@pytest.fixture
async def company(api: AsyncClient, temporal: Client, stripe_side: StripeSide) -> AsyncIterator[Company]:
    async with stripe_client(stripe_side.settings()) as client:
        yield Company(api, temporal, stripe_side, client)


async def subscribed(company: Company, interval: str = "month", **params: Any) -> stripe.Subscription:
    customer = await company.stripe.customers.create_async({"email": "owner@example.com"})
    method = await company.stripe.payment_methods.attach_async("pm_card_visa", {"customer": customer.id})
    await company.stripe.customers.update_async(
        customer.id, {"invoice_settings": {"default_payment_method": method.id}}
    )
    product = await company.stripe.products.create_async({"name": "Carts"})
    recurring: Any = {
        "currency": "usd",
        "product": product.id,
        "unit_amount": 2500,
        "recurring": {"interval": interval},
    }
    price = await company.stripe.prices.create_async(recurring)
    wanted: Any = {"customer": customer.id, "items": [{"price": price.id, "quantity": 3}], **params}
    return await company.stripe.subscriptions.create_async(wanted)


async def test_R25_a_company_switches_from_stripe(company: Company, program: Program) -> None:
    """Looked at, taken over, found to be charged twice, ended at Stripe: from then on nothing differs."""
    going, ending, yearly = (
        await subscribed(company),
        await subscribed(company, cancel_at_period_end=True),
        await subscribed(company, "year"),
    )
    ids = [str(each.customer) for each in (going, ending, yearly)]
    take_over = ("accounts", "import", "--from-stripe", "--skip-refused")

    code, said = await program.run(*take_over, "--dry-run")
    assert (code, said["would_open"], said["refused"]) == (2, 2, 1)
    assert yearly.id in said["rows"][0]["reason"]
    assert "every year" in said["rows"][0]["reason"]

    code, said = await program.run(*take_over)
    assert (code, said["opened"], said["refused"]) == (4, 2, 1)
    account, cancelled = await company.api.get_account(ids[0]), await company.api.get_account(ids[1])
    item = going["items"].data[0]
    assert (account.state, account.carts, account.plan.unit_amount) == ("active", 3, 2500)
    assert account.term is not None
    assert account.term.end == datetime.fromtimestamp(item.current_period_end, UTC)
    assert account.anchor == datetime.fromtimestamp(going.billing_cycle_anchor, UTC)
    assert cancelled.state == "cancelled"
    assert not company.side.invoices(ids[0]), "nothing is charged by importing"
    assert not (await company.stripe.subscriptions.retrieve_async(going.id)).cancel_at_period_end
    code, said = await program.run("accounts", "reconcile")
    (running,) = said["report"]["findings"]
    assert (code, running["account_id"], running["kind"]) == (1, ids[0], FindingKind.RUNNING_SUBSCRIPTION)

    code, said = await program.run(*take_over, "--cancel-at-period-end")
    assert (said["opened"], said["already_there"]) == (0, 2)
    assert (await company.stripe.subscriptions.retrieve_async(going.id)).cancel_at_period_end
    assert not (await company.stripe.subscriptions.retrieve_async(yearly.id)).cancel_at_period_end
    seen = await company.reconciled()
    assert seen.report is not None
    assert not seen.report.findings


async def test_R27_what_was_exported_is_restored(
    company: Company, program: Program, temporal: Client, tmp_path: Path
) -> None:
    """Every account is in the file, closed and stopped ones too; those that are lost come back by it, as they were."""
    renewed, closed, stopped = await company.open(), await company.open(), await company.open()
    await company.pass_time(renewed, days=32)
    await company.api.cancel(renewed)
    await company.api.close_account(closed)
    await temporal.get_workflow_handle(workflow_id(stopped)).terminate("a click")
    file = tmp_path / "backup.jsonl"
    code, said = await program.run("accounts", "export", str(file))
    lines = {each["account_id"]: each for each in map(json.loads, file.read_text().splitlines())}
    listed = {each.account_id async for each in company.api.iter_accounts()}
    assert (code, said["written"], set(lines)) == (0, len(listed), listed)
    assert {renewed, closed, stopped} <= listed
    assert file.stat().st_mode & 0o777 == 0o600
    assert not part_of(file).exists()

    before = await company.api.get_account(renewed)
    await delete(temporal, company, renewed)
    code, said = await program.run("accounts", "import", str(only(tmp_path, lines[renewed])))
    assert (code, said["restored"]) == (0, 1)
    after = await company.api.get_account(renewed)
    changed = {"sequence"}
    assert after.model_dump(exclude=changed) == before.model_dump(exclude=changed)
    code, said = await program.run("accounts", "import", str(only(tmp_path, lines[renewed])))
    assert (code, said["already_there"]) == (0, 1)
    code, said = await program.run("accounts", "import", str(only(tmp_path, lines[stopped])))
    assert (code, said["restored"]) == (0, 1)
    assert (await company.api.get_account(stopped)).state == "active"
    assert company.side.charged(renewed) == [7500, 7500]


def only(directory: Path, line: Json) -> Path:
    file = directory / "one.jsonl"
    file.write_text(json.dumps(line))
    return file


async def delete(temporal: Client, company: Company, account_id: str) -> None:
    """Delete an account's workflow, as nobody should, until there is none."""
    request = DeleteWorkflowExecutionRequest(
        namespace="default", workflow_execution=WorkflowExecution(workflow_id=workflow_id(account_id))
    )
    await temporal.workflow_service.delete_workflow_execution(request)

    async def gone() -> bool:
        try:
            await company.api.get_access(account_id)
        except AccountNotFound:
            return True
        return False

    await until(gone, seconds=30)


async def test_R25_what_was_exported_as_csv_can_be_imported(company: Company, tmp_path: Path) -> None:
    """The fields of each opening but those of closed accounts: checked as any row is, and each account's own."""
    mine = await company.open(paid_through="2097-02-28T10:00:00Z", anchor="2097-01-31T10:00:00Z")
    closed = {each.account_id async for each in company.api.iter_accounts(state="closed")}
    every = {each.account_id async for each in company.api.iter_accounts()}
    report = await export_accounts(company.api, tmp_path / "accounts.csv", Format.CSV)
    said = io.StringIO()
    await export_to(company.api, said, Format.CSV, report=ExportReport())
    assert said.getvalue() == (tmp_path / "accounts.csv").read_text()
    checked = check_rows(read_rows(tmp_path / "accounts.csv"), datetime.now(UTC))
    assert checked.refused == []
    assert ({each.account_id for each in checked.taken}, report.left_out) == (every - closed, len(closed))
    (body,) = [each.body for each in checked.taken if isinstance(each, Opening) and each.account_id == mine]
    record = await company.record(mine)
    assert (body.anchor, body.customer_id) == (datetime(2097, 1, 31, 10, tzinfo=UTC), record.customer_id)


async def test_R25_an_export_that_was_ended_is_gone_on_with(company: Company, tmp_path: Path) -> None:
    """What stands there whole is kept, a line that was cut off is written anew, and each account stands there once."""
    for _ in range(2):
        await company.open(carts=0)
    file = tmp_path / "backup.jsonl"
    await export_accounts(company.api, file, Format.JSONL)
    whole = file.read_text().splitlines()
    file.unlink()
    part_of(file).write_text("\n".join([whole[0], whole[1][:50]]))
    report = await export_accounts(company.api, file, Format.JSONL, resume=True)
    assert (report.written, report.kept) == (len(whole), 1)
    again = file.read_text().splitlines()
    assert again[0] == whole[0]
    ids = [[json.loads(line)["account_id"] for line in lines] for lines in (again, whole)]
    assert sorted(ids[0]) == sorted(ids[1])
