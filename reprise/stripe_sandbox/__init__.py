"""A real HTTP peer that speaks the part of Stripe's API that Reprise uses. For development and tests only.

Shapes and error bodies are those of the API version that the `stripe` package pins. It keeps its state in one SQLite
file, over restarts and SIGKILL. One deviation is deliberate: cards that always decline can be attached to a customer
(Stripe refuses some of them at once), so that a decline can be seen at the payment itself.
"""
