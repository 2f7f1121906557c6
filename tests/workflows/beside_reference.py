"""The real workflow on the time-skipping server, charging the sandbox's cards, beside the reference."""

from datetime import datetime
from typing import Any

import httpx
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from reprise.activities.stripe_client import stripe_client
from reprise.statemachine.policy import BillingPolicy
from reprise.workflows.messages import (
    Actor,
    ActorKind,
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    PaymentHint,
    Plan,
    Reactivate,
    SetCarts,
    SetPaymentMethod,
)
from tests.reference import rules
from tests.reference.deeds import Deed, Opening
from tests.reference.life import MARGIN, ReferenceLife, expected_amount, quoted
from tests.workflows.world import World

CARDS = {
    "good": "pm_card_visa",
    "authentication": "pm_card_authenticationRequired",
    "insufficient_funds": "a card that goes bad once it is attached",
    "generic_decline": "pm_card_chargeCustomerFail",
    "refused": "pm_1Unknown",
}
USER, OPERATOR = Actor(kind=ActorKind.USER, id="u1"), Actor(kind=ActorKind.OPERATOR, id="o1")


class LifeInTheWorld:
    """One account on real servers, and once more by the rules; both with the same cards."""

    def __init__(self, world: World, opening: Opening) -> None:
        self.world = world
        self.opening = opening
        self.rules = ReferenceLife(world.account_id, opening)
        self.deeds = 0

    async def open(self) -> None:
        """Open at the opening's day and time of day, in the first year that has it and is still to come."""
        opening, now = self.opening, await self.world.now()
        years = range(now.year, now.year + 9)
        starts = [opening.at.replace(year=year) for year in years if opening.at.day < 29 or _has(opening.at, year)]
        start = next(at for at in starts if at > now)
        await self.world.at(start)
        span = opening.paid_through if opening.paid_through and abs(opening.paid_through) > MARGIN else None
        currency, unit_amount = opening.plan
        paid_through = start + span if span else None
        self.rules.open(start, paid_through)
        await self.world.open(
            carts=opening.carts,
            plan=Plan(currency=currency, unit_amount=unit_amount),
            timezone=opening.zone,
            policy=BillingPolicy.model_validate({"retry_days": opening.retry_days, "debt": opening.debt}),
            paid_through=paid_through,
            payment_method=self._method(opening.card) if opening.card in CARDS else None,
            actor=OPERATOR,
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
            case Deed("hint"):
                seen, now = (await self.world.last_event())[:2], await self.world.now()
                await self.world.handle.signal("payment_hint", PaymentHint())
                await self.world.quiet(after=seen)
                self.rules.hint(now)
            case Deed("pay_by_hand"):
                await self._pay_by_hand()
            case Deed("portal_card" | "card_turns", card):
                await self._change_in_portal(card)
            case Deed("quote"):
                await self._compare_quotes()
            case Deed("no_worker" | "no_answer" | "answer" | "answer_again" | "restart"):
                return
            case _:
                await self._command(deed)
        await self.compare()

    async def _command(self, deed: Deed) -> None:
        now = rules.whole_seconds(await self.world.now())
        command = self._command_of(deed, now, expected_amount(self.rules.account, deed, now))
        if deed.what == "set_payment_method":
            deed = deed._replace(value=_card(deed.value))
        assert await self._send(command) == self.rules.command(deed, now), deed

    def _command_of(self, deed: Deed, now: datetime, expected: int | None) -> AnyCommand:
        match deed:
            case Deed("cancel", when):
                return Cancel(when=when, actor=USER)
            case Deed("reactivate"):
                return Reactivate(expected_amount=expected, actor=USER)
            case Deed("set_carts", carts):
                return SetCarts(carts=carts, actor=USER)
            case Deed("set_payment_method", card):
                return SetPaymentMethod(payment_method=self._method(_card(card)), actor=USER)
            case Deed("disable"):
                return Disable(reason="check", actor=OPERATOR)
            case Deed("enable"):
                return Enable(actor=OPERATOR)
            case Deed("extend_term", days):
                return ExtendTerm(days=days, actor=OPERATOR)
            case Deed("extend_until", span):
                return ExtendTerm(until=now + span, actor=OPERATOR)
            case Deed("change_plan", (currency, unit_amount)):
                return ChangePlan(plan=Plan(currency=currency, unit_amount=unit_amount), actor=OPERATOR)
            case Deed("close"):
                return Close(actor=OPERATOR)
        raise AssertionError(f"no such deed: {deed}")

    def _method(self, card: str) -> str:
        """Return a payment method's id for a card; most that decline have one only once they are attached."""
        return self.world.stripe.payment_method(decline_code=card) if card == "insufficient_funds" else CARDS[card]

    async def _send(self, command: AnyCommand) -> str:
        try:
            refusal = (await self.world.do(command)).refusal
        except WorkflowUpdateFailedError as failed:
            return failed.cause.type or "?" if isinstance(failed.cause, ApplicationError) else "?"
        # A card that Stripe does not take is its refusal, and none of the account's.
        return "taken" if refusal is None or refusal.field == "payment_method" else str(refusal.code)

    # ------------------------------------------------------------------ Stripe's side

    async def _pay_by_hand(self) -> None:
        if (key := self.rules.pay_by_hand()) is None:
            return
        url = self._invoices()[key]["hosted_invoice_url"]
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
            (await browser.post(url, data={"card": CARDS["good"]})).raise_for_status()

    async def _change_in_portal(self, card: str) -> None:
        customer = await self.world.handle.query("customer_id", result_type=str)
        if card == "refused":
            return
        self.rules.stripe.change_in_portal(_card(card))
        async with stripe_client(self.world.stripe.settings()) as stripe:
            method = await stripe.v1.payment_methods.attach_async(self._method(_card(card)), {"customer": customer})
            default = {"invoice_settings": {"default_payment_method": method.id}}
            await stripe.v1.customers.update_async(customer, default)  # type: ignore[arg-type]

    def _invoices(self) -> dict[str, dict[str, Any]]:
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
            "decline codes": [each.decline_code for each in account.timeline[-len(entries) :]],
            "invoices": self.rules.stripe.invoices,
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
    return card if card in CARDS else "generic_decline"


def _near(seen: datetime | None, expected: datetime | None) -> None:
    assert (seen is None) == (expected is None), (seen, expected)
    assert seen is None or expected is None or abs(seen - expected) < MARGIN, (seen, expected)


def _has(at: datetime, year: int) -> bool:
    try:
        at.replace(year=year)
    except ValueError:
        return False
    return True
