"""A paper's table, filled with runs of its recipes."""
