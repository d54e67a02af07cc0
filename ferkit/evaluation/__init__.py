"""Which images train, select and test, and the scores of the predictions."""
