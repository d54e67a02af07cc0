"""Class folders of one's own images -> a recipe that fine-tunes a network on them."""
