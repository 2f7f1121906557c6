"""Years of an account in one test: exact to the last cent, and no run of it grows with its age."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from temporalio.client import WorkflowHistory

from reprise.statemachine.commands import Cancel, Reactivate
from tests.waiting import until
from tests.workflows.world import World

MONTH = 7500
"""Three carts at 25.00 USD, in minor units."""


@dataclass
class Life:
    """An account that lives its terms through, and the book that the test keeps of what it must have paid."""

    world: World
    renewals: int = 0
    payments: int = 1

    async def renew(self) -> None:
        """Live to the term's end and be renewed: in a new run, a month paid."""
        await self.to_term_end()
        account = await self.world.until("active")
        assert account.payment.status == "paid"
        self.renewals += 1
        self.payments += 1

    async def to_term_end(self) -> None:
        """Move to the term's end, and wait until the account has gone on in its next run."""
        term = (await self.world.see()).term
        assert term is not None
        run = await self._run()
        await self.world.env.sleep(term.end - await self.world.now())
        await self._next_run(run)

    async def _run(self) -> str:
        return (await self.world.last_event())[0]

    async def _next_run(self, before: str) -> None:
        await until(self._run, lambda run: run != before, seconds=30)
        await self.world.quiet()

    async def change_of_mind(self) -> None:
        """Cancel and take it back within the term: free (R4)."""
        await self.world.do(Cancel())
        assert (await self.world.do(Reactivate())).account.state == "active"

    async def lapse_and_return(self) -> None:
        """Cancel, be out of service for three months, and come back for the upfront payment (R6)."""
        await self.world.do(Cancel())
        await self.to_term_end()
        assert (await self.world.see()).state == "disabled"
        await self.world.env.sleep(90 * 24 * 3600)
        assert (await self.world.do(Reactivate(expected_amount=MONTH))).account.state == "reactivated"
        self.payments += 1

    async def leave_and_return_within_the_term(self) -> None:
        """Cancel at once, and come back for the rest of the paid term: free (R6)."""
        await self.world.do(Cancel(when="now"))
        assert (await self.world.do(Reactivate())).account.state == "reactivated"

    async def fail_and_pay(self) -> None:
        """Renew late: the card fails at the term's end, and is replaced before the second retry (R9)."""
        await self.world.card("pm_card_chargeCustomerFail")
        term = (await self.world.see()).term
        assert term is not None
        await self.world.env.sleep(term.end - await self.world.now())
        await self.world.until("past_due")
        await self.world.quiet()
        run = await self._run()
        await self.world.env.sleep(2 * 24 * 3600)
        await self.world.card("pm_card_visa")
        await self._next_run(run)
        await self.world.until("active")
        self.renewals += 1
        self.payments += 1


@pytest.mark.parametrize("years", [3, pytest.param(10, marks=pytest.mark.long)])
async def test_years_of_renewals_and_no_run_grows(
    world: World, years: int, record_property: Callable[[str, object], None]
) -> None:
    """With a change of mind every year, and every third one a lapse, a coming back within a term, a late payment."""
    await world.open()
    life = Life(world)
    requests = []
    while life.renewals < 12 * years:
        year, month = divmod(life.renewals, 12)
        if month == 3:
            await life.change_of_mind()
        if month == 6 and year % 3 == 0:
            await life.lapse_and_return()
        if month == 9 and year % 3 == 1:
            await life.leave_and_return_within_the_term()
        if month == 10 and year % 3 == 2:
            await life.fail_and_pay()
        elif month == 11:
            before = world.stripe.latest_request()
            await life.renew()
            requests.append(world.stripe.latest_request() - before)
        else:
            await life.renew()

    invoices = world.invoices()
    assert world.charged() == [MONTH] * life.payments
    assert len(invoices) == life.payments
    assert {each["status"] for each in invoices} == {"paid"}
    keys = [each["metadata"]["payment_key"] for each in invoices]
    assert keys == [f"{world.account_id}:{n}" for n in range(1, life.payments + 1)]

    runs = [history async for history in histories(world)]
    events = [len(history.events) for history in runs]
    inputs = [history.events[0].workflow_execution_started_event_attributes.input for history in runs]
    sizes = [len(each.payloads[0].data) for each in inputs]
    assert len(runs) >= 12 * years
    assert max(events) <= 120, "a run's history holds a term, not a life"
    assert max(sizes) <= 128 * 1024, "what one run hands to the next is bounded"
    timeline = await world.timeline()
    assert len(timeline) == min(timeline[-1].sequence, 100)
    assert max(requests) == min(requests), "a late renewal asks Stripe no more than the first"
    record_property(
        "figure",
        f"{years} years: {life.renewals} renewals, {life.payments} payments, {sum(world.charged())} cents,"
        f" {len(runs)} runs; the longest history {max(events)} events, the largest record {max(sizes)} bytes;"
        f" {max(requests)} requests to Stripe for each renewal",
    )


async def histories(world: World) -> AsyncIterator[WorkflowHistory]:
    """Return the history of each of an account's runs, newest first."""
    run: str | None = (await world.last_event())[0]
    while run:
        history = await world.client.get_workflow_handle(world.handle.id, run_id=run).fetch_history()
        yield history
        run = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id or None
