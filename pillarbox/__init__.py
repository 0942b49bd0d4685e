"""Pillarbox: a self-hosted transactional email platform that speaks the Postmark API."""

__version__ = "0.1.0"
