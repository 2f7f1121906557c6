"""Reconciliation over HTTP, on real parts: nothing differs on a clean system, and each kind of difference is found."""

import re
from collections.abc import AsyncIterator

import pytest
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow, ScheduleOverlapPolicy
from temporalio.service import RPCError

from reprise.client import (
    AsyncClient,
    FindingKind,
    IdempotencyKeyReused,
    NotFound,
    ReconciliationReport,
    ReconciliationRunning,
)
from reprise.reconciliation import activities
from reprise.reconciliation.messages import SCHEDULE
from reprise.reconciliation.messages import workflow_id as workflow_id_of
from reprise.reconciliation.schedule import ensure_schedule
from reprise.stripe_api.client import stripe_client
from reprise.workflows.messages import workflow_id
from tests.plain_http import plain_client
from tests.reconciliation.company import Company
from tests.stripe_objects import customer_with_card, monthly_subscription
from tests.stripe_side import StripeSide
from tests.waiting import until


@pytest.fixture
async def company(api: AsyncClient, temporal: Client, stripe_side: StripeSide) -> AsyncIterator[Company]:
    async with stripe_client(stripe_side.settings()) as client:
        yield Company(api, temporal, stripe_side, client)


def found(report: ReconciliationReport | None) -> set[tuple[FindingKind, str | None, str]]:
    assert report is not None
    return {(each.kind, each.account_id, each.subject) for each in report.findings}


async def test_R22_nothing_differs_on_a_clean_system(
    company: Company, metrics_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts in every standing, payments that wait, clear, were declined, were paid back: not one finding, over many
    pages and a new run.
    """  # noqa: D205 - one thought
    monkeypatch.setattr(activities, "ACCOUNTS_PER_PAGE", 2)
    await company.in_every_standing()
    seen = await company.reconciled()
    assert found(seen.report) == set()
    assert seen.report is not None
    listed = [each async for each in company.api.iter_accounts()]
    assert seen.report.accounts == len(listed)
    assert {each.state.value for each in listed} == {"active", "cancelled", "past_due", "disabled", "closed"}
    assert {each.payment_status for each in listed} >= {"paid", "declined", "processing", "requires_action"}
    assert set(seen.report.counts) == {each.value for each in FindingKind}
    begun = await anext(company.temporal.get_workflow_handle(workflow_id_of(seen.id)).fetch_history_events())
    assert begun.workflow_execution_started_event_attributes.continued_execution_run_id
    assert await gauges(metrics_address) == dict.fromkeys(FindingKind, 0)


async def gauges(address: str) -> dict[str, int]:
    """What Prometheus reads of the last reconciliation, by kind."""
    async with plain_client() as http:
        said = (await http.get(f"http://{address}/metrics")).text
    pattern = r'^reprise_reconciliation_findings\{.*kind="(\w+)".*\} (\d+)$'
    return {kind: int(count) for kind, count in re.findall(pattern, said, re.MULTILINE)}


async def test_R15_repairing_makes_accounts_look_and_they_tell_what_they_saw(company: Company) -> None:
    """A payment whose webhook was lost, a refund, a customer that is gone: settled by the accounts, by their rules."""
    paid, refunded, gone = (
        await company.open(payment_method="pm_card_authenticationRequired"),
        await company.open(),
        await company.open(paid_through="2097-01-31T10:00:00Z"),
    )
    (invoice,) = company.side.invoices(paid)
    async with plain_client(follow_redirects=True) as browser:
        (await browser.post(invoice["hosted_invoice_url"], data={"card": "pm_card_visa"})).raise_for_status()
    refund = await company.stripe.refunds.create_async({"charge": await company.charge(refunded), "amount": 100})
    customer = str((await company.record(gone)).customer_id)
    await company.stripe.customers.delete_async(customer)
    differs = {
        (FindingKind.UNKNOWN_PAYMENT, paid, invoice["id"]),
        (FindingKind.UNTOLD_REFUND, refunded, refund.id),
        (FindingKind.MISSING_CUSTOMER, gone, customer),
    }
    seen = await company.reconciled()
    assert found(seen.report) == differs
    before = [(await company.api.get_account(each)).sequence for each in (paid, refunded, gone)]

    seen = await company.reconciled(repair=True)
    assert seen.report is not None
    assert (found(seen.report), seen.report.hinted, seen.repair) == (differs, 3, True)
    await until(company.reconciled, lambda it: not found(it.report))
    assert (await company.api.get_account(paid)).in_service
    last = [(await company.api.list_timeline(each, limit=1)).timeline[0].type for each in (paid, refunded, gone)]
    assert last == ["account.activated", "account.refunded", "account.customer_replaced"]
    after = [(await company.api.get_account(each)).sequence for each in (paid, refunded, gone)]
    assert all(now > then for now, then in zip(after, before, strict=True))


async def test_R22_each_kind_of_difference_is_found(company: Company, temporal: Client) -> None:
    """Planted at Stripe's side, as others would do it; each told with its account and what it is about."""
    stripe_of, open_ = company.stripe, company.open
    planted: set[tuple[FindingKind, str | None, str]] = set()

    unknown = await open_()
    planted.add((FindingKind.UNKNOWN_PAYMENT, unknown, await company.invoice(unknown, 2, pay=True)))

    missing = await open_()
    (lost,) = company.side.invoices(missing)
    await stripe_of.invoices.update_async(lost["id"], {"metadata": {"payment_key": "", "account_id": ""}})
    planted.add((FindingKind.MISSING_PAYMENT, missing, lost["id"]))

    ended = await open_(paid_through="2020-01-31T10:00:00Z")
    planted.add((FindingKind.OPEN_INVOICE, ended, await company.invoice(ended, 1)))

    doubled = await open_()
    planted.add((FindingKind.DUPLICATE_INVOICE, doubled, await company.invoice(doubled, 1, pay=True)))

    waiting = await open_(payment_method="pm_card_authenticationRequired")
    (right,) = company.side.invoices(waiting)
    await stripe_of.invoices.void_invoice_async(right["id"])
    planted.add((FindingKind.AMOUNT_DIFFERS, waiting, await company.invoice(waiting, 1, amount=9900)))

    customer = await customer_with_card(stripe_of)
    stray = await company.invoice("shop-of-nobody", 1, pay=True, customer=customer)
    planted.add((FindingKind.UNKNOWN_ACCOUNT, "shop-of-nobody", stray))

    gone = await open_(paid_through="2097-01-31T10:00:00Z")
    gone_customer = str((await company.record(gone)).customer_id)
    await stripe_of.customers.delete_async(gone_customer)
    planted.add((FindingKind.MISSING_CUSTOMER, gone, gone_customer))

    twice = await company.record(await open_())
    marks = {"account_id": twice.account_id, "life": str(twice.life)}
    second = (await stripe_of.customers.create_async({"email": "twice@example.com", "metadata": marks})).id
    planted.add((FindingKind.DUPLICATE_CUSTOMER, twice.account_id, second))

    subscribed = await company.record(await open_())
    subscription = await monthly_subscription(stripe_of, str(subscribed.customer_id))
    planted.add((FindingKind.RUNNING_SUBSCRIPTION, subscribed.account_id, subscription))

    refunded, disputed = await open_(), await open_()
    refund = await stripe_of.refunds.create_async({"charge": await company.charge(refunded)})
    planted.add((FindingKind.UNTOLD_REFUND, refunded, refund.id))
    dispute = company.side.post(f"charges/{await company.charge(disputed)}/dispute", {})
    planted.add((FindingKind.UNTOLD_REFUND, disputed, dispute["id"]))

    owing = await open_(payment_method="pm_card_authenticationRequired")
    company.side.fault(path="/v1/invoices/[^/]+/void", status=400, times=None)
    await company.api.cancel(owing)
    (owed,) = company.side.invoices(owing)
    planted.add((FindingKind.VOID_OWED, owing, owed["id"]))

    stopped = await open_()
    await temporal.get_workflow_handle(workflow_id(stopped)).terminate("a click")
    planted.add((FindingKind.STOPPED_ACCOUNT, stopped, stopped))

    paused = await open_()
    which = {"namespace": "default", "workflow_id": workflow_id(paused), "identity": "tests", "reason": "a click"}
    await temporal.workflow_service.pause_workflow_execution(PauseWorkflowExecutionRequest(**which))
    planted.add((FindingKind.UNANSWERED_ACCOUNT, paused, paused))

    seen = await company.reconciled()
    assert found(seen.report) == planted
    assert {kind for kind, _, _ in planted} == set(FindingKind) - {FindingKind.OVERDUE_ACCESS}
    assert seen.report is not None
    assert not seen.report.hinted


async def test_R14_a_reconciliation_is_begun_once_for_its_key(
    api: AsyncClient, temporal: Client, stripe_side: StripeSide
) -> None:
    """The same request again is the same reconciliation, another one is refused, and a second one beside it; what there
    is not, is not found.
    """  # noqa: D205 - one thought
    held = stripe_side.hold(method="GET", path="/v1/disputes")
    first = await api.begin_reconciliation(days=7, idempotency_key="tonight")
    running = "WorkflowType='Reconciliation' AND ExecutionStatus='Running'"
    await until(lambda: temporal.count_workflows(running), lambda it: it.count)
    assert await api.begin_reconciliation(days=7, idempotency_key="tonight") == first
    with pytest.raises(IdempotencyKeyReused):
        await api.begin_reconciliation(days=8, idempotency_key="tonight")
    with pytest.raises(ReconciliationRunning, match=first.id):
        await api.begin_reconciliation()
    stripe_side.let_go(held)
    await until(lambda: api.get_reconciliation(first.id), lambda it: it.status != "running", seconds=60)
    for unknown in ("nothing", "../accounts"):
        with pytest.raises(NotFound):
            await api.get_reconciliation(unknown)


async def test_R22_the_schedule_is_what_the_settings_say(temporal: Client, api: AsyncClient) -> None:
    """However often it is asked for; an operator's pause stays; what it begins is a reconciliation like any other."""
    handle = temporal.get_schedule_handle(SCHEDULE)
    for cron in ("0 3 * * *", "30 4 * * *"):
        await ensure_schedule(temporal, cron)
        await handle.pause(note="not tonight")
    await ensure_schedule(temporal, "15 5 * * *")
    there = (await handle.describe()).schedule
    assert (there.state.paused, there.state.note) == (True, "not tonight")
    assert there.policy.overlap is ScheduleOverlapPolicy.SKIP
    (at,) = there.spec.calendars
    assert (at.hour[0].start, at.minute[0].start) == (5, 15)
    await handle.trigger()
    actions = (await until(handle.describe, lambda it: it.info.recent_actions)).info.recent_actions
    begun = actions[0].action
    assert isinstance(begun, ScheduleActionExecutionStartWorkflow)
    reconciliation = begun.workflow_id.removeprefix(workflow_id_of(""))
    seen = await until(lambda: api.get_reconciliation(reconciliation), lambda it: it.status != "running")
    assert (seen.repair, seen.status) == (False, "completed")
    for _ in range(2):
        await ensure_schedule(temporal, None)
    with pytest.raises(RPCError):
        await handle.describe()
