"""The account, its Servers, their API tokens and message streams."""
