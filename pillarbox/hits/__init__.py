"""Opens and clicks as they come in over HTTP, and unsubscribes."""
