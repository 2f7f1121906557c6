"""What a run holds of its account, and what becomes of it when something happens (R14)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from temporalio import workflow

from reprise.statemachine import editions, machine
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import AnyCommand, Command, Reactivate
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.effects import Announce, Effect
from reprise.statemachine.machine import Decision
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.timeline import ActorKind, EntryType, TimelineEntry
from reprise.workflows import limits
from reprise.workflows.account_views import account_view
from reprise.workflows.effect_runner import EffectRunner, refusal_of
from reprise.workflows.hints import CUSTOMER_DELETED, Hints
from reprise.workflows.messages import AccountRun, Refusal, Restoration
from reprise.workflows.opening import taken_up
from reprise.workflows.outbox import Outbox
from reprise.workflows.outbox_edition_1 import FirstOutbox
from reprise.workflows.requests import Request, Requests

NEW_RUN_WHEN_DISABLED = "new-run-when-disabled"
"""Since 0.2.0: an account that goes out of service by itself sleeps in a run of its own, with a short history."""

HOLD_FLOODS = "hold-floods"
"""Since 0.2.0: however many commands come at once, the account gets through them, or refuses them, and lives."""


class _Checked(NamedTuple):
    """What an update's validator has found: the decision about a command, as the account stood at that time."""

    account: Account
    command: Command
    at: datetime
    decision: Decision


class RunState:
    """The account's record, and what is under way beside it: commands, effects, hints, and changes to be told.

    Its methods take one thing each: the core decides, and what it asks for is begun. Nothing here waits.
    """

    def __init__(self, run: AccountRun) -> None:
        """Take the account up where the last run left it, or open it (R1), or restore it (R27).

        Raises:
            Refused: The account cannot be opened.
            RuntimeError: The run is to decide by rules that this release does not know (R28).
            ApplicationError: There is neither an account nor one to open.
        """
        self.account, effects = taken_up(run, workflow.now(), workflow.info().first_execution_run_id)
        account = self.account
        self.deadline = deadline_of(account)
        """When the account next acts by itself."""
        self._checked: _Checked | None = None
        self.announce = run.announce
        """Whether changes are announced to the product from now on (R18)."""
        self.is_over = False
        """Whether the run is to end in a continue-as-new at the next quiet moment."""
        self.requests = Requests(run.answered, of_nobody=account.state is AccountState.CLOSED)
        self.effects = EffectRunner()
        self.hints = Hints(run.held)
        self.outbox = (
            Outbox(account.account_id, account.sequence, run.outbox, run.endpoints, run.announce_after)
            if account.edition >= editions.SECOND
            else FirstOutbox(account.account_id, run.outbox, run.announce_after)
        )
        if run.account is None and run.opening is not None:
            self.requests.submit(run.opening, run.opening.command_id)
            self._perform(effects, self.requests.take())
        if run.restoration is not None:
            self._restore(run, run.restoration)

    def _restore(self, run: AccountRun, restoration: Restoration) -> None:
        """Go on with what the run left that was ended from outside, and tell who has restored the account (R27)."""
        self.requests.take_up(run.commands)
        for each in run.effects:
            self.effects.add(each.effect, self.requests.on_its_way(each.command_id))
        command, now = restoration.command, workflow.now()
        undone = tuple(each.effect for each in run.effects)
        self.follow(
            machine.restore(self.account, command.actor, restoration.how, now, undone=undone, older=restoration.older)
        )
        self.requests.answer_at_once(command, command.command_id, account_view(self.account))

    def as_input(self) -> AccountRun:
        """Return the account whole, as the input of a run that goes on with it; what a closed one tells, of nobody."""
        closed_with = self.account.closed_with
        return AccountRun(
            edition=self.edition,
            account=self.account,
            answered=self.requests.remembered(),
            announce=self.announce,
            outbox=tuple(entry.anonymous if entry.sequence <= closed_with else entry for entry in self.outbox.untold()),
            announce_after=self.outbox.not_before,
            endpoints=self.outbox.positions(),
            held=self.hints.held(),
            commands=self.requests.pending(),
            effects=self.effects.pending(),
        )

    # ------------------------------------------------------------------ how it stands

    @property
    def edition(self) -> int:
        """By which rules this run decides (R28)."""
        return self.account.edition

    @property
    def deadline_is_due(self) -> bool:
        """Whether the account's next deadline has come."""
        return self.deadline is not None and self.deadline.at <= workflow.now()

    @property
    def hint_is_due(self) -> bool:
        """Whether a hint waits that may be taken now (R15)."""
        return self.hints.are_due(workflow.now())

    @property
    def wants_new_run(self) -> bool:
        """Whether the account is to go on in a new run, as soon as nothing is under way."""
        return self.is_over or workflow.info().is_continue_as_new_suggested()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way or waits: what a run cannot hand to the next. What is due is taken before."""
        return self.effects.is_idle and not self.requests.waiting and self.outbox.may_be_left

    @property
    def is_flooded(self) -> bool:
        """Whether taking more commands could cost the account its life."""
        return limits.history_is_full() or len(self.outbox) >= limits.MAX_OUTBOX_SIZE

    def holds_floods(self) -> bool:
        """Say whether this run holds back what comes too often; in a run of the first edition, by a patch."""
        return self.edition >= editions.SECOND or workflow.patched(HOLD_FLOODS)

    # ------------------------------------------------------------------ taking what happens

    def check(self, command: AnyCommand) -> None:
        """See that a command would be taken now. Mostly its turn comes at once, and then the decision is made.

        Raises:
            Refused: It would not be taken.
        """
        now = workflow.now()
        self._checked = _Checked(self.account, command, now, machine.check(self.account, command, now))

    def take_command(self) -> None:
        """Take the command that has waited longest; answer it, unless it waits for what it has started."""
        request = self.requests.take()
        command = request.command
        assert isinstance(command, AnyCommand), "only commands to an open account wait for their turn"
        try:
            decision = self._decision_about(command)
        except Refused as refused:
            request.refusal = Refusal.of(refused)
            about = {"command": command.name, "command_id": request.command_id, "code": refused.code.value}
            workflow.logger.info("a command was refused", extra=about)
            self._give_answer(request)
            return
        self.follow(decision, request)
        if self.account.state is AccountState.CLOSED:
            self.requests.forget_answers()
            self.is_over = True
        started_something = any(not isinstance(effect, Announce) for effect in decision.effects)
        joined_payment = isinstance(command, Reactivate) and self.account.is_collecting
        if not started_something and not joined_payment:
            self._give_answer(request)

    def _decision_about(self, command: AnyCommand) -> Decision:
        if self.is_flooded and self.holds_floods():
            raise Refused(RefusalCode.TOO_MANY_COMMANDS, limits.TOO_MANY)
        now = workflow.now()
        checked, self._checked = self._checked, None
        # The same record: nothing has happened to it since, so that nothing was due either.
        if checked and checked.account is self.account and checked.at == now and checked.command == command:
            return checked.decision
        return machine.take(self.account, command, now)

    def take_hint(self) -> None:
        """Take the hint that has waited longest: poll Stripe about what it names, if there is news to expect (R15)."""
        now, hint = workflow.now(), self.hints.take()
        if limits.history_is_full() and self.holds_floods():
            return
        if self.edition < editions.SECOND:
            self.hints.clear()  # one poll answered all that came
            self.follow(machine.hint(self.account, now))
            return
        deleted = hint.event_type == CUSTOMER_DELETED
        decision = machine.hint(self.account, now, hint.payment_key, hint.refund_id, customer_deleted=deleted)
        if any(not isinstance(effect, Announce) for effect in decision.effects):
            self.hints.polled(now)
        self.follow(decision)

    def finish_effect(self) -> None:
        """Take the outcome of the effect that has come to its end, and of all that end with it."""
        for outcome, request in self.effects.finish(self.edition):
            if request and (refusal := refusal_of(outcome)):
                request.refusal = refusal
            self.follow(machine.take(self.account, outcome, workflow.now()))

    def follow(self, decision: Decision, request: Request | None = None) -> None:
        """Keep the account that the core has decided on, and begin what it asks for, on behalf of a command."""
        self.account, self.deadline = decision.account, deadline_of(decision.account)
        self._perform(decision.effects, request)

    def _perform(self, effects: Iterable[Effect], request: Request | None = None) -> None:
        for effect in effects:
            if not isinstance(effect, Announce):
                self.effects.add(effect, request)
                continue
            if self.announce:
                self.outbox.add(effect.entry)
            if effect.entry.type is EntryType.RENEWED or (
                _went_out_by_itself(effect.entry)
                and (self.edition >= editions.SECOND or workflow.patched(NEW_RUN_WHEN_DISABLED))
            ):
                self.is_over = True

    def answer_settled(self) -> None:
        """Answer the commands whose effects have come to their end."""
        if self.effects.is_idle:
            for request in list(self.requests.taken):
                self._give_answer(request)

    def _give_answer(self, request: Request) -> None:
        self.requests.give_answer(request, account_view(self.account))


def _went_out_by_itself(entry: TimelineEntry) -> bool:
    """Whether an account went out of service with nobody waiting for an answer, which a new run would delay."""
    return entry.type is EntryType.DISABLED and entry.actor.kind is ActorKind.TIMER
