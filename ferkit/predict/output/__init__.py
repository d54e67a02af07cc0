"""Write predictions: tables, annotated images and videos."""
