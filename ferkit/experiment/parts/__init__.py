"""Trainings of one run in several processes: each trains a part of the run, and the driver merges them."""
