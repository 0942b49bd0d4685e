"""The HTTP API: Postmark's endpoints."""
