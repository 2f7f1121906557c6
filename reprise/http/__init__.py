"""What the API and the pages share: errors over HTTP, rate limits, the audit, secrets, idempotency keys."""
