"""The durable side: one workflow per account remembers, waits and performs what the core decides."""
