"""InceptionResnetV1 (Szegedy et al. 2017) and the weights that are known for it."""
