from typing import Any

from reprise.cli.exit_codes import ExitCode


class CliError(Exception):
    """Something that ends a command before the API is asked; the message is a sentence for the person who ran it."""

    def __init__(self, message: str, code: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.code = code
        self.exit_code = exit_code

    def as_json(self) -> dict[str, Any]:
        """Return the error as problem details."""
        title = self.code.replace("_", " ").capitalize()
        return {"type": "about:blank", "title": title, "detail": str(self), "code": self.code}
