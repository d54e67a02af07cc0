"""Class folders of images as a data set."""
