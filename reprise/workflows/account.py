"""The workflow of one account: it remembers the record, waits, and performs what the core decides."""

import asyncio
from collections.abc import Iterable
from typing import NoReturn

from temporalio import workflow

from reprise.statemachine import editions, machine
from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import AnyCommand, Reactivate
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.effects import Announce, Effect
from reprise.statemachine.machine import Decision, Event
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.standing import collecting
from reprise.statemachine.timeline import ActorKind, EntryType, TimelineEntry
from reprise.workflows import limits
from reprise.workflows.account_views import account_view
from reprise.workflows.effect_runner import EffectRunner, refusal_of
from reprise.workflows.handlers import Handlers, error_of
from reprise.workflows.hints import CUSTOMER_DELETED, Hints
from reprise.workflows.messages import OPENED_BY, OPENING, WORKFLOW, AccountRun, Refusal, Restoration
from reprise.workflows.opening import taken_up
from reprise.workflows.outbox import Outbox
from reprise.workflows.outbox_edition_1 import FirstOutbox
from reprise.workflows.presentation import Display
from reprise.workflows.requests import Request, Requests
from reprise.workflows.timer import DeadlineTimer
from reprise.workflows.visibility import search_attributes

NEW_RUN_WHEN_DISABLED = "new-run-when-disabled"
"""Since 0.2.0: an account that goes out of service by itself sleeps in a run of its own, with a short history."""

HOLD_FLOODS = "hold-floods"
"""Since 0.2.0: however many commands come at once, the account gets through them, or refuses them, and lives."""

OUTLIVE_CANCELLATION = "outlive-cancellation"
"""Since 0.2.0: Temporal's own cancellation does not end an account (R27)."""


@workflow.defn(name=WORKFLOW)
class AccountWorkflow(Handlers):
    """One customer account, for as long as it lives.

    `run` is the only place where anything happens to the account: it takes answers from Stripe, deadlines, hints and
    commands one after another (R14). Handlers only let commands wait their turn, and wait for their answers.

    A run decides by the edition of the rules that its input names (R28). Runs of the first edition, which 0.1.0 may
    have begun, do what they did then; what is done otherwise in them stands behind a patch.
    """

    @workflow.init
    def __init__(self, run: AccountRun) -> None:
        """Take the account up where the last run left it, or open it (R1)."""
        self._announce = run.announce
        closed = run.account is not None and run.account.state is AccountState.CLOSED
        self._requests = Requests(run.answered, of_nobody=closed)
        self._effects = EffectRunner()
        self._hints = Hints(run.held)
        self._timer = DeadlineTimer()
        self._display = Display()
        self._pause: asyncio.Task[None] | None = None
        self._run_is_over = False
        try:
            self._account, effects = taken_up(run, workflow.now(), workflow.info().first_execution_run_id)
        except Refused as refused:
            raise error_of(Refusal.of(refused)) from refused
        account = self._account
        self._outbox = (
            Outbox(account.account_id, account.sequence, run.outbox, run.endpoints, run.announce_after)
            if account.edition >= editions.SECOND
            else FirstOutbox(account.account_id, run.outbox, run.announce_after)
        )
        if run.account is None and run.opening is not None:
            self._requests.submit(run.opening, run.opening.command_id)
            self._perform(effects, self._requests.take())
        if run.restoration is not None:
            self._restore(run, run.restoration)

    def _restore(self, run: AccountRun, restoration: Restoration) -> None:
        """Go on with what the run left that was ended from outside, and tell who has restored the account (R27)."""
        self._requests.take_up(run.commands)
        for each in run.effects:
            self._effects.add(each.effect, self._requests.on_its_way(each.command_id))
        command, now = restoration.command, workflow.now()
        undone = tuple(each.effect for each in run.effects)
        self._follow(
            machine.restore(self._account, command.actor, restoration.how, now, undone=undone, older=restoration.older)
        )
        self._requests.answer_at_once(command, command.command_id, account_view(self._account))

    @workflow.run
    async def run(self, run: AccountRun) -> None:  # noqa: ARG002 - Temporal wants the parameter of __init__ here too
        """Wait for the earliest of an answer, a deadline, a hint or a command; take it; go on.

        The run ends in a continue-as-new at a quiet moment: once a term, right after the renewal or after the account
        has gone out of service by itself; when the server suggests it; when an operator asks. A closed account goes on
        in a run that waits for nothing and holds no personal data (R13).
        """
        while True:
            self._take_all_that_is_ready()
            if self._may_continue_as_new():
                self._continue_as_new()
            self._display.show(self._account)
            self._start_waiting()
            try:
                await workflow.wait_condition(self._something_is_ready)
            except asyncio.CancelledError:
                self._outlive_cancellation()

    def _outlive_cancellation(self) -> None:
        """Go on after Temporal's "Request cancellation", and tell which commands are meant (R27).

        Raises:
            CancelledError: It is no such request, but the worker that lets go of this run.
        """
        if workflow.cancellation_reason() is None:
            raise
        if self._edition < 2 and not workflow.patched(OUTLIVE_CANCELLATION):
            raise
        if this := asyncio.current_task():
            this.uncancel()
        self._follow(machine.note_cancellation_request(self._account, workflow.now()))

    @property
    def _edition(self) -> int:
        return self._account.edition

    # ------------------------------------------------------------------ taking, one after another

    def _something_is_ready(self) -> bool:
        return bool(
            self._effects.has_finished
            or self._outbox.has_finished
            or (self._effects.is_idle and (self._hints.are_due(workflow.now()) or self._due()))
            or (self._requests.waiting and self._may_take_commands())
            or self._may_continue_as_new()
        )

    def _take_all_that_is_ready(self) -> None:
        taken = 0
        while True:
            if self._outbox.has_finished:
                self._outbox.finish(self._edition)
            elif self._effects.has_finished:
                self._finish_effect()
            elif self._effects.is_idle and self._due():
                self._follow(machine.fire_due(self._account, workflow.now()))
            elif self._effects.is_idle and self._hints.are_due(workflow.now()):
                self._take_hint()
            elif self._requests.waiting and self._may_take_commands():
                if taken == limits.COMMAND_BATCH_SIZE and (self._edition >= 2 or workflow.patched(HOLD_FLOODS)):
                    self._pause = asyncio.create_task(
                        workflow.sleep(limits.BATCH_INTERVAL, summary="more commands wait")
                    )
                else:
                    self._take_command(self._requests.take())
                taken += 1
            elif self._effects.may_begin:
                self._effects.begin(self._account)
            else:
                self._answer_those_settled()
                return

    def _due(self) -> bool:
        deadline = deadline_of(self._account)
        return deadline is not None and deadline.at <= workflow.now()

    def _may_take_commands(self) -> bool:
        """While Stripe is asked, commands wait; save beside a payment, where the rules say what they do (R14)."""
        if self._pause and not self._pause.done():
            return False
        return self._effects.is_idle or collecting(self._account)

    def _take_command(self, request: Request) -> None:
        assert isinstance(request.command, AnyCommand), "only commands to an open account wait for their turn"
        try:
            decision = self._decision_about(request.command)
        except Refused as refused:
            request.refusal = Refusal.of(refused)
            about = {"command": request.command.name, "command_id": request.command_id, "code": refused.code.value}
            workflow.logger.info("a command was refused", extra=about)
            self._give_answer(request)
            return
        self._follow(decision, request)
        if self._account.state is AccountState.CLOSED:
            self._requests.forget_answers()
            self._run_is_over = True
        started_something = any(not isinstance(effect, Announce) for effect in decision.effects)
        joined_payment = isinstance(request.command, Reactivate) and collecting(self._account)
        if not started_something and not joined_payment:
            self._give_answer(request)

    def _decision_about(self, command: AnyCommand) -> Decision:
        if self.is_flooded() and (self._edition >= 2 or workflow.patched(HOLD_FLOODS)):
            raise Refused(RefusalCode.TOO_MANY_COMMANDS, limits.TOO_MANY)
        return machine.take(self._account, command, workflow.now())

    def is_flooded(self) -> bool:
        """Whether taking more commands could cost the account its life."""
        return limits.history_is_full() or len(self._outbox) >= limits.MAX_OUTBOX_SIZE

    def _take_hint(self) -> None:
        now, hint = workflow.now(), self._hints.take()
        if limits.history_is_full() and (self._edition >= 2 or workflow.patched(HOLD_FLOODS)):
            return
        if self._edition < 2:
            self._hints.clear()  # one poll answered all that came
            self._follow(machine.hint(self._account, now))
            return
        deleted = hint.event_type == CUSTOMER_DELETED
        decision = machine.hint(self._account, now, hint.payment_key, hint.refund_id, customer_deleted=deleted)
        if any(not isinstance(effect, Announce) for effect in decision.effects):
            self._hints.polled(now)
        self._follow(decision)

    def _take(self, event: Event) -> None:
        self._follow(machine.take(self._account, event, workflow.now()))

    def _follow(self, decision: Decision, request: Request | None = None) -> None:
        self._account = decision.account
        self._perform(decision.effects, request)

    def _perform(self, effects: Iterable[Effect], request: Request | None = None) -> None:
        for effect in effects:
            if not isinstance(effect, Announce):
                self._effects.add(effect, request)
                continue
            if self._announce:
                self._outbox.add(effect.entry)
            if effect.entry.type is EntryType.RENEWED or (
                _went_out_by_itself(effect.entry) and (self._edition >= 2 or workflow.patched(NEW_RUN_WHEN_DISABLED))
            ):
                self._run_is_over = True

    def _finish_effect(self) -> None:
        for outcome, request in self._effects.finish(self._edition):
            if request and (refusal := refusal_of(outcome)):
                request.refusal = refusal
            self._take(outcome)

    # ------------------------------------------------------------------ answering

    def _answer_those_settled(self) -> None:
        if self._effects.is_idle:
            for request in list(self._requests.taken):
                self._give_answer(request)

    def _give_answer(self, request: Request) -> None:
        self._requests.give_answer(request, account_view(self._account))

    # ------------------------------------------------------------------ waiting

    def _start_waiting(self) -> None:
        self._timer.wait_for(deadline_of(self._account))
        self._hints.start_waiting()
        # A new run that something else delays must not keep the product waiting as well.
        if self._wants_new_run() and (self._effects.is_idle or self._edition < 2):
            self._outbox.stop()
        else:
            self._outbox.start()

    # ------------------------------------------------------------------ continuing as new

    def _may_continue_as_new(self) -> bool:
        return (
            self._wants_new_run()
            and self._effects.is_idle
            and not (self._requests.waiting or self._requests.taken)
            and not (self._hints.are_due(workflow.now()) or self._due())
            and self._outbox.may_be_left
            and workflow.all_handlers_finished()
        )

    def as_input(self) -> AccountRun:
        """Return the account whole, as the input of a run that goes on with it; what a closed one tells, of nobody."""
        closed_with = self._account.closed_with
        return AccountRun(
            edition=self._edition,
            account=self._account,
            answered=self._requests.remembered(),
            announce=self._announce,
            outbox=tuple(
                entry.anonymous if entry.sequence <= closed_with else entry for entry in self._outbox.untold()
            ),
            announce_after=self._outbox.not_before,
            endpoints=self._outbox.positions(),
            held=self._hints.held(),
            commands=self._requests.pending(),
            effects=self._effects.pending(),
        )

    def _wants_new_run(self) -> bool:
        return self._run_is_over or workflow.info().is_continue_as_new_suggested()

    def _continue_as_new(self) -> NoReturn:
        """Go on in a new run, by the newest rules (R28). That of a closed account holds no personal data (R13)."""
        account = self._account.by_newest_edition()
        closed = account.state is AccountState.CLOSED
        workflow.continue_as_new(
            self.as_input().model_copy(update={"edition": editions.NEWEST, "account": account}),
            search_attributes=search_attributes(self._account, self._outbox.undelivered_to),
            memo={OPENED_BY: "", OPENING: ""} if closed else None,  # an empty one would leave the old one in place
        )


def _went_out_by_itself(entry: TimelineEntry) -> bool:
    """Whether an account went out of service with nobody waiting for an answer, which a new run would delay."""
    return entry.type is EntryType.DISABLED and entry.actor.kind is ActorKind.TIMER
