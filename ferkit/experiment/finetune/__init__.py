"""Class folders of one's own photographs -> a recipe that fine-tunes a network on them."""
