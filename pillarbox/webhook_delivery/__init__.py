"""Posting webhooks to their URLs."""
