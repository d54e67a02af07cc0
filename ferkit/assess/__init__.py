"""`ferkit evaluate`: the scores of a model on any labelled data."""
