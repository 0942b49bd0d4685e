"""People: logging in, the own account, the team, and what everybody did."""
