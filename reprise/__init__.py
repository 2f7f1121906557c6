"""Reprise: the life of subscription accounts, exact and durable."""
