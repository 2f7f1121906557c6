"""What every error is that reaches people, and the two kinds that any part of Reprise may raise."""

from typing import ClassVar


class RepriseError(Exception):
    """An error for people and programs: its message is a sentence that says what was wrong and what to do.

    `code` is stable; programs decide by it.
    """

    code: ClassVar[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(RepriseError):  # noqa: N818 - named as its code is
    """An input that is refused before anything is written (R20): `field` names it, `message` says what it must be."""

    code = "invalid_request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Unavailable(RepriseError):  # noqa: N818 - named as its code is
    """Temporal, a worker or Stripe is out of reach; nothing is known to be done. `retry_after` is in seconds."""

    code = "engine_unavailable"

    def __init__(self, message: str, retry_after: int = 5) -> None:
        """Take the sentence, and after how many seconds it is worth another try."""
        super().__init__(message)
        self.retry_after = retry_after
