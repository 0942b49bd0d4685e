"""Checks of a message as it will be read: what mail clients make of its HTML, its links, its sender. Pure."""
