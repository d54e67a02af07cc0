"""The catalogue of pretrained weights: download, verify, bundle."""
