"""Random lives: whatever people, timers and Stripe do, and in whatever order, the invariants hold."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reprise.statemachine.account import Account
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    Reactivate,
    SetCarts,
    SetPaymentMethod,
)
from reprise.statemachine.money import Plan
from reprise.statemachine.payments import PaymentPurpose, PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import Refused
from reprise.statemachine.schedule import retry_instants
from reprise.statemachine.standing import is_in_service
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc

CARDS = ["good", "good", "good", "none", "authentication", "generic_decline", "insufficient_funds", "stopped"]
ANCHORS = ["2027-01-31T10:00", "2028-02-29T00:00", "2027-03-28T01:30", "2027-10-31T00:30", "2027-05-15T23:59:59"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"]


class Life(RuleBasedStateMachine):
    """One account, driven by anything."""

    @initialize(
        at=st.sampled_from(ANCHORS),
        zone=st.sampled_from(ZONES),
        card=st.sampled_from(CARDS),
        carts=st.integers(0, 5),
        plan=st.sampled_from([("usd", 2500), ("jpy", 500), ("kwd", 1230), ("usd", 0)]),
        debt=st.sampled_from(["void", "collect"]),
        retries=st.sampled_from([(1, 3, 5, 7), (2,), (1, 30)]),
        paid=st.sampled_from([None, -40, 20]),
    )
    def open(
        self,
        at: str,
        zone: str,
        card: str,
        carts: int,
        plan: tuple[str, int],
        debt: str,
        retries: tuple[int, ...],
        paid: int | None,
    ) -> None:
        through = utc(at) + timedelta(days=paid) if paid is not None else None
        self.book = Book.open(
            at,
            card,
            timezone=zone,
            carts=carts,
            plan=Plan(currency=plan[0], unit_amount=plan[1]),
            policy=BillingPolicy.model_validate({"debt": debt, "retry_days": retries}),
            paid_through=through,
        )
        self.terms: list[Term] = []
        self.paid_terms: list[Term] = []
        self.seen_charges = 0
        self.cancelled_for_good = False
        self.last_sequence = 0

    # ------------------------------------------------------------------ what happens

    def send(self, command: AnyCommand) -> None:
        before = self.book.account
        try:
            self.book.do(command)
        except Refused:
            assert self.book.account == before, "a refusal leaves no trace"

    @rule(when=st.sampled_from(["term_end", "now"]))
    def cancel(self, when: str) -> None:
        self.send(Cancel.model_validate({"when": when}))

    @rule(right=st.booleans())
    def reactivate(self, right: bool) -> None:
        """With the amount that was shown: quote and charge come from the same function (R7)."""
        before, quote = len(self.book.charges), None
        if right:
            try:
                quote = self.book.quote(self.book.now)
            except Refused:
                return
        self.send(Reactivate(expected_amount=quote.amount_due if quote else None))
        taken = [amount for _, amount in self.book.charges[before:]]
        if quote is not None:
            assert taken in ([], [quote.amount_due])

    @rule(carts=st.integers(0, 20))
    def set_carts(self, carts: int) -> None:
        before = self.book.state
        self.send(SetCarts(carts=carts))
        assert self.book.state == before

    @rule(card=st.sampled_from(CARDS))
    def card_changes_silently(self, card: str) -> None:
        self.book.card = card

    @rule(card=st.sampled_from(CARDS))
    def set_payment_method(self, card: str) -> None:
        self.book.card = card
        self.send(SetPaymentMethod(payment_method=f"pm_{card}"))

    @rule(days=st.integers(0, 20), hours=st.integers(0, 23))
    def time_passes(self, days: int, hours: int) -> None:
        cancelled, charges = self.book.state == "cancelled", len(self.book.charges)
        self.book.at(self.book.now + timedelta(days=days, hours=hours))
        if cancelled:
            assert len(self.book.charges) == charges, "nothing is charged after cancelling, by itself"

    @rule()
    def webhook(self) -> None:
        self.book.hint()

    @rule()
    def payer_pays_by_hand(self) -> None:
        payment = self.book.account.payment
        if payment and self.book.invoices.get(payment.key) == "open":
            self.book.pay_by_hand()

    @rule()
    def disable(self) -> None:
        self.send(Disable(reason="check"))

    @rule()
    def enable(self) -> None:
        before, charges = self.book.account.hold, len(self.book.charges)
        self.send(Enable())
        assert len(self.book.charges) == charges
        if before and before.state == "cancelled":
            assert self.book.state not in {"active", "reactivated"}, "enabling never undoes a cancellation"

    @rule(days=st.integers(1, 60))
    def extend(self, days: int) -> None:
        self.send(ExtendTerm(days=days))

    @rule(amount=st.sampled_from([0, 100, 2500]))
    def change_plan(self, amount: int) -> None:
        self.send(ChangePlan(plan=Plan(currency=self.book.account.plan.currency, unit_amount=amount * 10)))

    @rule(really=st.integers(0, 30))
    def close(self, really: int) -> None:
        if really == 0:
            self.send(Close())

    @rule()
    def restart(self) -> None:
        """Continue as new: the record goes through JSON, and the account goes on with it."""
        loaded = Account.model_validate_json(self.book.account.model_dump_json())
        assert loaded == self.book.account
        self.book.account = loaded

    # ------------------------------------------------------------------ what must hold

    @invariant()
    def no_key_is_paid_twice(self) -> None:
        keys = [key for key, _ in self.book.charges]
        assert len(keys) == len(set(keys))

    @invariant()
    def attempts_are_made_once_each(self) -> None:
        assert len(self.book.attempts) == len(set(self.book.attempts))

    @invariant()
    def at_most_one_payment_for_a_term(self) -> None:
        payment = self.book.account.payment
        if len(self.book.charges) == self.seen_charges or payment is None:
            return
        assert len(self.book.charges) == self.seen_charges + 1 or payment.purpose is PaymentPurpose.RENEWAL
        self.seen_charges = len(self.book.charges)
        if self.book.charges[-1][0] == payment.key:
            assert self.book.charges[-1][1] == payment.quote.amount_due, "what is charged is what was quoted"
            term = payment.quote.term
            assert all(term.start >= each.end or term.end <= each.start for each in self.paid_terms if each != term)
            assert term not in self.paid_terms, "one term is paid once"
            self.paid_terms.append(term)

    @invariant()
    def in_service_only_with_a_covered_term_or_grace(self) -> None:
        account = self.book.account
        if not is_in_service(self.book.account):
            return
        assert account.term is not None
        if self.book.now < account.term.end:
            return
        assert account.payment is not None
        last = retry_instants(account.policy, account.payment)[-1]
        stopped = account.payment.decline_code == "payment_stopped"
        assert account.state == "past_due"
        assert self.book.now <= last or stopped

    @invariant()
    def nothing_open_is_left_behind(self) -> None:
        """Out of service, no invoice can still be paid by surprise, save the one that awaits the payer."""
        if is_in_service(self.book.account):
            return
        payment = self.book.account.payment
        open_keys = [key for key, status in self.book.invoices.items() if status == "open"]
        awaited = payment is not None and payment.status is PaymentStatus.REQUIRES_ACTION
        assert not open_keys or (awaited and payment and open_keys == [payment.key])

    @invariant()
    def the_timeline_has_no_gaps(self) -> None:
        sequences = [entry.sequence for entry in self.book.account.timeline]
        assert sequences == list(range(self.book.account.sequence - len(sequences) + 1, self.book.account.sequence + 1))
        assert len(sequences) <= 100
        assert self.book.announced == list(range(1, self.book.account.sequence + 1))

    @invariant()
    def only_what_is_disabled_has_a_reason(self) -> None:
        if self.book.state != "disabled":
            assert self.book.account.disabled_reason is None


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=50, stateful_step_count=40, deadline=None, derandomize=True)
