"""The SQL of outbound mail: the messages, the queue, and the search."""
