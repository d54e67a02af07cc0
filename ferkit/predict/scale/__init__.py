"""Predict many files in parts, by several processes, into a folder of Parquet files."""
