"""How the chart is driven: one event at a time happens whole, or not at all."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from statemachine.exceptions import TransitionNotAllowed

from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.chart import AccountChart
from reprise.statemachine.decisions import Decisions
from reprise.statemachine.effects import Announce, Effect
from reprise.statemachine.refusals import RefusalCode, Refused

Effects = tuple[Effect, ...]


class DrivenChart(AccountChart):
    """The chart, put where a record is, and moved by events."""

    def __init__(self, account: Account) -> None:
        """Take an account up where its record says it is."""
        super().__init__(Decisions(account), state_field="configuration", start_value=account.state.value)

    @property
    def account(self) -> Account:
        """The record as it stands."""
        return self.model.account

    @property
    def is_in_service(self) -> bool:
        """Whether the account is in the chart's compound state "in service"."""
        return "in_service" in self.configuration_values

    @property
    def collecting(self) -> bool:
        """Whether an attempt to collect is under way."""
        return self.model.attempt_under_way()

    def _is(self, state: str) -> bool:
        return state in self.configuration_values

    def _happen(self, trigger: str, now: datetime, **facts: Any) -> Effects:
        before, configuration = self.model.account, self.current_state_value
        self.model.begin()
        try:
            self.send(trigger, now=now, **facts)
        except TransitionNotAllowed:
            raise self._refusal() from None
        except BaseException:
            self.model.account, self.current_state_value = before, configuration
            raise
        return self._conclude(now)

    def _if_allowed(self, trigger: str, now: datetime, **facts: Any) -> Effects:
        try:
            return self._happen(trigger, now, **facts)
        except Refused:
            return ()

    def _note(self, now: datetime, action: Callable[[], None]) -> Effects:
        """Let something be noted that moves no state."""
        self.model.begin()
        action()
        return self._conclude(now)

    def _conclude(self, now: datetime) -> Effects:
        entries = self.model.conclude(self._state(), now)
        return (*self.model.effects, *(Announce(entry=entry) for entry in entries))

    def _state(self) -> AccountState:
        return next(state for state in AccountState if state.value in self.configuration_values)

    def _refusal(self) -> Refused:
        if self._is("closed"):
            return Refused(RefusalCode.ACCOUNT_CLOSED, "This account is closed for good. Open a new one.")
        if self.is_in_service:
            return Refused(
                RefusalCode.ALREADY_IN_SERVICE, "This account is in service: there is nothing to bring back."
            )
        return Refused(
            RefusalCode.NOT_IN_SERVICE,
            "This account is out of service. Reactivate it first (with its quote).",
        )
