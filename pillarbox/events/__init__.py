"""The event log: what happened to messages, written in the transaction that changed their state."""
