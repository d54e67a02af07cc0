"""The report's faces: thumbnails, mistakes and Grad-CAM."""
