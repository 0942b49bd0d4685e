"""Opens and clicks of outbound messages."""
