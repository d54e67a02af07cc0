"""What predictions come to: scores, their uncertainty, whether two runs differ."""

from ferkit.evaluation.metrics.scores import ClassScores, Scores, predict_labels, score

__all__ = ["ClassScores", "Scores", "predict_labels", "score"]
