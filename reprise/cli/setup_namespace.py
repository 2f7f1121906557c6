"""`reprise setup-namespace`: what a Temporal namespace must know, registered over Temporal itself."""

import json
from typing import Annotated

import typer


def setup_namespace(
    namespace: Annotated[
        str | None, typer.Option(help="The namespace; by default that of Temporal's environment configuration.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Register the search attributes that accounts are found by in a Temporal namespace; again, it changes nothing.

    It speaks to Temporal, not to Reprise's API: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
    TEMPORAL_PROFILE and the rest of Temporal's environment configuration say where.
    """
    from reprise.local.signals import run_and_leave

    run_and_leave(_set_up(namespace, as_json=as_json))


async def _set_up(namespace: str | None, *, as_json: bool) -> int:
    from temporalio.service import RPCError

    from reprise.cli.exit_codes import ExitCode
    from reprise.cli.rendering import say
    from reprise.temporal.connection import connect
    from reprise.temporal.namespace import NamespaceNotReady, register, type_name
    from reprise.temporal.search_attributes import SEARCH_ATTRIBUTES

    try:
        client = await connect(namespace=namespace)
        added = await register(client)
    except NamespaceNotReady as error:
        say(str(error))
        return ExitCode.ERROR
    except RPCError as error:
        say(f"Temporal refuses: {error.message}.")
        return ExitCode.UNAVAILABLE
    except RuntimeError:
        say(
            "Temporal does not answer. TEMPORAL_ADDRESS, TEMPORAL_PROFILE and the rest of Temporal's environment"
            " configuration say where it is; without them, 127.0.0.1:7233."
        )
        return ExitCode.UNAVAILABLE
    known = {each.name: type_name(each) for each in SEARCH_ATTRIBUTES}
    if as_json:
        print(json.dumps({"namespace": client.namespace, "search_attributes": known, "added": added}, indent=2))
    elif added:
        print(f"Registered in {client.namespace}: {', '.join(f'{name} ({known[name]})' for name in added)}.")
    else:
        print(f"{client.namespace} has all search attributes already.")
    return ExitCode.OK
