"""Find problems of a data set before training: `ferkit audit`."""
