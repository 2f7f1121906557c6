"""The core and the reference, driven by the same events, and compared after each."""

from collections import Counter
from datetime import datetime, timedelta

from reprise.statemachine import machine
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import AnyCommand, OpenAccount
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.effects import Announce, Effect, RetrieveInvoice, StripeEffect, VoidInvoice
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    Declined,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    Paid,
    Processing,
    RequiresAction,
)
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import Refused
from reprise.statemachine.timeline import EntryType
from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.deeds import Deed, Opening
from tests.reference.life import account_of, elsewhere, invoice_meant, quoted, seen, told
from tests.reference.standing import Ask, Forbidden, Quote
from tests.reference.stripe import Answered, ReferenceStripe, Told
from tests.statemachine.in_the_cores_words import OPERATOR, ask_of, command_of, event_of
from tests.statemachine.seen import quoted_by_core, seen_of_core, seen_of_reference

NAMES_ITS_INVOICE = Paid | Processing | Declined | NoPaymentMethod | RequiresAction
ABOUT_PAYMENTS = {EntryType.REFUNDED, EntryType.DISPUTED}

DULL = timedelta(days=1)
"""How long time passes at once while something is tried each hour: weeks of that tell no more."""


class SideBySide:
    """One account twice, one Stripe for both, and one clock."""

    def __init__(self, opening: Opening) -> None:
        self.met: Counter[str] = Counter()
        self.now = opening.at
        self.stripe = ReferenceStripe(opening.card)
        self.stripe.key_is_wrong = opening.key_is_wrong
        self.waiting: list[Ask] = []
        self.answers: list[Told] = []
        self.compared = self.commands = 0
        self.refused = False
        """Whether the account was refused as it wanted to open, and has opened more simply."""
        self.told_of: set[str] = set()
        """Keys of invoices whose ids Stripe has told."""
        if not self._open(opening):
            self.refused = True
            assert self._open(opening._replace(elsewhere=None))

    def _open(self, opening: Opening) -> bool:
        currency, unit_amount = opening.plan
        brings = elsewhere(opening, opening.at)
        self.reference: ReferenceAccount = account_of("a1", opening)
        try:
            asks = self.reference.open(opening.at, method=self.stripe.first, **brings)
            answer = "taken"
        except Forbidden as forbidden:
            asks, answer = [], forbidden.code
        command = OpenAccount(
            account_id="a1",
            email=opening.email,
            carts=opening.carts,
            plan=Plan(currency=currency, unit_amount=unit_amount),
            timezone=opening.zone,
            payment_method=self.stripe.first,
            policy=BillingPolicy.model_validate(
                {
                    "retry_days": opening.retry_days,
                    "debt": opening.debt,
                    "stopped_days": opening.stopped_days,
                    "on_dispute": opening.on_dispute,
                    "renewal_upcoming_days": opening.upcoming_days,
                }
            ),
            actor=OPERATOR,
            customer_id=brings.pop("customer", None),
            **brings,
        )
        try:
            self.core, effects = machine.open_account(command, opening.at, life="life-1")
        except Refused as refused:
            self._refused_as(answer, refused)
            return False
        assert answer == "taken"
        self._same(effects, asks)
        self._compare()
        return True

    @staticmethod
    def _refused_as(expected: str, refused: Refused) -> None:
        assert refused.code == expected, f"the core says {refused.code}, the rules {expected}"

    # ------------------------------------------------------------------ deeds

    def do(self, deed: Deed) -> None:
        """Let one deed happen to both, and compare."""
        stripe = self.stripe
        match deed:
            case Deed("time_passes", span):
                self._move_to(self.now + (min(span, DULL) if self._is_dull else span))
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
            case Deed("hint", which):
                self._hint(key=self._hinted(which))
            case Deed("refund", (kind, about, status)):
                self._refund(kind, about, status)
            case Deed("pay_by_hand", which):
                if key := invoice_meant(self.reference, stripe, which):
                    stripe.pay_by_hand(key, by_debit="by debit" in which)
            case Deed("void_by_hand", which):
                if key := invoice_meant(self.reference, stripe, which):
                    stripe.void_by_hand(key)
            case Deed("bill_by_hand", which):
                stripe.bill_by_hand(f"a1:{900 + len(stripe.bills)}", self._billed_by_hand(which))
            case Deed("debit", how):
                if key := next((each for each, state in stripe.invoices.items() if state == "processing"), None):
                    stripe.settle(key, None if how == "settles" else how)
            case Deed("balance", amount):
                stripe.balance = amount
            case Deed("delete_customer", told):
                stripe.delete_customer()
                if told:
                    self._hint(deleted=True)
            case Deed("portal_card", card):
                stripe.change_in_portal(card)
            case Deed("card_turns", card):
                stripe.card = card
            case Deed("key", how):
                stripe.key_is_wrong = how == "wrong"
            case Deed("voids", how):
                stripe.refuses_voids = how == "refused"
            case Deed("answer", how):
                self._answer_one(how or "as it is")
            case Deed("answer_again", back):
                if self.answers:
                    self._deliver(self.answers[-1 - back % len(self.answers)])
            case Deed("quote"):
                assert quoted_by_core(self.core, self.now) == quoted(self.reference, self.now)
            case Deed("restart"):
                loaded = Account.model_validate_json(self.core.model_dump_json())
                assert loaded == self.core
                self.core = loaded
            case Deed("cancellation_requested"):
                now = rules.whole_seconds(self.now)
                effects = self._follow(machine.note_cancellation_request(self.core, self.now))
                self._same(effects, self.reference.cancellation_requested(now))
            case _:
                self._command(deed)
        self._compare()

    @property
    def _is_dull(self) -> bool:
        return self.stripe.card == "stopped" or self.stripe.key_is_wrong or bool(self.reference.voids_owed)

    def _command(self, deed: Deed) -> None:
        """Send a command when the workflow would take it: once nothing is due and Stripe is not being asked (R14)."""
        page = seen(self.reference, deed, self.now)
        method = self.stripe.new_method(deed.value) if deed.what == "set_payment_method" else ""
        command = command_of(deed, page, method, self.now)
        self.commands += 1
        checked = self._check(command) if not self.waiting and self.commands % 4 == 0 else None  # it costs 3 ms
        self._settle()
        if self.waiting:
            checked = None  # Stripe's answers lie between the validator and the command
        if not self.core.is_collecting:
            self._answer_all()
            self._settle()
        before, entries = self.core, len(self.reference.timeline)
        now = rules.whole_seconds(self.now)
        try:
            asks: list[Ask] | str = told(self.reference, deed, now, page=page, method=method)
        except Forbidden as forbidden:
            asks = forbidden.code
            assert len(self.reference.timeline) == entries
        try:
            effects = self._follow(machine.take(self.core, command, self.now))
            answer = "taken"
        except Refused as refused:
            answer, effects = refused.code.value, ()
        assert answer == (asks if isinstance(asks, str) else "taken"), (
            f"{deed}: the core says {answer}, the rules {asks}"
        )
        assert checked in {None, answer}, "what the validator said before is what comes of it"
        if isinstance(asks, str):
            assert self.core == before, "a refusal leaves no trace"
        else:
            self._same(effects, asks)
        self.met[deed.what if answer == "taken" else f"refused: {answer}"] += 1

    def _check(self, command: AnyCommand) -> str:
        try:
            machine.check(self.core, command, self.now)
        except Refused as refused:
            return refused.code.value
        return "taken"

    def _follow(self, decision: machine.Decision) -> tuple[Effect, ...]:
        self.core = decision.account
        return decision.effects

    # ------------------------------------------------------------------ hints

    def _hinted(self, which: str | None) -> str | None:
        if which is None:
            return None
        return invoice_meant(self.reference, self.stripe, which) or f"a1:{900 + len(self.stripe.bills)}"

    def _hint(self, key: str | None = None, refund: str | None = None, *, deleted: bool = False) -> None:
        """Let a webhook come, when the workflow would take it."""
        self._answer_all()
        self._settle()
        self._answer_all()
        now = rules.whole_seconds(self.now)
        effects = self._follow(machine.hint(self.core, self.now, key, refund, customer_deleted=deleted))
        self._same(effects, self.reference.hint(now, key, refund, deleted=deleted))

    def _refund(self, kind: str, about: str, status: str) -> None:
        facts = {"kind": kind.partition(" ")[0], "status": status, "amount": 7500, "currency": "usd", "key": "a1:1"}
        self.stripe.refunds[about] = {**facts, "ours": "another" not in kind}
        self._hint(refund=about)

    def _billed_by_hand(self, which: str) -> Quote:
        account = self.reference
        quote = account.renewal_quote() if account.anchor else account.quote_at(self.now)
        term = {"the renewal": quote.term, "another term": account.term}.get(which)
        return quote._replace(amount=4_000, currency="usd", carts=2, unit_amount=2_000, billed=term)

    # ------------------------------------------------------------------ time

    def _move_to(self, target: datetime) -> None:
        """Move the clock; every deadline on the way happens at its instant, and Stripe answers at once."""
        while True:
            self._answer_all()
            due = deadline_of(self.core)
            if due is None or due.at > target:
                break
            self.now = max(due.at, self.now)
            self._settle()
        self.now = target

    def _settle(self) -> None:
        """Let what is due happen, as the workflow does: not while Stripe is being asked."""
        if not self.waiting:
            effects = self._follow(machine.fire_due(self.core, self.now))
            self._same(effects, self.reference.happen_until(rules.whole_seconds(self.now)))

    # ------------------------------------------------------------------ Stripe's side

    def _answer_all(self) -> None:
        """Let Stripe answer until nothing is asked; what is not known is asked again later."""
        while self.waiting:
            if self._answer_one() == "not_known":
                return

    def _answer_one(self, how: str = "as it is") -> str | None:
        if not self.waiting:
            return None
        answered: list[Answered] = self.stripe.answer_next(self.reference, self.waiting, how)
        for each in answered:
            if each.told.what != "nothing":
                self.answers.append(each.told)
            self._deliver(each.told)
            self._compare()
        return answered[-1].told.what

    def _deliver(self, answer: Told) -> None:
        event = event_of(answer)
        if (
            isinstance(event, InvoiceVoided)
            and event.invoice is InvoiceState.UNKNOWN
            and event.payment_key in self.told_of
        ):
            event = event.model_copy(update={"invoice_id": f"in_{event.payment_key}"})  # as it was asked for
        before = self.core
        effects = self._follow(machine.take(self.core, event, self.now))
        if self.core != before and isinstance(event, NAMES_ITS_INVOICE) and self.core.state is not AccountState.CLOSED:
            self.told_of.add(event.payment_key)
        self._same(effects, self.reference.learn(answer.what, rules.whole_seconds(self.now), **answer.facts))

    # ------------------------------------------------------------------ comparing

    def _same(self, effects: tuple[Effect, ...], asks: list[Ask]) -> None:
        """See that both ask the same of Stripe, in the same order, and announce each entry (R18)."""
        for effect in effects:
            if isinstance(effect, RetrieveInvoice | VoidInvoice):
                self._names_invoice(effect.payment_key, effect.invoice_id)
        stripe_effects: list[StripeEffect] = [effect for effect in effects if not isinstance(effect, Announce)]
        assert [ask_of(effect) for effect in stripe_effects] == asks, f"core {effects}, rules {asks}"
        announced = [effect.entry.sequence for effect in effects if isinstance(effect, Announce)]
        last = self.core.sequence
        assert announced == list(range(last - len(announced) + 1, last + 1))
        self.waiting += asks

    def _compare(self) -> None:
        core = seen_of_core(self.core, since=self.compared)
        reference = seen_of_reference(self.reference, since=self.compared)
        differ = {what: (core[what], reference[what]) for what in core if core[what] != reference[what]}
        assert not differ, f"(core, rules) at {self.now}: {differ}"
        if payment := self.core.payment:
            self.told_of |= {payment.key} if payment.invoice_id else set()
            self._names_invoice(payment.key, payment.invoice_id)
        fresh = self.core.timeline[len(self.core.timeline) - (self.core.sequence - self.compared) :]
        for entry in fresh:
            if entry.type is not EntryType.PAYMENT_VOIDED:
                self._names_invoice(entry.payment_key, entry.invoice_id)
            if payment and entry.payment_key == payment.key and entry.amount == payment.quote.amount_due:
                assert entry.type in ABOUT_PAYMENTS or (entry.carts, entry.unit_amount) == (
                    payment.quote.carts,
                    payment.quote.unit_amount,
                )
        if fresh:
            assert fresh[-1].access_until == self.reference.access_until()
        for named in self.reference.timeline[self.compared :]:
            assert (named.before, named.after) in rules.TIMELINE[named.type], "the table says what the account does"
            self.met[named.type] += 1
        self.compared = len(self.reference.timeline)

    def _names_invoice(self, key: str | None, invoice_id: str | None) -> None:
        """See that what is said of an invoice names it as Stripe does, once Stripe has told."""
        assert invoice_id in ({f"in_{key}"} if key in self.told_of else {None, f"in_{key}"}), (
            f"the invoice of {key} is called {invoice_id}"
        )
