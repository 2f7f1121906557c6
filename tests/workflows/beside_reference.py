"""The real workflow on the time-skipping server, charging the sandbox's cards, beside the reference."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from reprise.statemachine.commands import AnyCommand
from reprise.statemachine.money import Plan
from reprise.statemachine.policy import BillingPolicy
from reprise.stripe_api.client import stripe_client
from reprise.workflows.messages import PaymentHint
from tests.plain_http import plain_client
from tests.reference import rules
from tests.reference.deeds import Deed, Opening
from tests.reference.life import MARGIN, NOT_IN_THE_WORLD, ReferenceLife, elsewhere, quoted, seen
from tests.statemachine.in_the_cores_words import OPERATOR, command_of
from tests.workflows.world import World

CARDS = {
    "good": "pm_card_visa",
    "authentication": "pm_card_authenticationRequired",
    "generic_decline": "pm_card_chargeCustomerFail",
    "refused": "pm_1Unknown",
}
GO_BAD = ("insufficient_funds", "lost_card", "generic_decline/do_not_try_again", "lost_card/try_again_later")
"""What declines once it is attached, with the bank's advice; a debit stays processing until it is told to settle."""


class LifeInTheWorld:
    """One account on real servers, and once more by the rules; both with the same cards."""

    def __init__(self, world: World, opening: Opening) -> None:
        self.world = world
        self.opening = opening = opening._replace(email=f"{world.account_id}@example.com")
        self.rules = ReferenceLife(world.account_id, opening)
        self.deeds = 0

    async def open(self) -> None:
        """Open at the opening's day and time of day, in the first year that has it and is still to come."""
        opening, now = self.opening, await self.world.now()
        years = range(now.year, now.year + 9)
        starts = [opening.at.replace(year=year) for year in years if opening.at.day < 29 or _has(opening.at, year)]
        start = next(at for at in starts if at > now)
        await self.world.at(start)
        currency, unit_amount = opening.plan
        brings = elsewhere(opening, start)
        self.rules.open(start, brings)
        await self.world.open(
            email=opening.email,
            carts=opening.carts,
            plan=Plan(currency=currency, unit_amount=unit_amount),
            timezone=opening.zone,
            policy=BillingPolicy.model_validate(
                {
                    "retry_days": opening.retry_days,
                    "debt": opening.debt,
                    "stopped_days": opening.stopped_days,
                    "renewal_upcoming_days": opening.upcoming_days,
                    "payment_methods": ("card", "us_bank_account"),
                }
            ),
            payment_method=None if opening.card == "none" else self._method(opening.card),
            actor=OPERATOR,
            **brings,
        )
        await self.compare()

    # ------------------------------------------------------------------ deeds

    async def do(self, deed: Deed) -> None:
        """Let one deed happen to both, and compare. What only a script could do to Stripe is left out."""
        self.deeds += 1
        match deed:
            case Deed("time_passes", span):
                await self.world.at(self.rules.move_to(await self.world.now() + span))
            case Deed("to_deadline", offset):
                await self.world.at(self.rules.move_to_deadline(offset, await self.world.now()))
            case Deed("hint", which):
                await self._hint(which)
            case Deed("pay_by_hand"):
                await self._pay_by_hand()
            case Deed("void_by_hand"):
                await self._void_by_hand()
            case Deed("debit", how):
                self._settle_debit(how)
            case Deed("delete_customer"):
                await self._delete_customer()
            case Deed("portal_card" | "card_turns", card):
                await self._change_in_portal(card)
            case Deed("quote"):
                await self._compare_quotes()
            case Deed(what) if what in NOT_IN_THE_WORLD:
                return
            case _:
                await self._command(deed)
        await self.compare()

    async def _command(self, deed: Deed) -> None:
        now = rules.whole_seconds(await self.world.now())
        page = seen(self.rules.account, deed, now)
        if deed.what == "set_payment_method":
            deed = deed._replace(value=_card(deed.value))
        method = self._method(deed.value) if deed.what == "set_payment_method" else ""
        assert await self._send(command_of(deed, page, method, now)) == self.rules.command(deed, now), deed

    def _method(self, card: str) -> str:
        """Return a payment method's id for a card; most that decline have one only once they are attached."""
        if card == "debit":
            return self.world.stripe.payment_method("pm_usBankAccount_processing")
        if card not in GO_BAD:
            return CARDS[card]
        code, _, advice = card.partition("/")
        return self.world.stripe.payment_method(decline_code=code, **({"advice_code": advice} if advice else {}))

    async def _send(self, command: AnyCommand) -> str:
        try:
            refusal = (await self.world.do(command)).refusal
        except WorkflowUpdateFailedError as failed:
            return failed.cause.type or "?" if isinstance(failed.cause, ApplicationError) else "?"
        # What Stripe does not take is its refusal, and none of the account's.
        return "taken" if refusal is None or refusal.field in {"payment_method", "email"} else str(refusal.code)

    # ------------------------------------------------------------------ Stripe's side

    async def _hint(self, which: str | None) -> None:
        key = self.rules.hinted(which)
        since, now = (await self.world.last_event())[:2], await self.world.now()
        await self.world.handle.signal("payment_hint", PaymentHint(payment_key=key))
        await self.world.quiet(after=since)
        self.rules.hint(now, key)

    async def _pay_by_hand(self) -> None:
        if (key := self.rules.pay_by_hand()) is None:
            return
        url = self._invoices()[key]["hosted_invoice_url"]
        async with plain_client(follow_redirects=True) as browser:
            (await browser.post(url, data={"card": CARDS["good"]})).raise_for_status()

    async def _void_by_hand(self) -> None:
        if key := self.rules.void_by_hand():
            async with self._stripe() as client:
                await client.v1.invoices.void_invoice_async(self._invoices()[key]["id"])

    def _settle_debit(self, how: str) -> None:
        if (key := self.rules.settle_debit(how)) is None:
            return
        invoice = self._invoices()[key]["id"]
        payments = self.world.stripe.dump("invoice_payments", owners=[invoice])["invoice_payments"]
        intent = payments[0]["payment"]["payment_intent"]
        if how == "settles":
            self.world.stripe.settle(intent, "succeeded")
        else:
            self.world.stripe.settle(intent, "failed", how)

    async def _delete_customer(self) -> None:
        customer = await self.world.handle.query("customer_id", result_type=str)
        if customer and self.rules.delete_customer():
            async with self._stripe() as client:
                await client.v1.customers.delete_async(customer)

    async def _change_in_portal(self, card: str) -> None:
        customer = await self.world.handle.query("customer_id", result_type=str)
        if card == "refused" or self.rules.stripe.is_deleted:
            return
        self.rules.stripe.change_in_portal(_card(card))
        async with self._stripe() as client:
            method = await client.v1.payment_methods.attach_async(self._method(_card(card)), {"customer": customer})
            default = {"invoice_settings": {"default_payment_method": method.id}}
            await client.v1.customers.update_async(customer, default)

    def _stripe(self) -> Any:
        return stripe_client(self.world.stripe.settings())

    def _invoices(self) -> dict[str, dict[str, Any]]:
        """Return the newest invoice of each payment."""
        return {each["metadata"]["payment_key"]: each for each in self.world.invoices()}

    # ------------------------------------------------------------------ comparing

    async def compare(self) -> None:
        """Compare what callers see, the timeline, and what Stripe has; amounts and order exactly, instants nearly."""
        view, account = await self.world.see(), self.rules.account
        payment, entries, invoices = account.payment, await self.world.timeline(), self._invoices()
        seen = {
            "state": (view.state, view.disabled_reason, view.in_service, view.renews),
            "carts, plan": (view.carts, view.plan.currency, view.plan.unit_amount),
            "payment": (view.payment.status, view.payment.amount, view.payment.decline_code),
            "entries": view.sequence,
            "timeline": [
                (each.type, each.actor.kind, each.from_state, each.to_state, each.amount, each.payment_key)
                for each in entries
            ],
            "charged": [each.charged for each in entries],
            "decline codes": [each.decline_code for each in entries],
            "invoices": {key: each["status"] for key, each in invoices.items()},
            "charges": {key: [charge["amount"] for charge in each["paid_charges"]] for key, each in invoices.items()},
        }
        expected: dict[str, Any] = {
            "state": (
                account.state,
                account.disabled_reason,
                account.state in rules.IN_SERVICE,
                account.state in rules.RENEWS,
            ),
            "carts, plan": (account.carts, account.currency, account.unit_amount),
            "payment": (payment.status, payment.quote.amount, payment.decline_code)
            if payment
            else ("none", None, None),
            "entries": len(account.timeline),
            "timeline": [each[:1] + each[2:7] for each in account.timeline[-len(entries) :]],
            "charged": [each.charged for each in account.timeline[-len(entries) :]],
            "decline codes": [each.decline_code for each in account.timeline[-len(entries) :]],
            "invoices": {  # one whose debit clears is open, and its payment is processing
                key: "open" if state == "processing" else state for key, state in self.rules.stripe.invoices.items()
            },
            "charges": {
                key: [amount for each, amount in self.rules.stripe.charges if each == key]
                for key in self.rules.stripe.invoices
            },
        }
        differ = {what: (seen[what], expected[what]) for what in seen if seen[what] != expected[what]}
        assert not differ, f"(workflow, rules): {differ}"
        assert (view.payment.action_url is not None) >= account.shows_url, "the payer is told where to pay (R10)"
        _near(view.anchor, account.anchor)
        _near(view.term.start if view.term else None, account.term.start if account.term else None)
        _near(view.term.end if view.term else None, account.term.end if account.term else None)
        _near(view.payment.next_attempt_at, payment.next_attempt if payment else None)
        due = account.due
        assert (view.next.kind if view.next else None) == (due[0] if due else None)
        _near(view.next.at if view.next else None, due[1] if due else None)
        for entry, expects in zip(entries, account.timeline[-len(entries) :], strict=True):
            _near(entry.at, expects.at)

    async def _compare_quotes(self) -> None:
        answer, expected = await self.world.quote(), quoted(self.rules.account, await self.world.now())
        if isinstance(expected, str):
            assert answer.refusal is not None
            assert answer.refusal.code == expected
            return
        assert answer.quote is not None
        assert (answer.quote.amount_due, answer.quote.currency) == (expected.amount, expected.currency)
        _near(answer.quote.term.end, expected.term.end)


def _card(card: str) -> str:
    """Return the card that a payer can change to: a customer who has one does not get rid of it here."""
    return card if card in CARDS or card in GO_BAD or card == "debit" else "generic_decline"


def in_the_world(opening: Opening, deeds: Sequence[Deed]) -> tuple[Opening, list[Deed]]:
    """Return a life that takes no script. Debits are for dollars (docs.stripe.com/payments/ach-direct-debit)."""
    deeds = [deed._replace(value="another@example.com") if deed.what == "set_email" else deed for deed in deeds]
    in_dollars = opening.plan[0] == "usd"
    opening = _opening_in_the_world(opening)
    if not in_dollars:
        opening = opening._replace(card="good" if opening.card == "debit" else opening.card)
        return opening, [deed._replace(value="good") if deed.value == "debit" else deed for deed in deeds]
    return opening, [
        deed._replace(value=("usd", deed.value[1])) if deed.what == "change_plan" else deed for deed in deeds
    ]


def _opening_in_the_world(opening: Opening) -> Opening:
    """Return an opening where Stripe works, and no deadline comes within the clocks' margin."""
    short = opening.paid_through is not None and abs(opening.paid_through) <= MARGIN
    simply = None if opening.elsewhere in {"another anchor", "opened later"} or short else opening.elsewhere
    return opening._replace(
        paid_through=None if short else opening.paid_through,
        elsewhere=None if opening.paid_through is None or simply == "cancelled" else simply,
        card="good" if opening.card == "stopped" else opening.card,
        email="owner@example.com",
        key_is_wrong=False,
    )


def _near(seen: datetime | None, expected: datetime | None) -> None:
    assert (seen is None) == (expected is None), (seen, expected)
    assert seen is None or expected is None or abs(seen - expected) < MARGIN, (seen, expected)


def _has(at: datetime, year: int) -> bool:
    try:
        at.replace(year=year)
    except ValueError:
        return False
    return True
