"""Scores of predictions, their uncertainty, and tests of the difference between runs."""

from ferkit.evaluation.metrics.scores import ClassScores, Scores, predict_labels, score

__all__ = ["ClassScores", "Scores", "predict_labels", "score"]
