"""Create a recipe that fine-tunes a network on class folders of images."""
