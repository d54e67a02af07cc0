"""Build, train, save and load the network of a recipe."""
