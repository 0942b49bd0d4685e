"""Webhooks as configured: which events of which stream go to which URL."""
