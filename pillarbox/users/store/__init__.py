"""All tables and SQL of users."""
