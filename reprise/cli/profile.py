"""`reprise profile`: where APIs are, by name."""

import sys
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer

from reprise.cli import profiles
from reprise.cli.commands import command, group
from reprise.cli.errors import CliError

profile = group("profile", "Profiles: where Reprise's API is, and by which token it is asked, by name.")

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The profile's name.", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_HIDDEN = "********"
_STDIN = "-"


@command(
    profile,
    "reprise profile set default --url https://billing.example.com --token -",
    "reprise profile set staging --url https://staging.example.com",
)
def set(  # noqa: A001 - the command's name
    name: _Name,
    url: Annotated[str, typer.Option(help="The API, without /v1.", show_default=False)],
    token: Annotated[str | None, typer.Option(help="A bearer token; `-`: asked for, or read from stdin.")] = None,
) -> None:
    """Write a profile, in the place of the one of this name if there is one. Comments in the file are not kept."""
    if token == _STDIN:
        token = typer.prompt("Token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read().strip()
    from reprise.client import Client, InvalidArgument

    try:
        Client(url).close()  # refuses what is no URL
        profiles.keep(name, profiles.Profile(url.rstrip("/"), token or None))
    except InvalidArgument as error:
        _leave(CliError(str(error), error.code))
    except CliError as error:
        _leave(error)
    typer.echo(f"Kept in {profiles.file()}.", err=True)


@command(profile, "reprise profile list", name="list")
def list_(as_json: _Json = False) -> None:
    """List profiles, without their tokens."""
    _print({name: _without_token(each) for name, each in _kept().items()}, as_json=as_json)


@command(profile, "reprise profile show production")
def show(name: _Name, as_json: _Json = False) -> None:
    """Show a profile, without its token."""
    try:
        found = profiles.named(name)
    except CliError as error:
        _leave(error)
    _print({name: _without_token(found)}, as_json=as_json)


@command(profile, "reprise profile delete staging")
def delete(name: _Name) -> None:
    """Delete a profile."""
    try:
        profiles.forget(name)
    except CliError as error:
        _leave(error)
    typer.echo(f"Deleted from {profiles.file()}.", err=True)


def _kept() -> dict[str, profiles.Profile]:
    try:
        return profiles.kept()
    except CliError as error:
        _leave(error)


def _without_token(kept: profiles.Profile) -> dict[str, str | None]:
    return {**asdict(kept), "token": _HIDDEN if kept.token else None}


def _print(found: dict[str, dict[str, str | None]], *, as_json: bool) -> None:
    from reprise.cli import rendering

    if as_json:
        import json

        print(json.dumps(found, indent=2))
    elif found:
        rows = [(name, values["url"], values["token"]) for name, values in found.items()]
        rendering.console().print(rendering.table(("profile", "url", "token"), rows))
    else:
        rendering.say(f"There are no profiles in {profiles.file()}.")


def _leave(error: CliError) -> NoReturn:
    from reprise.cli import rendering

    rendering.say(str(error))
    raise typer.Exit(error.exit_code) from error
