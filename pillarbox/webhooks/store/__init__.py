"""Webhooks in the database: what is configured, the calls that are to be made, and what came of them."""
