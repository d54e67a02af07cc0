"""Images, videos, cameras and standard input as a stream of frames."""
