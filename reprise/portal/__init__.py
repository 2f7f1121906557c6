"""The Profile & Billing pages: what the customer sees, and who may (R19)."""
