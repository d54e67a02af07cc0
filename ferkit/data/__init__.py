"""Samples, splits, groups, manifests, images and face crops: everything before a network."""
