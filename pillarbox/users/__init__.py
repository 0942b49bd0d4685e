"""People who use the pages: who they are, what they may do, and what they have done."""
