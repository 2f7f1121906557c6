"""`python -m reprise.stripe_sandbox`: the same as `reprise stripe-sandbox`."""

import typer

from reprise.cli.stripe_sandbox import stripe_sandbox

if __name__ == "__main__":
    typer.run(stripe_sandbox)
