"""Carrying accepted mail to where it goes (RFC 5598's relay, the MTA)."""
