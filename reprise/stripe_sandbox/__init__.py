"""A real HTTP peer that speaks the part of Stripe's API that Reprise uses. For development and tests only.

Shapes and error bodies are those of the API version that the `stripe` package pins. It keeps its state in one SQLite
file, over restarts and SIGKILL.

It is as hard as Stripe where that costs money: bank debits that take days, balances and discounts that change what is
due, cards that are refused at once, customers that are gone, failures that are saved and replayed. Stripe's own test
ids choose among these where it has any; the rest is asked for under `/_sandbox/`.
"""
