"""Servers, streams and tokens in the database; every change of them wakes the topic `servers`."""
