"""The access lease: whether an account may work, kept for the time when the API is out of reach (R16)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from reprise.client.errors import Problem, TooManyRequests, Unavailable, Unreachable
from reprise.client.exchange import Exchange, Options, exchange
from reprise.client.operations import get_access
from reprise.schemas.api import Access

PATIENCE: Final = 2.0
"""Seconds that asking for access may take: whoever asks is serving somebody."""


@dataclass
class AccessLease:
    """What `/access` said of an account last; `Client.has_access` asks it, and asks the API when it is time to.

    An answer is believed for `refresh_after`. After that the API is asked again; while it is out of reach, the last
    answer decides: access ends at its `until`, by this machine's clock, and not before.

    Attributes:
        account_id: The account.
        refresh_after: How old an answer may be before the API is asked again. A change, such as `cancel` with
            `when: now`, is seen that much later at the most.
    """

    account_id: str
    refresh_after: timedelta = timedelta(minutes=1)
    answer: Access | None = field(default=None, init=False)
    answered_at: datetime | None = field(default=None, init=False)

    def is_fresh(self, now: datetime) -> bool:
        """Say whether the last answer is still believed without asking again."""
        return self.answered_at is not None and timedelta() <= now - self.answered_at < self.refresh_after

    def allows(self, now: datetime) -> bool:
        """Say what the last answer says of `now`; no access, where there is none."""
        answer = self.answer
        return answer is not None and answer.access and answer.until is not None and now < answer.until

    def take(self, answer: Access, now: datetime) -> None:
        """Keep an answer."""
        self.answer, self.answered_at = answer, now

    def drop(self) -> None:
        """Keep none: the account is not the caller's, or there is none."""
        self.answer = self.answered_at = None


def leased(lease: AccessLease, options: Options) -> Exchange[bool]:
    """Say whether the account may work: by the lease, renewed from the API when it is time and the API answers."""
    if lease.is_fresh(datetime.now(UTC)):
        return lease.allows(datetime.now(UTC))
    quick = replace(options, timeout=min(options.timeout, PATIENCE), retry_for=min(options.retry_for, PATIENCE))
    try:
        answer = yield from exchange(get_access(lease.account_id), quick)
    except (Unreachable, Unavailable, TooManyRequests):
        if lease.answer is None:
            raise
    except Problem:
        lease.drop()
        raise
    else:
        lease.take(answer, datetime.now(UTC))
    return lease.allows(datetime.now(UTC))
