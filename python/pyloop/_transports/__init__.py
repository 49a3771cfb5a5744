"""Transports: per connection here, per message in the engine."""
