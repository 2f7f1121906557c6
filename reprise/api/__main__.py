"""`python -m reprise.api`: the same as `reprise api`."""

import typer

from reprise.cli.api import api

if __name__ == "__main__":
    typer.run(api)
