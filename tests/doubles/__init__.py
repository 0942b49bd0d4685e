"""Stand-ins for the world outside: real sockets, scripted answers."""

from tests.doubles.thread import serve_in_thread

__all__ = ["serve_in_thread"]
