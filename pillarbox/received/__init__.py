"""Mail as it came in at the MX: kept raw before it is answered for, until a repeatable step has processed it."""
