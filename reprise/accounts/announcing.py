"""Announcements of many accounts: which are not delivered, whether there are any, what endpoints say to a test (R18).

Which endpoints there are, and their secrets, only the workers know.
"""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.api.batch.v1 import BatchOperationSignal
from temporalio.api.common.v1 import Payloads
from temporalio.api.workflowservice.v1 import StartBatchOperationRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.client import Accounts
from reprise.accounts.description import AccountDescription
from reprise.accounts.errors import AccountNotFound
from reprise.accounts.reading import READ_TIMEOUT
from reprise.accounts.sending import called, error_of
from reprise.activities.names import EndpointTestInput, EndpointTests
from reprise.errors import InvalidInput, Unavailable
from reprise.schemas.announcements import EndpointBacklog
from reprise.temporal.search_attributes import UNDELIVERED_TO
from reprise.workflows.messages import ENDPOINT_CHECK, TASK_QUEUE, WORKFLOW, Announcements, ResendAnnouncements

TESTED_WITHIN: Final = timedelta(seconds=25)
"""How long a test may take: each endpoint is given ten seconds, beside the others."""

_RUNNING: Final = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"


@dataclass(frozen=True)
class PendingPage:
    """Accounts that could not tell everything, each with its endpoints that wait; the token of the next page."""

    accounts: dict[str, list[EndpointBacklog]]
    next_page_token: bytes | None


class Announcing:
    """The announcements of all accounts. `Unavailable` may come from any call."""

    def __init__(self, client: Client, accounts: Accounts) -> None:
        self._client = client
        self._accounts = accounts

    async def pending(self, endpoint: str | None, size: int, page_token: bytes | None) -> PendingPage:
        """Return a page of the accounts whose announcements an endpoint does not take: it was tried for seconds.

        From Temporal's visibility store, a moment late; what waits is asked of each account.

        Args:
            endpoint: Only those of this endpoint.
            size: Accounts on a page.
            page_token: That of the page.

        Raises:
            InvalidInput: The page token is none of Temporal's.
        """
        which = "IS NOT NULL" if endpoint is None else f"= '{endpoint}'"
        query = f"{_RUNNING} AND {UNDELIVERED_TO.name} {which}"
        pages = self._client.list_workflows(query, page_size=size, next_page_token=page_token)
        try:
            await pages.fetch_next_page()
        except (RPCError, RuntimeError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.INVALID_ARGUMENT:
                raise InvalidInput("cursor", "is not one that this list has given") from error
            raise error_of(error) from error
        ids = [AccountDescription.of(each).account_id for each in pages.current_page or ()]
        found = await asyncio.gather(*(self._backlog_of(each) for each in ids))
        waiting = {
            account_id: [each for each in backlog if each.pending and endpoint in {None, each.endpoint}]
            for account_id, backlog in zip(ids, found, strict=True)
        }
        return PendingPage({name: those for name, those in waiting.items() if those}, pages.next_page_token or None)

    async def _backlog_of(self, account_id: str) -> list[EndpointBacklog]:
        try:
            return await self._accounts.undelivered(account_id)
        except AccountNotFound:  # it has ended since the list was made
            return []

    async def resend(self, account_id: str, asked: ResendAnnouncements) -> list[EndpointBacklog]:
        """Tell the product again of an account, from an entry on, or at once what waits; return what waits.

        Raises:
            AccountNotFound: There is none.
            AccountStopped: Its workflow was ended from outside.
            InvalidInput: The account knows no such endpoint, or its timeline does not go back so far.
        """
        backlog = await self._accounts.undelivered(account_id)
        names = [each.endpoint for each in backlog]
        if asked.endpoint is not None and asked.endpoint not in names:
            known = f"it knows {', '.join(names)}" if names else "it has announced nothing yet"
            raise InvalidInput("endpoint", f"is none that this account announces to: {known}")
        if asked.from_sequence is not None:
            entries = await self._accounts.timeline(account_id)
            first, last = entries[0].sequence, entries[-1].sequence
            if not first <= asked.from_sequence <= last + 1:
                raise InvalidInput("from_sequence", f"must be from {first}, the oldest that is kept, to {last + 1}")
        await self._accounts.resend(account_id, asked)
        return await self._accounts.undelivered(account_id)

    async def enable_all(self, *, enabled: bool) -> tuple[str, int]:
        """Turn announcements of every account on or off, from now on, in the background.

        Returns:
            The id of Temporal's batch job, and how many accounts it is for.
        """
        job = f"announcements-{uuid.uuid4()}"
        payloads = await self._client.data_converter.encode([Announcements(enabled=enabled)])
        request = StartBatchOperationRequest(
            namespace=self._client.namespace,
            visibility_query=_RUNNING,
            job_id=job,
            reason=f"announcements turned {'on' if enabled else 'off'}",
            signal_operation=BatchOperationSignal(
                signal="announcements", input=Payloads(payloads=payloads), identity=self._client.identity
            ),
        )
        try:
            counted = await self._client.count_workflows(_RUNNING, rpc_timeout=READ_TIMEOUT)
            await self._client.workflow_service.start_batch_operation(request, timeout=READ_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.RESOURCE_EXHAUSTED:
                raise Unavailable("Temporal runs another batch job. Try again when it is over.", 60) from error
            raise error_of(error) from error
        except RuntimeError as error:
            raise error_of(error) from error
        return job, counted.count

    async def test(self, endpoint: str | None) -> EndpointTests:
        """Send a test to each endpoint of the workers' settings, or to one; return what each answered.

        Raises:
            InvalidInput: Workers have no such endpoint.
            Unavailable: No worker has answered in time.
        """
        check = self._client.execute_workflow(
            ENDPOINT_CHECK,
            EndpointTestInput(endpoint=endpoint),
            id=f"announcements-test-{uuid.uuid4()}",
            task_queue=TASK_QUEUE,
            result_type=EndpointTests,
            execution_timeout=TESTED_WITHIN,
        )
        try:
            async with asyncio.timeout(TESTED_WITHIN.total_seconds() + 1):
                tests: EndpointTests = await called(check)
        except (TimeoutError, WorkflowFailureError) as error:
            raise Unavailable("No worker has sent the test in time. Is one running?") from error
        if endpoint is not None and not tests.endpoints:
            raise InvalidInput("endpoint", "is none that the workers have in their settings")
        return tests
