"""The version of ferkit."""

__version__ = "0.1.0"
