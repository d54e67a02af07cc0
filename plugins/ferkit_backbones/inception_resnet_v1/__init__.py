"""InceptionResnetV1 (Szegedy et al. 2017) and its pretrained weights."""
