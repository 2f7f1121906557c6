"""`reprise token`: keys to the API in the embedded default."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration such as 30m, 1h or 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _scope(text: str) -> str:
    from reprise.http.scopes import OF_OPERATORS

    known = {each.value.partition(":")[2]: each.value for each in OF_OPERATORS}
    name = text.removeprefix("operator:")
    if name not in known:
        raise typer.BadParameter(f"{text!r} is no scope of operators: {', '.join(known)}.")
    return known[name]


def token(
    account: Annotated[
        list[str] | None, typer.Option(help="An account that the token is for; can be repeated.")
    ] = None,
    operator: Annotated[bool, typer.Option("--operator", help="A token for the people who run the service.")] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A part of what operators may: read, support, billing or admin; can be repeated."),
    ] = None,
    backend: Annotated[
        bool, typer.Option("--backend", help="A token for the product's backend: opens accounts, makes links.")
    ] = False,
    no_billing_access: Annotated[
        bool, typer.Option("--no-billing-access", help="The user belongs to the account, without Billing Access.")
    ] = False,
    sub: Annotated[str, typer.Option(help="Who the token speaks for.")] = "cli",
    ttl: Annotated[str, typer.Option(help="How long it is valid, such as 30m, 1h or 7d.")] = "1h",
    data: Annotated[Path, typer.Option(help="Data directory of `reprise dev`.")] = Path(".reprise"),
) -> None:
    """Print a bearer token, signed with REPRISE_JWT_SECRET or the secret of `reprise dev`."""
    from reprise.http.minting import mint
    from reprise.local.errors import LocalError
    from reprise.local.secrets import jwt_secret

    parts = [_scope(each) for each in scope or ()]
    if not operator and not backend and not account and not parts:
        raise typer.BadParameter("Say who it is for: --operator, --scope SCOPE, --backend, or --account ID.")
    try:
        secret = jwt_secret(data)
    except LocalError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if secret is None:
        typer.echo(f"There is no secret: set REPRISE_JWT_SECRET, or start `reprise dev` ({data} has none).", err=True)
        raise typer.Exit(1)
    if operator or backend:
        parts.append("operator" if operator else "backend")
    elif account and not no_billing_access:
        parts.append("billing")
    typer.echo(mint(secret, sub=sub, scope=" ".join(parts), accounts=account or [], ttl=_duration(ttl)))
