"""The workflow of one account: it remembers the record, waits, and performs what the core decides."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from reprise.statemachine.account import AccountState
from reprise.statemachine.effects import Act, Announce, Collect, Effect, RegisterCustomer
from reprise.statemachine.machine import AccountMachine, Event
from reprise.statemachine.outcomes import PaymentMethodChanged
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.schedule import Deadline
from reprise.statemachine.timeline import ActorKind, TimelineEntry
from reprise.workflows.acts import ENTRIES_AT_ONCE, ActOutcome, announce, failed, start
from reprise.workflows.messages import (
    ACCOUNT_STATE,
    WORKFLOW,
    AccountRun,
    AccountView,
    Announcements,
    Answer,
    AnyCommand,
    AskedAt,
    Cancel,
    ChangePlan,
    Close,
    Command,
    Disable,
    Enable,
    ExtendTerm,
    OpenAccount,
    PaymentHint,
    QuoteAnswer,
    Reactivate,
    Refusal,
    SetCarts,
    SetPaymentMethod,
    fingerprint,
)
from reprise.workflows.presentation import changed, details, search_attributes
from reprise.workflows.requests import Request, Requests

COMMANDS_AT_ONCE = 500
"""How many commands are taken in one workflow task: a task that takes longer than 2 seconds fails, again and again."""

A_BREATH = timedelta(milliseconds=1)
"""How long the next commands wait, so that they are taken in a workflow task of their own."""

MOST_EVENTS, MOST_BYTES = 40_000, 40_000_000
"""The history from which on a run takes no more: at 51,200 events or 50 MB Temporal ends a workflow."""

MOST_UNTOLD = 2_000
"""How many changes may wait for the product to hear of them: the next run's input holds 2 MB at the most."""

NEW_RUN_WHEN_DISABLED = "new-run-when-disabled"
"""Since 0.2.0: an account that goes out of service by itself sleeps in a run of its own, with a short history."""

HOLD_FLOODS = "hold-floods"
"""Since 0.2.0: however many commands come at once, the account gets through them, or refuses them, and lives."""

TOO_MANY = "This account has had too many commands at once. Nothing was changed. Try again in a minute."

Handler = TypeVar("Handler", bound=Callable[..., Any])


def _validated(update: Handler) -> Handler:
    """Give an update the validator that all commands share: Temporal wants one with the update's own parameter type."""

    def validate(self: "AccountWorkflow", command: AnyCommand) -> None:
        self.refuse_if_forbidden(command)

    validate.__annotations__ = {"command": update.__annotations__["command"], "return": None}
    update.validator(validate)  # type: ignore[attr-defined] # workflow.update has put it there
    return update


@workflow.defn(name=WORKFLOW)
class AccountWorkflow:
    """One customer account, for as long as it lives.

    `run` is the only place where anything happens to the account: it takes answers from Stripe, deadlines, hints and
    commands one after another (R14). Handlers only let commands wait their turn, and wait for their answers.
    """

    @workflow.init
    def __init__(self, run: AccountRun) -> None:
        """Take the account up where the last run left it, or open it (R1)."""
        self._announce = run.announce
        self._outbox: deque[TimelineEntry] = deque(run.outbox)
        self._requests = Requests(run.answered)
        self._acts: deque[tuple[Act, Request | None]] = deque()
        self._acting: asyncio.Task[ActOutcome] | None = None
        self._announcing: asyncio.Task[None] | None = None
        self._in_announcement = 0
        self._timer: asyncio.Task[None] | None = None
        self._timed: Deadline | None = None
        self._breath: asyncio.Task[None] | None = None
        self._hinted = False
        self._run_is_over = False
        self._shown = workflow.info().typed_search_attributes
        if run.account is not None:
            self._machine = AccountMachine(run.account)
        elif run.opening is not None:
            try:
                self._machine, effects = AccountMachine.opening(run.opening, workflow.now())
            except Refused as refused:
                raise _error(Refusal.of(refused)) from refused
            self._requests.submit(run.opening, run.opening.command_id)
            self._perform(effects, self._requests.take())
        else:
            raise ApplicationError(
                "A run needs an account, or one to open.", type="invalid_request", non_retryable=True
            )

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
            self._show()
            self._start_waiting()
            await workflow.wait_condition(self._something_is_ready)

    # ------------------------------------------------------------------ taking, one after another

    def _something_is_ready(self) -> bool:
        return bool(
            (self._acting and self._acting.done())
            or (self._announcing and self._announcing.done())
            or (not self._acts and (self._hinted or self._due()))
            or (self._requests.waiting and self._may_take_commands())
            or self._may_continue_as_new()
        )

    def _take_all_that_is_ready(self) -> None:
        taken = 0
        while True:
            if self._announcing and self._announcing.done():
                self._finish_announcing(self._announcing)
            elif self._acting and self._acting.done():
                self._finish_act(self._acting)
            elif not self._acts and self._due():
                self._perform(self._machine.settle(workflow.now()))
            elif not self._acts and self._hinted:
                self._hinted = False
                if not (self._history_is_full() and workflow.patched(HOLD_FLOODS)):
                    self._perform(self._machine.hint(workflow.now()))
            elif self._requests.waiting and self._may_take_commands():
                if taken == COMMANDS_AT_ONCE and workflow.patched(HOLD_FLOODS):
                    self._breath = asyncio.create_task(workflow.sleep(A_BREATH, summary="more commands wait"))
                else:
                    self._take_command(self._requests.take())
                taken += 1
            elif self._acts and self._acting is None:
                self._begin_act()
            else:
                self._answer_those_settled()
                return

    def _due(self) -> bool:
        deadline = self._machine.deadline
        return deadline is not None and deadline.at <= workflow.now()

    def _may_take_commands(self) -> bool:
        """While Stripe is asked, commands wait; save beside a payment, where the rules say what they do (R14)."""
        if self._breath and not self._breath.done():
            return False
        return not self._acts or self._machine.collecting

    def _take_command(self, request: Request) -> None:
        assert isinstance(request.command, AnyCommand), "only commands to an open account wait for their turn"
        try:
            effects = self._effects_of(request.command)
        except Refused as refused:
            request.refusal = Refusal.of(refused)
            workflow.logger.info("refused %s: %s", request.command.name, refused.code)
            self._give_answer(request)
            return
        self._perform(effects, request)
        if self._machine.account.state is AccountState.CLOSED:
            self._requests.forget_answers()
            self._run_is_over = True
        started_something = any(not isinstance(effect, Announce) for effect in effects)
        joined_payment = isinstance(request.command, Reactivate) and self._machine.collecting
        if not started_something and not joined_payment:
            self._give_answer(request)

    def _effects_of(self, command: AnyCommand) -> tuple[Effect, ...]:
        if self._is_flooded() and workflow.patched(HOLD_FLOODS):
            raise Refused(RefusalCode.TOO_MANY_COMMANDS, TOO_MANY)
        return self._machine.take(command, workflow.now())

    def _is_flooded(self) -> bool:
        """Whether taking more commands could cost the account its life."""
        return self._history_is_full() or len(self._outbox) >= MOST_UNTOLD

    def _history_is_full(self) -> bool:
        info = workflow.info()
        return info.get_current_history_length() >= MOST_EVENTS or info.get_current_history_size() >= MOST_BYTES

    def _take(self, event: Event) -> None:
        self._perform(self._machine.take(event, workflow.now()))

    def _perform(self, effects: Iterable[Effect], request: Request | None = None) -> None:
        for effect in effects:
            if not isinstance(effect, Announce):
                self._acts.append((effect, request))
                continue
            if self._announce:
                self._outbox.append(effect.entry)
            if effect.entry.type == "account.renewed" or (
                _went_out_by_itself(effect.entry) and workflow.patched(NEW_RUN_WHEN_DISABLED)
            ):
                self._run_is_over = True

    # ------------------------------------------------------------------ acting on the world, one act at a time

    def _begin_act(self) -> None:
        account = self._machine.account
        act, request = self._acts[0]
        if account.customer_id is None and not isinstance(act, RegisterCustomer):
            act = RegisterCustomer(payment_method=None)
            self._acts.appendleft((act, None))
        request_id = request.command_id if request and request.command_id else f"{workflow.uuid4()}"
        self._acting = asyncio.create_task(start(act, account, request_id))

    def _finish_act(self, acting: "asyncio.Task[ActOutcome]") -> None:
        act, request = self._acts.popleft()
        self._acting = None
        try:
            outcome: ActOutcome | None = acting.result()
        except ActivityError as error:
            workflow.logger.error("%s stopped: %s", type(act).__name__, error.cause)
            outcome = failed(act, error)
            if isinstance(act, RegisterCustomer) and self._acts and isinstance(self._acts[0][0], Collect):
                collect, _ = self._acts.popleft()
                outcome = failed(collect, error)
        if isinstance(outcome, PaymentMethodChanged) and outcome.refused and request:
            request.refusal = _refused_payment_method(outcome)
        if outcome is not None:
            self._take(outcome)

    # ------------------------------------------------------------------ answering

    def _answer_those_settled(self) -> None:
        if not self._acts:
            for request in list(self._requests.taken):
                self._give_answer(request)

    def _give_answer(self, request: Request) -> None:
        self._requests.give_answer(request, AccountView.of(self._machine))

    async def _answer(self, command: Command) -> Answer:
        command_id = _id_of(command)
        if answer := self._requests.answer_to(command_id):
            return answer
        request = self._requests.submit(command, command_id)
        await workflow.wait_condition(lambda: request.answer is not None)
        assert request.answer is not None
        return request.answer

    def refuse_if_forbidden(self, command: AnyCommand) -> None:
        """Refuse what the state forbids before anything is written (R14, R20)."""
        if not self._is_known(command):
            if self._is_flooded():
                raise _error(Refusal(code=RefusalCode.TOO_MANY_COMMANDS, message=TOO_MANY))
            try:
                self._machine.check(command, workflow.now())
            except Refused as refused:
                raise _error(Refusal.of(refused)) from refused

    def _is_known(self, command: Command) -> bool:
        """Say whether this command id was seen before; with other content it is refused (R14)."""
        first = self._requests.first_fingerprint(_id_of(command))
        if first is None:
            return False
        if first != fingerprint(command):
            raise _error(
                Refusal(
                    code=RefusalCode.IDEMPOTENCY_KEY_REUSED,
                    message="This idempotency key was used for another command. Use a new key for each command.",
                )
            )
        return True

    def _submit(self, command: Command) -> None:
        """Let a signalled command wait its turn, unless its id was seen before."""
        if self._requests.answer_to(command.command_id) is None:
            self._requests.submit(command, command.command_id)

    # ------------------------------------------------------------------ waiting and showing

    def _start_waiting(self) -> None:
        deadline = self._machine.deadline
        if deadline != self._timed:
            if self._timer:
                self._timer.cancel()
            self._timed = deadline
            self._timer = asyncio.create_task(_sleep_until(deadline)) if deadline else None
        if self._announcing and self._wants_new_run():
            self._announcing.cancel()  # what it has not delivered stays in the outbox
        elif self._outbox and not self._announcing and not self._wants_new_run():
            entries = tuple(self._outbox)[:ENTRIES_AT_ONCE]
            self._announcing = asyncio.create_task(announce(self._machine.account.account_id, entries))
            self._in_announcement = len(entries)

    def _finish_announcing(self, announcing: "asyncio.Task[None]") -> None:
        self._announcing = None
        if announcing.cancelled():
            return
        announcing.result()
        for _ in range(self._in_announcement):
            self._outbox.popleft()

    def _show(self) -> None:
        """Show what lasts: a payment under way is over in seconds, and an upsert each way would cost more than it."""
        workflow.set_current_details(details(self._machine))
        if not self._machine.collecting or self._shown.get(ACCOUNT_STATE) is None:
            now = search_attributes(self._machine)
            if updates := changed(self._shown, now):
                workflow.upsert_search_attributes(updates)
            self._shown = now

    # ------------------------------------------------------------------ continuing as new

    def _may_continue_as_new(self) -> bool:
        return (
            self._wants_new_run()
            and not (self._acts or self._requests.waiting or self._requests.taken)
            and not (self._hinted or self._due() or self._announcing)
            and workflow.all_handlers_finished()
        )

    def _wants_new_run(self) -> bool:
        return self._run_is_over or workflow.info().is_continue_as_new_suggested()

    def _continue_as_new(self) -> NoReturn:
        workflow.continue_as_new(
            AccountRun(
                account=self._machine.account,
                answered=self._requests.remembered(),
                announce=self._announce,
                outbox=tuple(self._outbox),
            ),
            search_attributes=search_attributes(self._machine),
        )

    # ------------------------------------------------------------------ messages: queries

    @workflow.query
    def account(self) -> AccountView:
        """The account as it stands."""
        return AccountView.of(self._machine)

    @workflow.query
    def quote(self, asked: AskedAt) -> QuoteAnswer:
        """What coming back would cost (R7)."""
        try:
            return QuoteAnswer(quote=self._machine.quote(asked.now))
        except Refused as refused:
            return QuoteAnswer(refusal=Refusal.of(refused))

    @workflow.query
    def timeline(self) -> list[TimelineEntry]:
        """The last entries of the timeline, oldest first (R17)."""
        return list(self._machine.account.timeline)

    @workflow.query
    def customer_id(self) -> str | None:
        """The account's customer at Stripe."""
        return self._machine.account.customer_id

    # ------------------------------------------------------------------ messages: commands as updates

    @workflow.update
    async def open(self, command: OpenAccount) -> Answer:
        """Wait until the account is open; for another command than the one that opened it, a conflict (R1)."""
        return await self._answer(command)

    @open.validator  # noqa: A003 - the update's name
    def _validate_open(self, command: OpenAccount) -> None:
        if not self._is_known(command):
            raise _error(
                Refusal(code=RefusalCode.ACCOUNT_EXISTS, message="An account with this id exists. Choose another id.")
            )

    @_validated
    @workflow.update
    async def cancel(self, command: Cancel) -> Answer:
        """R3."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def reactivate(self, command: Reactivate) -> Answer:
        """R4, R6."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def set_carts(self, command: SetCarts) -> Answer:
        """R11."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def set_payment_method(self, command: SetPaymentMethod) -> Answer:
        """R9."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def disable(self, command: Disable) -> Answer:
        """R13."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def enable(self, command: Enable) -> Answer:
        """R13."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def extend_term(self, command: ExtendTerm) -> Answer:
        """R13."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def change_plan(self, command: ChangePlan) -> Answer:
        """R13."""
        return await self._answer(command)

    @_validated
    @workflow.update
    async def close(self, command: Close) -> Answer:
        """R13."""
        return await self._answer(command)

    # ------------------------------------------------------------------ messages: the same commands as signals

    @workflow.signal(name="cancel")
    def _signal_cancel(self, command: Cancel) -> None:
        self._submit(command)

    @workflow.signal(name="reactivate")
    def _signal_reactivate(self, command: Reactivate) -> None:
        self._submit(command)

    @workflow.signal(name="set_carts")
    def _signal_set_carts(self, command: SetCarts) -> None:
        self._submit(command)

    @workflow.signal(name="set_payment_method")
    def _signal_set_payment_method(self, command: SetPaymentMethod) -> None:
        self._submit(command)

    @workflow.signal(name="disable")
    def _signal_disable(self, command: Disable) -> None:
        self._submit(command)

    @workflow.signal(name="enable")
    def _signal_enable(self, command: Enable) -> None:
        self._submit(command)

    @workflow.signal(name="extend_term")
    def _signal_extend_term(self, command: ExtendTerm) -> None:
        self._submit(command)

    @workflow.signal(name="change_plan")
    def _signal_change_plan(self, command: ChangePlan) -> None:
        self._submit(command)

    @workflow.signal(name="close")
    def _signal_close(self, command: Close) -> None:
        self._submit(command)

    @workflow.signal
    def payment_hint(self, hint: PaymentHint) -> None:  # noqa: ARG002 - nothing in a hint is believed
        """Look at Stripe again (R15). However many come at once, one look answers them."""
        self._hinted = True

    @workflow.signal
    def start_new_run(self) -> None:
        """Go on in a new run at the next quiet moment: so an account that sleeps for years comes to newer code."""
        self._run_is_over = True

    @workflow.signal
    def announcements(self, announcements: Announcements) -> None:
        """Turn announcements to the product on or off (R18)."""
        self._announce = announcements.enabled


async def _sleep_until(deadline: Deadline) -> None:
    while (left := deadline.at - workflow.now()) > timedelta(0):
        await workflow.sleep(left, summary=deadline.summary)


def _went_out_by_itself(entry: TimelineEntry) -> bool:
    """Whether an account went out of service with nobody waiting for an answer, which a new run would delay."""
    return entry.type == "account.disabled" and entry.actor.kind is ActorKind.TIMER


def _id_of(command: Command) -> str | None:
    update = workflow.current_update_info()
    return command.command_id or (update.id if update else None)


def _error(refusal: Refusal) -> ApplicationError:
    return ApplicationError(
        refusal.message, refusal.model_dump(mode="json"), type=refusal.code.value, non_retryable=True
    )


def _refused_payment_method(outcome: PaymentMethodChanged) -> Refusal:
    if outcome.refused == "resource_missing":
        return Refusal(
            code=RefusalCode.INVALID_REQUEST,
            message=outcome.message or "Stripe knows no such payment method.",
            field="payment_method",
        )
    return Refusal(
        code=RefusalCode.PAYMENT_DECLINED,
        message=outcome.message or "Stripe did not take this payment method. Choose another.",
        decline_code=outcome.refused,
    )
