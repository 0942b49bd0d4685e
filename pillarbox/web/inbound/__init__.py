"""Pages about inbound mail."""
