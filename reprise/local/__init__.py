"""The embedded default: Temporal's dev server, the Stripe sandbox, a worker and the API under one command."""
