"""The worker: runs account workflows and their activities until it is asked to stop. `python -m reprise.worker`."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import httpx
import stripe
import structlog
from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker._workflow_instance import _WorkflowLogicFlag

from reprise.accounts.client import Accounts
from reprise.activities import endpoints
from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.log_context import LogContext
from reprise.activities.names import ANNOUNCEMENTS_QUEUE
from reprise.activities.payments import StripePayments
from reprise.logs import configure_logs
from reprise.reconciliation.activities import ReconciliationActivities
from reprise.reconciliation.schedule import ensure_schedule
from reprise.reconciliation.workflow import Reconciliation
from reprise.settings import WorkerSettings, complaint
from reprise.stripe_api.client import invoice_pages, stripe_client
from reprise.stripe_api.reconciling import Pace, StripeFacts
from reprise.temporal.connection import connect
from reprise.temporal.namespace import NamespaceNotReady, check
from reprise.temporal.runner import RESTRICTIONS, TimelyWorkflowRunner
from reprise.tls import certificates
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.current_details import CurrentDetails
from reprise.workflows.endpoint_check import EndpointCheck
from reprise.workflows.messages import TASK_QUEUE
from reprise.workflows.portal_session import PortalSession
from reprise.workflows.revocation import Revocation

log = structlog.get_logger()

AS_SINGLE_BATCH = _WorkflowLogicFlag.PROCESS_WORKFLOW_ACTIVATION_JOBS_AS_SINGLE_BATCH

WORKFLOW_TASKS = 8
"""Workflow tasks at the same time. They share one interpreter, and each must end in the time that it is given: of those
that take a second, no more than there are seconds (`TASK_PATIENCE`). With fewer, a server has to store more of the
tasks that it could have handed over at once."""

CONNECT_INTERVAL = 2.0
"""Seconds between two tries to reach Temporal at the start."""

TASK_PATIENCE = 9
"""Seconds of real time that a workflow task may take: less than the 10 after which Temporal gives it to another worker.

The SDK's 2 seconds are against code that blocks. Ours does not, but it can be kept waiting: 10,000 signals that came
while no worker was up are one task of a second's work. A task that is interrupted can leave its run in this worker for
good, neither done nor given back (temporalio 1.35).
"""


CONNECTIONS = httpx.Limits(max_connections=None, max_keepalive_connections=50)
"""To the product's endpoints: what bounds them is how many deliveries there are at once."""

STICKY_PATIENCE = timedelta(seconds=5)
"""How long a task waits for the worker that has its run in the cache, before any other may take it.

It must be less than a command is waited for. By its default settings, a server holds a new run back for a second. Of
the commands that reach it then, some in a thousand find their task on a worker's own queue where nobody is given it
(measured with server 1.32), and go on after this time. The SDK's 10 seconds are as long as a command is waited for.
"""


@asynccontextmanager
async def account_worker(client: Client, settings: WorkerSettings) -> AsyncIterator[Worker]:
    """Run a worker for account workflows while the block lasts; then let what runs finish.

    Deliveries have a worker of their own beside it: an endpoint that hangs takes no slot from what asks Stripe (R18).

    Raises:
        ValueError: An announcement endpoint of the settings cannot be used.
    """
    async with AsyncExitStack() as stack:
        to_stripe = await stack.enter_async_context(stripe_client(settings))
        product = await stack.enter_async_context(
            httpx.AsyncClient(
                timeout=endpoints.PATIENCE,
                follow_redirects=False,
                trust_env=False,
                limits=CONNECTIONS,
                verify=certificates(trust_env=False),
            )
        )
        announcements = ProductAnnouncements(endpoints.endpoints_of(product, settings.endpoints))
        deliveries = await stack.enter_async_context(_deliveries(client, settings, announcements))
        worker = await stack.enter_async_context(_worker(client, settings, to_stripe, announcements))
        try:
            yield worker
        finally:  # both at once: neither waits for what the other still does
            await asyncio.gather(worker.shutdown(), deliveries.shutdown())


def _deliveries(client: Client, settings: WorkerSettings, announcements: ProductAnnouncements) -> Worker:
    return Worker(
        client,
        task_queue=ANNOUNCEMENTS_QUEUE,
        activities=[announcements.deliver, announcements.list_endpoints, announcements.test],
        interceptors=[LogContext()],
        max_concurrent_activities=settings.max_deliveries,
        graceful_shutdown_timeout=timedelta(seconds=min(settings.drain_timeout, endpoints.PATIENCE)),
    )


def _worker(
    client: Client, settings: WorkerSettings, to_stripe: stripe.StripeClient, announcements: ProductAnnouncements
) -> Worker:
    payments = StripePayments(to_stripe)
    pace = Pace(settings.reconcile_requests_per_second)
    reconciling = ReconciliationActivities(Accounts(client), StripeFacts(to_stripe, pace))
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[AccountWorkflow, EndpointCheck, PortalSession, Revocation, Reconciliation],
        activities=[
            payments.register_customer,
            payments.change_payment_method,
            payments.change_email,
            payments.erase_customer,
            payments.collect,
            payments.retrieve_invoice,
            payments.void_invoice,
            payments.retrieve_refund,
            announcements.announce,
            reconciling.reconcile_page,
            reconciling.tell_reconciliation,
        ],
        workflow_runner=TimelyWorkflowRunner(RESTRICTIONS),
        interceptors=[LogContext(), CurrentDetails(invoice_pages(settings))],
        max_concurrent_activities=settings.max_activities,
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=WORKFLOW_TASKS,
        sticky_queue_schedule_to_start_timeout=STICKY_PATIENCE,
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_timeout),
    )
    # All that a task brings is applied before anything is made of it. Else, of a run that a worker takes up anew, the
    # order depends on which tasks the core has put together, and the run does not fit its own history (1.35, where this
    # is not the default yet). Histories say which tasks were done so: those from before replay as they were.
    worker._set_default_workflow_logic_flag(AS_SINGLE_BATCH, enabled=True)  # noqa: SLF001 - the only way to it
    workflows = worker._workflow_worker  # noqa: SLF001 - there is no option for it but a debug mode without any limit
    assert workflows is not None, "this worker runs workflows"
    workflows._deadlock_timeout_seconds = TASK_PATIENCE  # noqa: SLF001
    return worker


_NOT_REACHED = "Temporal cannot be reached yet"


async def run_worker(client: Client, settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Run a worker until `stop`; then let what runs finish, for `drain_timeout` seconds at most."""
    async with account_worker(client, settings):
        await _schedule(client, settings)
        log.info("worker ready", task_queue=TASK_QUEUE, namespace=client.namespace)
        await stop.wait()
        log.info("worker draining", seconds=settings.drain_timeout)
    log.info("worker stopped")


async def _schedule(client: Client, settings: WorkerSettings) -> None:
    """Make the nightly reconciliation what the settings say; that it cannot be made stops no worker."""
    try:
        await ensure_schedule(client, settings.reconcile_cron or None)
    except (RPCError, RuntimeError) as error:
        log.error("reconciliation not scheduled", cron=settings.reconcile_cron, why=str(error))


async def _connected(seconds: float, metrics: str | None) -> Client:
    """Connect to Temporal, which may be starting as well, and whose namespace may just be being made ready.

    Raises:
        RuntimeError: It could not be reached for so many seconds.
        NamespaceNotReady: Accounts could not live there.
    """
    clock = asyncio.get_running_loop().time
    give_up_at, client = clock() + seconds, None
    while True:
        try:
            client = client or await connect(metrics=metrics)
            await check(client)
        except (NamespaceNotReady, RPCError, RuntimeError) as error:
            if clock() + CONNECT_INTERVAL > give_up_at:
                raise
            why = "the namespace is not ready yet" if isinstance(error, NamespaceNotReady) else _NOT_REACHED
            log.warning(why, why=str(error), again_in=CONNECT_INTERVAL)
            await asyncio.sleep(CONNECT_INTERVAL)
        else:
            return client


async def _main() -> int:
    configure_logs()
    try:
        settings = WorkerSettings()
    except ValidationError as error:
        log.error("worker not started", why=complaint(error))
        return 1
    try:
        client = await _connected(settings.connect_timeout, settings.metrics_address)
    except NamespaceNotReady as error:
        log.error("worker not started", why=str(error))
        return 1
    except (RPCError, RuntimeError) as error:
        log.error("worker not started", why=f"Temporal cannot be reached (see TEMPORAL_ADDRESS): {error}")
        return 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    try:
        await run_worker(client, settings, stop)
    except ValueError as error:  # an endpoint that cannot be used
        log.error("worker not started", why=str(error))
        return 1
    return 0


def main() -> int:
    """Run the worker of this environment; return its exit code."""
    return asyncio.run(_main())


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    # Temporal's client now and then aborts the interpreter's own shutdown (1.35): all is done, so leave without it.
    os._exit(code)
