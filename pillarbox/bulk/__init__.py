"""Bulk requests: one content for very many recipients, taken in at once and turned into messages bit by bit."""
