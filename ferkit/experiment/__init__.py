"""Run a recipe: train and test every fold, and save the files for resuming and scoring."""
