"""The estimator that recipes with a `[model]` describe: a network, and how it is trained."""
