"""MTCNN (Zhang et al. 2016): the networks of facenet-pytorch in a faster cascade."""
