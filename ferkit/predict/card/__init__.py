"""Model cards for the Hugging Face Hub."""
