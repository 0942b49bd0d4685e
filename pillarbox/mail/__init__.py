"""Internet mail mechanisms: they know RFCs, not Postmark, and no database."""
