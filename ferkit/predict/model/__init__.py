"""Load, describe and export models for prediction."""
