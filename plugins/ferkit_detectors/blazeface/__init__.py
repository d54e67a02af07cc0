"""BlazeFace, a fast single-shot detector."""
