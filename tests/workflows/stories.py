"""One account each that needs one activity: what it does while that fails, and what must be true after the mend."""

from datetime import timedelta

from reprise.activities import names
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    Close,
    OpenAccount,
    Reactivate,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)
from reprise.statemachine.money import Plan
from reprise.workflows.messages import TASK_QUEUE, WORKFLOW, AccountRun, Announcements, PaymentHint, workflow_id
from tests.product import Product
from tests.workflows import standings
from tests.workflows.world import World


class Story:
    """One account that meets a fault of one activity, and what must be true of it once that is mended."""

    activity: str
    is_over = False
    """Whether the account takes no command any more at the story's end."""

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
        assert {each["status"] for each in self.world.invoices()} <= {"paid", "void"}


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
        assert {each["status"] for each in self.world.invoices()} == {"void"}
        assert self.world.charged() == []


class Looking(Story):
    """A look that found nothing out concludes nothing; a good card pays, or brings back after the last retry (E7)."""

    activity = names.RETRIEVE_INVOICE

    async def begin(self) -> None:
        await standings.past_due(self.world)

    async def meet(self) -> None:
        await self.world.until("past_due")
        await self.world.handle.signal("payment_hint", PaymentHint(event_type="invoice.paid"))

    async def mended(self) -> None:
        before = await self.world.see()
        after = (await self.world.card("pm_card_visa")).account
        if before.state != "past_due":
            assert (before.state, before.disabled_reason) == ("disabled", "payment_failed")
            assert self.world.charged() == []
            after = (await self.world.do(Reactivate())).account
        assert after.in_service
        assert self.world.charged() == [7500]


class LookingAtARefund(Story):
    """Nothing is told of a refund that cannot be looked up."""

    activity = names.RETRIEVE_REFUND

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
        mine = self.world.stripe.customers(self.world.account_id)
        assert [(each["email"], each["invoice_settings"]["default_payment_method"]) for each in mine] == [(None, None)]
        told = [each.type for each in await self.world.timeline()]
        assert told.count("account.customer_not_erased") == told.count("account.customer_erased") <= 1


class Announcing(Story):
    """R18: everything is told, in its order, once telling works again."""

    activity = names.DELIVER_ANNOUNCEMENTS

    async def begin(self) -> None:
        self.world.announce = True
        await self.world.open()

    async def meet(self) -> None:
        for carts in (4, 5, 6):
            await self.send(SetCarts(carts=carts))

    async def mended(self) -> None:
        last = (await self.world.see()).sequence
        await self.product.hears(self.world.account_id, last)
        assert list(dict.fromkeys(self.product.sequences(self.world.account_id))) == list(range(1, last + 1))


class Discovering(Announcing):
    """R18: which endpoints there are is asked until it is known; everything since is told."""

    activity = names.LIST_ENDPOINTS

    async def begin(self) -> None:
        await self.world.open()

    async def meet(self) -> None:
        await self.world.handle.signal("announcements", Announcements(enabled=True))
        await super().meet()

    async def mended(self) -> None:
        last = (await self.world.see()).sequence
        await self.product.hears(self.world.account_id, last)
        assert self.product.sequences(self.world.account_id) == list(range(3, last + 1))


STORIES = (
    Opening,
    Renewing,
    AnotherCard,
    AnotherEmail,
    Voiding,
    Looking,
    LookingAtARefund,
    Erasing,
    Announcing,
    Discovering,
)
