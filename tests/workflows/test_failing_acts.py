"""R8, R27: however an activity fails, the account lives, asks no more than it must, and is right after the mend."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from reprise.activities import names
from reprise.worker import account_worker
from reprise.workflows.messages import (
    TASK_QUEUE,
    WORKFLOW,
    AccountRun,
    AnyCommand,
    Cancel,
    Close,
    OpenAccount,
    PaymentHint,
    Plan,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
    workflow_id,
)
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.workflows import standings
from tests.workflows.conftest import worker_settings
from tests.workflows.faults import FAULTS, Fault, Faults
from tests.workflows.world import World

DAYS = 2
"""How long the fault lasts; as long again the account has after the mend."""

MOST_EVENTS_A_DAY = 500
"""What an account's history may grow by in a day of a fault (R8, E21)."""


class Story:
    """One account that meets a fault of one activity, and what must be true of it once that is mended."""

    activity: str
    is_over = False

    def __init__(self, world: World, product: Product) -> None:
        self.world = world
        self.product = product

    async def begin(self) -> None:
        await self.world.open()

    async def meet(self) -> None:
        """Do what lets the activity be performed. Nobody waits for the answer."""

    async def mended(self) -> None:
        """Check that the account is right."""

    async def send(self, command: AnyCommand) -> None:
        await self.world.handle.signal(command.name, command)


class Opening(Story):
    """A5, E21: the card that was given at opening is kept, and pays when the customer can be registered."""

    activity = names.REGISTER_CUSTOMER

    async def begin(self) -> None:
        """There is nothing before it is opened."""

    async def meet(self) -> None:
        opening = OpenAccount(
            account_id=self.world.account_id,
            email=f"{self.world.account_id}@example.com",
            carts=3,
            plan=Plan(currency="usd", unit_amount=2500),
            payment_method="pm_card_visa",
            command_id="open",
        )
        run = AccountRun(edition=2, opening=opening)
        await self.world.client.start_workflow(
            WORKFLOW, run, id=workflow_id(self.world.account_id), task_queue=TASK_QUEUE
        )
        self.world.opened = True

    async def mended(self) -> None:
        assert (await self.world.until("active")).payment.status == "paid"
        assert self.world.charged() == [7500]


class Renewing(Story):
    """The term ends while nothing can be collected: in service meanwhile, then charged once."""

    activity = names.COLLECT

    async def begin(self) -> None:
        await self.world.open(paid_through=await self.world.now() + timedelta(minutes=1))

    async def mended(self) -> None:
        account = await self.world.until("active")
        assert account.payment.status == "paid"
        assert self.world.charged() == [7500]
        assert [each["status"] for each in self.world.invoices()] == ["paid"]


class AnotherCard(Story):
    """A card change that came to nothing is not told as done, and can be made again."""

    activity = names.CHANGE_PAYMENT_METHOD

    async def meet(self) -> None:
        await self.send(SetPaymentMethod(payment_method="pm_card_mastercard", command_id="first"))

    async def mended(self) -> None:
        again = await self.world.do(SetPaymentMethod(payment_method="pm_card_mastercard", command_id="second"))
        assert again.refusal is None


class AnotherEmail(Story):
    """So with the e-mail: it is the old one until Stripe has taken the new one (R26)."""

    activity = names.CHANGE_EMAIL

    async def meet(self) -> None:
        await self.send(SetEmail(email="ada@example.com", command_id="first"))

    async def mended(self) -> None:
        again = await self.world.do(SetEmail(email="grace@example.com", command_id="second"))
        assert again.refusal is None
        assert again.account.email == "grace@example.com"


class Voiding(Story):
    """E20: a void that did not come about stays owed, until it is done."""

    activity = names.VOID_INVOICE

    async def begin(self) -> None:
        await standings.past_due(self.world)

    async def meet(self) -> None:
        await self.world.until("past_due")
        await self.send(Cancel())

    async def mended(self) -> None:
        assert (await self.world.until("disabled")).disabled_reason == "cancelled"
        assert [each["status"] for each in self.world.invoices()] == ["void"]
        assert self.world.charged() == []


class Looking(Story):
    """A look that found nothing out concludes nothing; a good card pays."""

    activity = names.LOOK_AT_INVOICE

    async def begin(self) -> None:
        await standings.past_due(self.world)

    async def meet(self) -> None:
        await self.world.until("past_due")
        await self.world.handle.signal("payment_hint", PaymentHint(event_type="invoice.paid"))

    async def mended(self) -> None:
        assert (await self.world.see()).state == "past_due"
        assert (await self.world.card("pm_card_visa")).account.state == "active"
        assert self.world.charged() == [7500]


class LookingAtARefund(Story):
    """Nothing is told of a refund that cannot be looked up."""

    activity = names.LOOK_AT_REFUND

    async def meet(self) -> None:
        await self.world.handle.signal("payment_hint", PaymentHint(refund_id="re_1Unknown"))

    async def mended(self) -> None:
        assert (await self.world.see()).state == "active"
        assert not [each for each in await self.world.timeline() if "refund" in each.type]


class Erasing(Story):
    """R13: a closed account's customer is erased at Stripe in the end, whatever that came to at first."""

    activity = names.ERASE_CUSTOMER
    is_over = True

    async def meet(self) -> None:
        await self.send(Close(command_id="close"))

    async def mended(self) -> None:
        await self.world.until("closed")
        mine = [
            each
            for each in self.world.stripe.dump()["customers"]
            if each["metadata"].get("account_id") == self.world.account_id
        ]
        assert [(each["email"], each["invoice_settings"]["default_payment_method"]) for each in mine] == [(None, None)]
        told = [each.type for each in await self.world.timeline()]
        assert told.count("account.customer_not_erased") == told.count("account.customer_erased") <= 1


class Announcing(Story):
    """R18: everything is told, in its order, once telling works again."""

    activity = names.ANNOUNCE

    async def begin(self) -> None:
        self.world.announce = True
        await self.world.open()

    async def meet(self) -> None:
        for carts in (4, 5, 6):
            await self.send(SetCarts(carts=carts))

    async def mended(self) -> None:
        last = (await self.world.see()).sequence
        async with asyncio.timeout(20):
            while self.product.sequences(self.world.account_id)[-1:] != [last]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert list(dict.fromkeys(self.product.sequences(self.world.account_id))) == list(range(1, last + 1))


STORIES = (Opening, Renewing, AnotherCard, AnotherEmail, Voiding, Looking, LookingAtARefund, Erasing, Announcing)


@pytest.fixture
def product() -> Iterator[Product]:
    here = Product()
    yield here
    here.close()


@pytest.fixture
async def faults() -> Faults:
    return Faults()


@pytest.fixture
async def world(
    env: WorkflowEnvironment, stripe_side: StripeSide, product: Product, faults: Faults
) -> AsyncIterator[World]:
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(faults.client(env.client), settings):
        here = World(env, stripe_side, "fails")
        await here.skip_to("2027-01-31T10:00")
        yield here


IN_MAKE_TEST = {"retryable", "refused", "unreadable-failure", "about-something-else"}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=name, marks=() if name in IN_MAKE_TEST else pytest.mark.long)
        for name, fault in FAULTS.items()
    ],
)
async def test_R8_R27_an_account_outlives_every_failure_of_every_activity(
    world: World, product: Product, faults: Faults, fault: Fault
) -> None:
    """Two days of it, then two days without: each account is right, and none has eaten its history."""
    stories = [
        kind(World(world.env, world.stripe, f"{kind.__name__.lower()}-{world.stripe.port}-{id(fault)}"), product)
        for kind in STORIES
    ]
    for story in stories:
        await story.begin()
    await world.env.sleep(timedelta(seconds=59))
    for story in stories:
        faults.of[story.world.account_id, story.activity] = fault
    await world.env.sleep(timedelta(seconds=1))
    for story in stories:
        await story.meet()
    for _ in range(DAYS * 4):
        await world.env.sleep(timedelta(hours=6))
    for story in stories:
        assert (story.world.account_id, story.activity) in faults.tries, story.activity
        assert len(await story.world.events()) <= DAYS * MOST_EVENTS_A_DAY + 100, story.activity
    faults.of.clear()
    for _ in range(DAYS * 4):
        await world.env.sleep(timedelta(hours=6))
    for story in stories:
        await story.mended()
        if not story.is_over:
            assert (await story.world.do(SetCarts(carts=9))).account.carts == 9
        kinds = [each.event_type for each in await story.world.events()]
        assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in kinds, story.activity
