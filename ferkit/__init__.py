"""ferkit: facial expression recognition by recipes and plugins."""

__version__ = "0.1.0"
