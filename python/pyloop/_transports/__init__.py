"""Transports. What happens per connection is here, what happens per message in the engine."""
