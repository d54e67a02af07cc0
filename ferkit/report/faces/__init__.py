"""Images of the report: thumbnails, errors and Grad-CAM."""
