"""Why an account was not asked, or does not do what it was asked."""

from reprise.errors import RepriseError
from reprise.schemas.accounts import AccountView
from reprise.statemachine.refusals import RefusalCode
from reprise.workflows.messages import Refusal


class AccountNotFound(RepriseError):  # noqa: N818 - named as its code is
    """There is no such account, or none that the caller may know of (R19)."""

    code = "account_not_found"

    def __init__(self) -> None:
        """Say no more than that."""
        super().__init__("There is no such account, or it is not yours to see.")


class AccountStopped(RepriseError):  # noqa: N818 - named as its code is
    """The account's workflow was ended from outside: it can be read, and commands wait for `restore` (R27)."""

    code = "account_stopped"

    def __init__(self, how: str) -> None:
        super().__init__(
            f"This account's workflow was ended from outside ({how}). Nothing was changed. The account can be read,"
            " and nothing is charged, until an operator takes it up again from its last record (restore)."
        )


class RecordUnreadable(RepriseError):  # noqa: N818 - named as its code is
    """The workflow of the account has ended, and its history cannot be replayed: its last record is not to be had."""

    code = "record_unreadable"

    def __init__(self) -> None:
        """Say what can be done."""
        super().__init__(
            "The history of this account's last run cannot be replayed, so its last record is not to be had. Restore it"
            " from a record that was exported, or with `from_run_start` as it stood when that run began: payments are"
            " found at Stripe by their keys, but what people have asked for since is lost. The worker's log says why."
        )


class RecordOutdated(RepriseError):  # noqa: N818 - named as its code is
    """The record that was given knows less than what Temporal still has of the account (R27)."""

    code = "record_outdated"

    def __init__(self, given: int, known: int) -> None:
        super().__init__(
            f"Temporal has a newer record of this account (entry {known}) than the one given (entry {given}), or one of"
            " another account of the same id. Nothing was changed. Leave `record` out."
        )


class CommandRefused(RepriseError):  # noqa: N818 - it was
    """The account refuses a command, or a quote: `refusal` says why, `account` how it stands, where that is known."""

    def __init__(self, refusal: Refusal, account: AccountView | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.account = account

    @property
    def code(self) -> RefusalCode:  # type: ignore[override] # each refusal has its own
        """The refusal's code."""
        return self.refusal.code
