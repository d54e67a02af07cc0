"""Run a recipe: train and test every fold, keep what each run needs to be resumed and scored."""
