"""Mail that customers send: taking it in (RFC 6409's submission agent), its queue, and reading it back."""
