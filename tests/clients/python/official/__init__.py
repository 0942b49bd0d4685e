"""The checks of the official Python client, by subject."""
