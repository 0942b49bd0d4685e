"""Outgoing HTTP behind the guard against requests to inner networks; no Postmark, no database."""
