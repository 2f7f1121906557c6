"""The only place that speaks to Stripe: the client, its errors, invoices, customers, events."""
