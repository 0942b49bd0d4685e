"""Templates and layouts of a Server: kept, checked, filled with a caller's values, copied between Servers."""
