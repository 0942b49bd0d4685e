"""Sending: servers, streams, domains, signatures and tokens."""
