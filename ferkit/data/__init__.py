"""Photographs before any network: how they are split, listed and audited."""
