"""Addresses that a message stream no longer sends to."""
