"""The workflow of a reconciliation: it remembers how far it has got, and what was found (docs/operating.md)."""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from reprise.reconciliation.messages import (
    PROGRESS,
    RECONCILE_PAGE,
    RECONCILIATION,
    TELL_RECONCILIATION,
    PageInput,
    PageResult,
    Place,
    ReconciliationRun,
)
from reprise.schemas.reconciliations import ReconciliationReport

PAGE_TIMEOUT: Final = timedelta(minutes=10)
"""How long one page may take: a hundred accounts, each asked about at Stripe, at the slowest pace."""

HEARTBEAT: Final = timedelta(seconds=60)
"""After how long without a sign a page is taken up by another worker."""

_RETRIES: Final = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5))


@workflow.defn(name=RECONCILIATION)
class Reconciliation:
    """One reconciliation: page after page, each by an activity that can be run again from the page's beginning.

    Its result is the report. It decides nothing about any account.
    """

    @workflow.init
    def __init__(self, run: ReconciliationRun) -> None:
        """Begin, or go on where the run before has stopped."""
        since = workflow.now() - timedelta(days=run.days)
        self._report = run.report or ReconciliationReport(since=since)

    @workflow.run
    async def run(self, run: ReconciliationRun) -> ReconciliationReport:
        """Look at every page; a new run goes on when Temporal suggests one."""
        place: Place | None = run.place
        while place is not None:
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(run.model_copy(update={"place": place, "report": self._report}))
            page = await self._look(place, repair=run.repair)
            self._report = self._report.with_page(page.findings, accounts=page.accounts, objects=page.objects)
            place = place.after(page.cursor)
            workflow.set_current_details(_details(self._report, place))
        await workflow.execute_activity(
            TELL_RECONCILIATION,
            self._report,
            start_to_close_timeout=HEARTBEAT,
            retry_policy=_RETRIES,
            summary="tell what was found",
        )
        return self._report

    async def _look(self, place: Place, *, repair: bool) -> PageResult:
        asked = PageInput(
            reconciliation=workflow.info().workflow_id, place=place, since=self._report.since, repair=repair
        )
        found: PageResult = await workflow.execute_activity(
            RECONCILE_PAGE,
            asked,
            result_type=PageResult,
            start_to_close_timeout=PAGE_TIMEOUT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=_RETRIES,
            summary=f"look at {place.phase}",
        )
        return found

    @workflow.query(name=PROGRESS)
    def progress(self) -> ReconciliationReport:
        """What was looked at so far, and what differs."""
        return self._report


def _details(report: ReconciliationReport, place: Place | None) -> str:
    where = f"Looking at {place.phase}." if place else "Done."
    found = "\n".join(f"- {kind}: {count}" for kind, count in report.counts.items() if count)
    return f"{where} {report.accounts} accounts so far.\n\n{found or 'Nothing differs.'}"
