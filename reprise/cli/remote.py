"""Commands over the HTTP API: the options that each has, how its answer is printed, how it fails.

Adding one is a function with `@remote_command(group, "an example")`: it takes a `Remote` first, then its own arguments,
and returns an `Answer`.
"""

import inspect
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from reprise.cli.commands import help_of
from reprise.cli.connection import Connection, connection
from reprise.cli.errors import CliError
from reprise.cli.exit_codes import ExitCode, code_of

if TYPE_CHECKING:  # loaded when a command asks for them, so that the others are quick
    from pydantic import BaseModel
    from rich.console import RenderableType

    from reprise.client import AsyncClient, Client

P = ParamSpec("P")

PATIENCE = 10.0
"""Seconds in which an API that is out of reach is tried again, by itself."""


@dataclass(frozen=True)
class Answer:
    """What a command came to.

    Attributes:
        document: What `--json` prints: a model of the API's, or plain JSON values.
        shown: What people are shown; by default what `rendering.py` makes of the document.
        note: A sentence beside it, on standard error.
        exit_code: With which the command ends.
    """

    document: "BaseModel | Sequence[Any] | dict[str, Any] | None"
    shown: "RenderableType | None" = None
    note: str | None = None
    exit_code: ExitCode = ExitCode.OK


@dataclass(frozen=True)
class Remote:
    """The API as a command sees it."""

    connection: Connection
    as_json: bool = False
    retry_for: float = PATIENCE

    @cached_property
    def client(self) -> "Client":
        """A client of the API."""
        from reprise.client import Client

        return Client(self.connection.url, self.connection.token, retry_for=self.retry_for)

    def async_client(self) -> "AsyncClient":
        """Return a client for commands that ask many things at once."""
        from reprise.client import AsyncClient

        return AsyncClient(self.connection.url, self.connection.token, retry_for=self.retry_for)

    def close(self) -> None:
        """Close the connections, if there are any."""
        if "client" in vars(self):
            self.client.close()

    def confirm(self, what: str, *, yes: bool) -> None:
        """Ask before something is done that cannot be undone.

        Args:
            what: What is about to be done, as a sentence.
            yes: `--yes` was given: it is not asked.

        Raises:
            CliError: The answer is no, or nobody is there to be asked.
        """
        if yes:
            return
        if self.as_json or not sys.stdin.isatty():
            raise CliError(f"{what} This cannot be undone: say --yes to do it.", "confirmation_required")
        if not typer.confirm(f"{what} At {self.connection.url}. Go on?", err=True):
            raise CliError("Nothing was done.", "not_confirmed", ExitCode.ERROR)


_Url = Annotated[str | None, typer.Option("--url", help="The API.  [env: REPRISE_URL]")]
_Token = Annotated[
    str | None, typer.Option("--token", help="A bearer token; others can see it here.  [env: REPRISE_TOKEN]")
]
_Profile = Annotated[str | None, typer.Option("--profile", help="A profile's API.  [env: REPRISE_PROFILE]")]
_Data = Annotated[Path | None, typer.Option("--data", help="The data directory of a running `reprise dev`.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; errors as problem details on stderr.")]
_RetryFor = Annotated[
    float, typer.Option("--retry-for", help="Seconds in which an API out of reach is tried again.", min=0, max=3600)
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
"""What every command has that cannot be undone."""


def remote_command(
    group: typer.Typer, *examples: str, name: str | None = None
) -> Callable[[Callable[Concatenate[Remote, P], Answer]], Callable[Concatenate[Remote, P], Answer]]:
    """Add a function to a group, as a command over the API.

    Args:
        group: Where it is added.
        examples: Command lines, for `--help`.
        name: The command's; by default the function's.
    """

    def add(function: Callable[Concatenate[Remote, P], Answer]) -> Callable[Concatenate[Remote, P], Answer]:
        def run(
            url: _Url = None,
            token: _Token = None,
            profile: _Profile = None,
            data: _Data = None,
            as_json: _Json = False,
            retry_for: _RetryFor = PATIENCE,
            **given: Any,
        ) -> None:
            try:
                with closing(Remote(connection(url, token, profile, data), as_json, retry_for)) as remote:
                    answer = function(remote, **given)  # type: ignore[call-arg] # given is what the signature asks for
            except Exception as error:
                raise typer.Exit(_complain(error, as_json=as_json)) from error
            _print(answer, as_json=as_json)
            raise typer.Exit(answer.exit_code)

        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        common = [each for each in inspect.signature(run).parameters.values() if each.name != "given"]
        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *common)]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what typer looks at
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__name__ = function.__name__
        group.command(name or function.__name__.replace("_", "-"), help=help_of(function, examples))(run)
        return function

    return add


def _print(answer: Answer, *, as_json: bool) -> None:
    from reprise.cli import rendering

    if as_json:
        print(json.dumps(rendering.plain(answer.document), indent=2, ensure_ascii=False))
    else:
        rendering.show(rendering.shown(answer.document) if answer.shown is None else answer.shown)
    if answer.note:
        rendering.say(answer.note)


def _complain(error: Exception, *, as_json: bool) -> ExitCode:
    """Say on standard error why a command failed; return with which exit code it ends.

    Raises:
        Exception: It is none that is told to people.
    """
    from reprise.cli import rendering
    from reprise.client import ClientError

    if not isinstance(error, CliError | ClientError):
        raise error
    if as_json:
        print(json.dumps(error.as_json(), indent=2, ensure_ascii=False), file=sys.stderr)
    else:
        rendering.say(rendering.complaint(error))
    return error.exit_code if isinstance(error, CliError) else code_of(error)
