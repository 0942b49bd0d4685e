"""What comes back: statistics, bounces, suppressions, data removals, and the unsubscribe page as it is seen."""
