"""Pages about what Pillarbox tells other programs."""
