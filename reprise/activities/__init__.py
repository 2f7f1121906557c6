"""What acts on the world: Stripe, and the product's webhook. Answers are values that become the next event."""
