"""Deliberately wrong components, one for each check: they show that every check can fail."""
