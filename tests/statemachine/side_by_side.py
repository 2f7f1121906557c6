"""The core and the reference, driven by the same events, and compared after each."""

from collections import Counter
from datetime import datetime, timedelta

from reprise.statemachine.account import Account
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    OpenAccount,
    Reactivate,
    SetCarts,
    SetPaymentMethod,
)
from reprise.statemachine.effects import (
    Act,
    Announce,
    ChangePaymentMethod,
    Collect,
    Effect,
    LookAtInvoice,
    RegisterCustomer,
    VoidInvoice,
)
from reprise.statemachine.machine import AccountMachine, Event
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    Declined,
    InvoiceObserved,
    InvoiceVoided,
    NoPaymentMethod,
    Paid,
    PaymentMethodChanged,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import Refused
from reprise.statemachine.timeline import Actor, ActorKind
from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.life import expected_amount, quoted, told
from tests.reference.lives import Deed, Opening
from tests.reference.standing import Ask, Forbidden
from tests.reference.stripe import ReferenceStripe, Told
from tests.statemachine.seen import quoted_by_core, seen_of_core, seen_of_reference

USER, OPERATOR = Actor(kind=ActorKind.USER, id="u1"), Actor(kind=ActorKind.OPERATOR, id="o1")


class SideBySide:
    """One account twice, one Stripe for both, and one clock."""

    def __init__(self, opening: Opening) -> None:
        self.met: Counter[str] = Counter()
        self.now = opening.at
        self.stripe = ReferenceStripe(opening.card)
        self.acts: list[Act] = []
        self.answers: list[tuple[Act, Told]] = []
        self.compared = self.commands = 0
        currency, unit_amount = opening.plan
        paid_through = opening.at + opening.paid_through if opening.paid_through is not None else None
        self.reference = ReferenceAccount(
            "a1", opening.carts, currency, unit_amount, opening.zone, opening.retry_days, opening.debt
        )
        self.core, effects = AccountMachine.opening(
            OpenAccount(
                account_id="a1",
                email="owner@example.com",
                carts=opening.carts,
                plan=Plan(currency=currency, unit_amount=unit_amount),
                timezone=opening.zone,
                paid_through=paid_through,
                payment_method=self.stripe.first,
                policy=BillingPolicy.model_validate({"retry_days": opening.retry_days, "debt": opening.debt}),
                actor=OPERATOR,
            ),
            opening.at,
        )
        self._same(effects, self.reference.open(opening.at, paid_through, self.stripe.first))

    # ------------------------------------------------------------------ deeds

    def do(self, deed: Deed) -> None:
        """Let one deed happen to both, and compare."""
        match deed:
            case Deed("time_passes", span):
                # Tries of a stopped payment, each hour for weeks, are dull.
                self._move_to(self.now + (span if self.stripe.card != "stopped" else min(span, timedelta(days=1))))
            case Deed("to_deadline", offset):
                self._answer_all()
                if due := self.reference.due:
                    self._move_to(max(self.now, due[1] + offset))
            case Deed("no_worker", span):
                self.now += span
                self._settle()
            case Deed("no_answer", span):
                self._settle()
                self.now += span
            case Deed("hint"):
                self._answer_all()
                self._settle()
                self._answer_all()
                self._same(self.core.hint(self.now), self.reference.hint(rules.whole_seconds(self.now)))
            case Deed("pay_by_hand"):
                if self.reference.payment:
                    self.stripe.pay_by_hand(self.reference.payment.key)
            case Deed("portal_card", card):
                self.stripe.change_in_portal(card)
            case Deed("card_turns", card):
                self.stripe.card = card
            case Deed("answer", how):
                self._answer_one(refuse=how == "refused by Stripe")
            case Deed("answer_again", back):
                if self.answers:
                    self._deliver(*self.answers[-1 - back % len(self.answers)])
            case Deed("quote"):
                assert quoted_by_core(self.core, self.now) == quoted(self.reference, self.now)
            case Deed("restart"):
                loaded = Account.model_validate_json(self.core.account.model_dump_json())
                assert loaded == self.core.account
                self.core = AccountMachine(loaded)
            case _:
                self._command(deed)
        self._compare()

    def _command(self, deed: Deed) -> None:
        """Send a command when the workflow would take it: once nothing is due and Stripe is not being asked (R14)."""
        expected = expected_amount(self.reference, deed, self.now)
        command = self._command_of(deed, expected)
        self.commands += 1
        checked = self._check(command) if not self.acts and self.commands % 4 == 0 else None  # a machine costs 3 ms
        self._settle()
        if self.acts:
            checked = None  # Stripe's answers lie between the validator and the command
        if not self.core.collecting:
            self._answer_all()
            self._settle()
        before, entries = self.core.account, len(self.reference.timeline)
        try:
            method = command.payment_method if isinstance(command, SetPaymentMethod) else ""
            asks: list[Ask] | str = told(
                self.reference, deed, rules.whole_seconds(self.now), expected=expected, method=method
            )
        except Forbidden as forbidden:
            asks = forbidden.code
            assert len(self.reference.timeline) == entries
        try:
            effects = self.core.take(command, self.now)
            answer = "taken"
        except Refused as refused:
            answer, effects = refused.code.value, ()
        assert answer == (asks if isinstance(asks, str) else "taken"), (
            f"{deed}: the core says {answer}, the rules {asks}"
        )
        assert checked in {None, answer}, "what the validator said before is what comes of it"
        if isinstance(asks, str):
            assert self.core.account == before, "a refusal leaves no trace"
        else:
            self._same(effects, asks)
        self.met[deed.what if answer == "taken" else f"refused: {answer}"] += 1

    def _command_of(self, deed: Deed, expected: int | None) -> AnyCommand:
        match deed:
            case Deed("cancel", when):
                return Cancel(when=when, actor=USER)
            case Deed("reactivate"):
                return Reactivate(expected_amount=expected, actor=USER)
            case Deed("set_carts", carts):
                return SetCarts(carts=carts, actor=USER)
            case Deed("set_payment_method", card):
                return SetPaymentMethod(payment_method=self.stripe.new_method(card), actor=USER)
            case Deed("disable"):
                return Disable(reason="check", actor=OPERATOR)
            case Deed("enable"):
                return Enable(actor=OPERATOR)
            case Deed("extend_term", days):
                return ExtendTerm(days=days, actor=OPERATOR)
            case Deed("extend_until", span):
                return ExtendTerm(until=self.now + span, actor=OPERATOR)
            case Deed("change_plan", (currency, unit_amount)):
                return ChangePlan(plan=Plan(currency=currency, unit_amount=unit_amount), actor=OPERATOR)
            case Deed("close"):
                return Close(actor=OPERATOR)
        raise AssertionError(f"no such deed: {deed}")

    def _check(self, command: AnyCommand) -> str:
        try:
            self.core.check(command, self.now)
        except Refused as refused:
            return refused.code.value
        return "taken"

    # ------------------------------------------------------------------ time

    def _move_to(self, target: datetime) -> None:
        """Move the clock; every deadline on the way happens at its instant, and Stripe answers at once."""
        while True:
            self._answer_all()
            due = self.core.deadline
            if due is None or due.at > target:
                break
            self.now = max(due.at, self.now)
            self._settle()
        self.now = target

    def _settle(self) -> None:
        """Let what is due happen, as the workflow does: not while Stripe is being asked."""
        if not self.acts:
            self._same(self.core.settle(self.now), self.reference.happen_until(rules.whole_seconds(self.now)))

    # ------------------------------------------------------------------ Stripe's side

    def _answer_all(self) -> None:
        while self.acts:
            self._answer_one()

    def _answer_one(self, *, refuse: bool = False) -> None:
        if not self.acts:
            return
        act = self.acts.pop(0)
        answer = self.stripe.refuse(_ask_of(act)) if refuse else self.stripe.answer(_ask_of(act))
        if answer:
            self.answers.append((act, answer))
            self._deliver(act, answer)
            self._compare()

    def _deliver(self, act: Act, answer: Told) -> None:
        effects = self.core.take(_event_of(act, answer), self.now)
        self._same(effects, getattr(self.reference, answer.what)(rules.whole_seconds(self.now), **answer.facts))

    # ------------------------------------------------------------------ comparing

    def _same(self, effects: tuple[Effect, ...], asks: list[Ask]) -> None:
        """See that both ask the same of Stripe, in the same order, and announce each entry (R18)."""
        acts = [effect for effect in effects if not isinstance(effect, Announce)]
        assert [_ask_of(act) for act in acts] == asks, f"core {effects}, rules {asks}"
        announced = [effect.entry.sequence for effect in effects if isinstance(effect, Announce)]
        last = self.core.account.sequence
        assert announced == list(range(last - len(announced) + 1, last + 1))
        self.acts += acts

    def _compare(self) -> None:
        core = seen_of_core(self.core, since=self.compared)
        reference = seen_of_reference(self.reference, since=self.compared)
        differ = {what: (core[what], reference[what]) for what in core if core[what] != reference[what]}
        assert not differ, f"(core, rules) at {self.now}: {differ}"
        for entry in self.reference.timeline[self.compared :]:
            assert (entry.before, entry.after) in rules.TIMELINE[entry.type], "the table says what the account does"
            self.met[entry.type] += 1
        self.compared = len(self.reference.timeline)


def _ask_of(act: Act) -> Ask:
    match act:
        case RegisterCustomer(payment_method=method):
            return Ask("register", method)
        case ChangePaymentMethod(payment_method=method):
            return Ask("change_method", method)
        case Collect(payment=payment):
            return Ask("collect", payment.key, payment.attempt, sum(line.amount for line in payment.quote.lines))
        case LookAtInvoice(payment_key=key):
            return Ask("look", key)
        case VoidInvoice(payment_key=key):
            return Ask("void", key)


def _event_of(act: Act, answer: Told) -> Event:
    """Return an answer in the core's words."""
    facts = answer.facts
    known = {"payment_key": facts.get("key"), "payment_method": facts.get("method")}
    match answer.what, act:
        case "registered", _:
            return CustomerRegistered(customer_id="cus_1", refused=facts["refused"])
        case "method_changed", ChangePaymentMethod(asked_by=actor):
            return PaymentMethodChanged(refused=facts["refused"], asked_by=actor)
        case "paid", _:
            return Paid.model_validate(known)
        case "declined", _ if facts["code"] == "no_payment_method":
            return NoPaymentMethod.model_validate(known)
        case "declined", _:
            return Declined.model_validate(known | {"code": facts["code"]})
        case "requires_action", _:
            return RequiresAction.model_validate(known | {"url": "https://pay.example.com/in"})
        case "stopped", _:
            return Stopped.model_validate(known | {"reason": "Invalid API Key provided"})
        case "observed", _:
            return InvoiceObserved.model_validate(known | {"invoice": facts["invoice"]})
        case "voided", _:
            return InvoiceVoided(payment_key=facts["key"], invoice=facts["invoice"])
    raise AssertionError(f"{answer} answers no {act}")
