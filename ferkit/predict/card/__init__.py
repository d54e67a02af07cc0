"""A model's card: what it is, what it was measured at, what it is not for; as the Hub reads it."""
