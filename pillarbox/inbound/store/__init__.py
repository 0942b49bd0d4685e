"""Inbound mail in the database: all SQL of the feature."""
