"""What an account can be sent: each command as an update and as a signal, hints, switches; and what it can be asked.

No message may end or wedge an account's workflow (R27). An update that cannot be read is refused by the SDK before
anything is written. A signal has nobody to refuse it to: it is dropped, with a line in the log.
"""

import asyncio
from collections.abc import Callable
from typing import Any, get_args

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from reprise.schemas.accounts import AccountView
from reprise.schemas.announcements import EndpointBacklog
from reprise.statemachine import editions, machine
from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import AnyCommand, Command, OpenAccount, RestoreAccount
from reprise.statemachine.driving import refusal
from reprise.statemachine.refusals import IDEMPOTENCY_KEY_REUSED, RefusalCode, Refused
from reprise.statemachine.timeline import TimelineEntry
from reprise.temporal.answers import LAST_RECORD
from reprise.workflows.account_views import account_view
from reprise.workflows.current_details import page_of
from reprise.workflows.details import details
from reprise.workflows.fingerprints import same_command
from reprise.workflows.limits import TOO_MANY
from reprise.workflows.messages import (
    OVER_HTTP,
    AccountRun,
    Announcements,
    Answer,
    AskedAt,
    PaymentHint,
    QuoteAnswer,
    Refusal,
    ResendAnnouncements,
)
from reprise.workflows.reading import described, dropped, read, read_command, unreadable
from reprise.workflows.run_state import RunState


def error_of(refusal: Refusal) -> ApplicationError:
    """Return a refusal as the error that an update, or a run that cannot begin, answers with."""
    return ApplicationError(refusal.message, refusal, type=refusal.code.value, non_retryable=True)


class Handlers:
    """The messages of an account's workflow. They only let things wait their turn: `run` takes them."""

    _state: RunState

    # ------------------------------------------------------------------ answering

    async def _answer(self, command: Command) -> Answer:
        command_id = _id_of(command)
        if answer := self._state.requests.answer_to(command_id) or self._earlier_answer(command):
            return answer
        request = self._state.requests.submit(command, command_id)
        while request.answer is None:
            try:
                await workflow.wait_condition(lambda: request.answer is not None)
            except asyncio.CancelledError:
                # The SDK (1.35) hands a request to cancel the workflow to whoever waits; `run` has told of it (R27).
                if workflow.cancellation_reason() is None:
                    raise
        return request.answer

    def _refuse_if_forbidden(self, command: AnyCommand) -> None:
        """Refuse what the state forbids before anything is written (R14, R20)."""
        if not self._is_known(command):
            if self._state.is_flooded:
                raise error_of(Refusal(code=RefusalCode.TOO_MANY_COMMANDS, message=TOO_MANY))
            try:
                self._state.check(command)
            except Refused as refused:
                raise error_of(Refusal.of(refused)) from refused

    def _is_known(self, command: Command) -> bool:
        """Say whether this command id was seen before; with other content it is refused (R14)."""
        first = self._state.requests.first_fingerprint(_id_of(command))
        if first is None:
            return self._earlier_answer(command) is not None
        if not same_command(first, command):
            raise error_of(Refusal(code=RefusalCode.IDEMPOTENCY_KEY_REUSED, message=IDEMPOTENCY_KEY_REUSED))
        return True

    def _submit(self, command: Command) -> None:
        """Let a signalled command wait its turn, unless its id was seen before; without one, it repeats nothing."""
        if not command.command_id and self._state.edition >= editions.SECOND:  # before, an empty one was an id
            self._state.requests.submit(command, None)
        elif self._state.requests.answer_to(command.command_id) is None and self._earlier_answer(command) is None:
            self._state.requests.submit(command, command.command_id)

    def _earlier_answer(self, command: Command) -> Answer | None:
        """Return the answer that a release up to 0.1.0 gave to this request, under the id that it used."""
        answer = self._state.requests.answer_to(command.earlier_id)
        return answer if answer is not None and same_command(answer.fingerprint, command) else None

    # ------------------------------------------------------------------ queries

    @workflow.query
    def account(self) -> AccountView:
        """The account as it stands."""
        return account_view(self._state.account)

    @workflow.query
    def quote(self, asked: AskedAt) -> QuoteAnswer:
        """What coming back would cost (R7)."""
        try:
            return QuoteAnswer(quote=machine.quote(self._state.account, asked.now))
        except Refused as refused:
            return QuoteAnswer(refusal=Refusal.of(refused))

    @workflow.query
    def timeline(self) -> list[TimelineEntry]:
        """The last entries of the timeline, oldest first (R17)."""
        return list(self._state.account.timeline)

    @workflow.query
    def undelivered(self) -> list[EndpointBacklog]:
        """What each announcement endpoint has not taken yet (R18)."""
        return list(self._state.outbox.backlog())

    @workflow.query
    def record(self) -> AccountRun:
        """All that the account is, as a run's input."""
        return self._state.as_input()

    @workflow.query(name=LAST_RECORD)
    def last_record(self) -> AccountRun:
        """The same, of a run that has ended: what `restore` takes the account up from (R27)."""
        return self._state.as_input()

    @workflow.query
    def customer_id(self) -> str | None:
        """The account's customer at Stripe."""
        return self._state.account.customer_id

    def current_details(self) -> str:
        """Return what operators read of the account in the Temporal UI (R17), as Markdown."""
        return details(self._state.account, workflow.now(), page_of)

    def _refuse_another_opening(self, command: OpenAccount) -> None:
        if not self._is_known(command):
            raise error_of(
                Refusal(code=RefusalCode.ACCOUNT_EXISTS, message="An account with this id exists. Choose another id.")
            )

    def _refuse_to_restore(self, command: RestoreAccount) -> None:
        if self._is_known(command):
            return
        if self._state.account.state is AccountState.CLOSED:
            raise error_of(Refusal.of(refusal(self._state.account)))
        message = "This account's workflow runs: there is nothing to restore. Nothing was changed."
        raise error_of(Refusal(code=RefusalCode.ACCOUNT_RUNNING, message=message))

    # ------------------------------------------------------------------ signals that are no commands

    @workflow.signal
    def payment_hint(self, *given: Any) -> None:
        """Poll Stripe (R15). However many come at once, one poll of each subject answers them."""
        try:
            self._state.hints.add(read(PaymentHint, given))
        except Exception as error:  # nothing that anybody sends may stop the account
            dropped("payment_hint", error)

    @workflow.signal
    def start_new_run(self, *given: Any) -> None:  # noqa: ARG002 - whatever came with it
        """Go on in a new run at the next quiet moment: so an account that sleeps for years comes to newer code."""
        self._state.is_over = True

    @workflow.signal
    def announcements(self, *given: Any) -> None:
        """Turn announcements to the product on or off (R18)."""
        try:
            self._state.announce = read(Announcements, given).enabled
        except Exception as error:
            dropped("announcements", error)

    @workflow.signal
    def resend_announcements(self, *given: Any) -> None:
        """Tell the product again, from an entry on, or at once what waits (R18)."""
        try:
            asked = read(ResendAnnouncements, given)
        except Exception as error:
            dropped("resend_announcements", error)
            return
        self._state.is_over |= self._state.outbox.resend(asked, self._state.account.timeline)


def _id_of(command: Command) -> str:
    update = workflow.current_update_info()
    assert update is not None, "a signal's command has no id but its own"
    return command.command_id or update.id


# ---------------------------------------------------------------------- every command, as an update and as a signal


def _update(kind: type[Command], name: str, check: Callable[[Handlers, Any], None], says: str) -> Callable[..., Any]:
    """Return the handler of a command's update: it reads whatever was sent, and refuses what is no such command."""

    def command_of(given: tuple[Any, ...]) -> Command:
        try:
            return read_command(kind, given)
        except Exception as error:
            raise error_of(unreadable(kind, error)) from None

    async def take(self: Handlers, *given: Any) -> Answer:
        return await self._answer(command_of(given))

    def validate(self: Handlers, *given: Any) -> None:
        check(self, command_of(given))

    take.__doc__ = validate.__doc__ = says
    update = workflow.update(name=name, description=says)(take)
    update.validator(validate)
    return update


def _signal(kind: type[Command], name: str, says: str) -> Callable[..., Any]:
    def take(self: Handlers, *given: Any) -> None:
        try:
            self._submit(read_command(kind, given))
        except Exception as error:
            dropped(name, error)

    take.__doc__ = says
    return workflow.signal(name=name, description=says)(take)


for _kind in get_args(AnyCommand):
    _name: str = _kind.model_fields["name"].default
    for _called in filter(None, (_name, OVER_HTTP.get(_name))):
        _says = described(_kind) if _called == OVER_HTTP.get(_name, _name) else f"The same as `{OVER_HTTP[_name]}`."
        setattr(Handlers, f"_update_{_called}", _update(_kind, _called, Handlers._refuse_if_forbidden, _says))  # noqa: SLF001
        setattr(Handlers, f"_signal_{_called}", _signal(_kind, _called, f"{_says} Nobody waits for the answer."))

_says = "Wait until the account is open; for another opening than the one that opened it, a conflict (R1)."
Handlers._update_open = _update(OpenAccount, "open", Handlers._refuse_another_opening, _says)  # type: ignore[attr-defined] # noqa: SLF001

_says = "Wait until the account is restored; for another command than the one that did, a conflict: it runs (R27)."
Handlers._update_restore = _update(RestoreAccount, "restore", Handlers._refuse_to_restore, _says)  # type: ignore[attr-defined] # noqa: SLF001
