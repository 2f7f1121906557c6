"""Reconciliation: accounts held against Stripe each night; what differs is told, and nothing decided (R15, R22)."""
