"""The SMTP server engine and the services on it."""
