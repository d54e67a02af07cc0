"""Protocols (images for training, selection and testing), and scores of predictions."""
