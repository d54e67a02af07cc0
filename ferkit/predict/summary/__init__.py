"""Summaries of videos: tracks, their expressions, and episodes with onset, apex and offset."""
