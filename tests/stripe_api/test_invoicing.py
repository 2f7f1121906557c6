"""R8: what stands at Stripe of an invoice, where Stripe only replays an older answer."""

from collections.abc import Awaitable

import pytest
import stripe

from reprise.statemachine.quotes import Debt
from reprise.statemachine.terms import nth_term
from reprise.stripe_api.client import metadata_of, stripe_client
from reprise.stripe_api.invoicing import Invoices
from tests.activities.payer import START, Payer
from tests.stripe_objects import marked_invoice
from tests.stripe_side import StripeSide


@pytest.fixture
async def payer(stripe_side: StripeSide) -> Payer:
    here = Payer(stripe_side)
    await here.register()
    return here


async def fails(request: Awaitable[object]) -> None:
    with pytest.raises(stripe.APIError):
        await request


async def test_R8_an_invoice_whose_failed_answer_is_replayed_is_what_stands_there(payer: Payer) -> None:
    """The newest that can be paid; where all are void, another one is made."""
    asked, side = payer.asked(), payer.stripe
    async with stripe_client(side.settings(stripe_retries=0)) as client:
        invoices = Invoices(client, asked, payer.customer_id)
        others = [await marked_invoice(client.v1, payer.customer_id, payer.marks()) for _ in range(2)]
        side.fault(path="/v1/invoices", when="before", status=500, saved=True)
        await fails(invoices.create(asked, 0))
        assert (await invoices.create(asked, 0)).id == others[1]
        for each in others:
            await payer.by_hand("POST", f"invoices/{each}/void")
        made = await invoices.create(asked, 0)
        assert made.id not in others
        assert made.status == "draft"


async def test_R8_a_line_whose_failed_answer_is_replayed_is_added_if_it_is_not_there(payer: Payer) -> None:
    """Another line of the draft is not taken for it."""
    asked, side = payer.asked(debts=(Debt(amount=500, currency="usd", term=nth_term(START, -1, "UTC")),)), payer.stripe
    async with stripe_client(side.settings(stripe_retries=0)) as client:
        invoices = Invoices(client, asked, payer.customer_id)
        draft = await invoices.create(asked, 0)
        side.fault(path="/v1/invoiceitems", when="before", status=500, saved=True, skip=1)
        await fails(invoices.complete(draft, asked))
        done = await invoices.complete(await invoices.read(draft.id), asked)
    assert sorted(metadata_of(each)["line"] for each in done.lines.data) == ["0", "1"]


async def test_R8_an_invoice_whose_failed_finalizing_is_replayed_is_finalized(payer: Payer) -> None:
    """A draft cannot be paid."""
    asked, side = payer.asked(), payer.stripe
    async with stripe_client(side.settings(stripe_retries=0)) as client:
        invoices = Invoices(client, asked, payer.customer_id)
        draft = await invoices.complete(await invoices.create(asked, 0), asked)
        side.fault(path="/v1/invoices/[^/]+/finalize", when="before", status=500, saved=True)
        await fails(invoices.finalize(draft, asked))
        assert (await invoices.finalize(draft, asked)).status == "open"


async def test_R8_what_was_done_though_its_answer_failed_is_not_done_again(payer: Payer) -> None:
    """The library repeats the request, and gets the same failure: what stands there is returned."""
    asked, side = payer.asked(debts=(Debt(amount=500, currency="usd", term=nth_term(START, -1, "UTC")),)), payer.stripe
    async with stripe_client(side.settings(stripe_retries=1)) as client:
        invoices = Invoices(client, asked, payer.customer_id)
        draft = await invoices.create(asked, 0)
        side.fault(path="/v1/invoiceitems", when="after", status=500, saved=True, skip=1)
        done = await invoices.complete(draft, asked)
        assert sorted(metadata_of(each)["line"] for each in done.lines.data) == ["0", "1"]
        side.fault(path="/v1/invoices/[^/]+/finalize", when="after", status=500, saved=True)
        assert (await invoices.finalize(done, asked)).status == "open"
