"""Whether an installation is in order: each check is green or red, and a red one says how to mend it."""
