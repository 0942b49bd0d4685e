"""Mail that comes in for customers."""
