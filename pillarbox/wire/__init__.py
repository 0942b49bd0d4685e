"""Postmark's JSON: the shapes that are read and written, and the catalog of errors."""
