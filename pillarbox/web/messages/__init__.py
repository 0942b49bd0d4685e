"""Messages: what was sent, and what became of each."""
