"""Models on the Hugging Face Hub: references, download, upload and Spaces."""
