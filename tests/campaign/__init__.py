"""Campaigns: hundreds of kills, damaged files and broken plugins. Run them with `make campaign`."""
