"""Taking over what a Postmark account, or another Pillarbox, has: read by its API, kept by the features."""
