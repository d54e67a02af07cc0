"""A paper's table, from the runs that were made of its recipes."""
