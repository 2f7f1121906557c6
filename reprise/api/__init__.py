"""The HTTP API: requests become workflow updates and signals; reads become queries."""
