"""The workflow of one account: it waits, and takes what happens one after another, by the core's decisions."""

import asyncio
from typing import NoReturn

from temporalio import workflow

from reprise.statemachine import editions, machine
from reprise.statemachine.account import AccountState
from reprise.statemachine.refusals import Refused
from reprise.workflows import limits
from reprise.workflows.handlers import Handlers, error_of
from reprise.workflows.messages import OPENED_BY, OPENING, WORKFLOW, AccountRun, Refusal
from reprise.workflows.presentation import Display
from reprise.workflows.run_state import RunState
from reprise.workflows.timer import DeadlineTimer
from reprise.workflows.visibility import search_attributes

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
        self._timer = DeadlineTimer()
        self._display = Display()
        self._pause: asyncio.Task[None] | None = None
        try:
            self._state = RunState(run)
        except Refused as refused:
            raise error_of(Refusal.of(refused)) from refused

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
            self._display.show(self._state.account)
            self._start_waiting()
            try:
                # Handlers run while this waits, and may add commands and hints: what was read before is read again.
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
        if self._state.edition < editions.SECOND and not workflow.patched(OUTLIVE_CANCELLATION):
            raise
        if this := asyncio.current_task():
            this.uncancel()
        self._state.follow(machine.note_cancellation_request(self._state.account, workflow.now()))

    # ------------------------------------------------------------------ taking, one after another

    def _something_is_ready(self) -> bool:
        state = self._state
        return bool(
            state.effects.has_finished
            or state.outbox.has_finished
            or (state.effects.is_idle and (state.hint_is_due or state.deadline_is_due))
            or (state.requests.waiting and self._may_take_commands())
            or state.hints.unwatched(workflow.now())
            or self._may_continue_as_new()
        )

    def _take_all_that_is_ready(self) -> None:
        state, taken = self._state, 0
        while True:
            if state.outbox.has_finished:
                state.outbox.finish()
            elif state.effects.has_finished:
                state.finish_effect()
            elif state.effects.is_idle and state.deadline_is_due:
                state.follow(machine.fire_due(state.account, workflow.now()))
            elif state.effects.is_idle and state.hint_is_due:
                state.take_hint()
            elif state.requests.waiting and self._may_take_commands():
                if taken == limits.COMMAND_BATCH_SIZE and state.holds_floods():
                    self._pause = asyncio.create_task(
                        workflow.sleep(limits.BATCH_INTERVAL, summary="more commands wait")
                    )
                else:
                    state.take_command()
                taken += 1
            elif state.effects.may_begin:
                state.effects.begin(state.account)
            else:
                state.answer_settled()
                return

    def _may_take_commands(self) -> bool:
        """While Stripe is asked, commands wait; save beside a payment, where the rules say what they do (R14)."""
        if self._pause and not self._pause.done():
            return False
        return self._state.effects.is_idle or self._state.account.is_collecting

    # ------------------------------------------------------------------ waiting

    def _start_waiting(self) -> None:
        state = self._state
        self._timer.wait_for(state.deadline)
        state.hints.start_waiting()
        # A new run that something else delays must not keep the product waiting as well.
        if state.wants_new_run and (state.effects.is_idle or state.edition < editions.SECOND):
            state.outbox.stop()
        else:
            state.outbox.start()

    # ------------------------------------------------------------------ continuing as new

    def _may_continue_as_new(self) -> bool:
        return self._state.wants_new_run and self._state.is_quiet and workflow.all_handlers_finished()

    def _continue_as_new(self) -> NoReturn:
        """Go on in a new run, by the newest rules (R28). That of a closed account holds no personal data (R13)."""
        before, account = self._state.account, self._state.account.by_newest_edition()
        closed = account.state is AccountState.CLOSED
        workflow.continue_as_new(
            self._state.as_input().model_copy(update={"edition": editions.NEWEST, "account": account}),
            search_attributes=search_attributes(before, self._state.outbox.undelivered_to),
            memo={OPENED_BY: "", OPENING: ""} if closed else None,  # an empty one would leave the old one in place
        )
