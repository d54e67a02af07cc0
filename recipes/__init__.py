"""Recipes that ferkit ships, and the splits, tables and manifests they name: installed as ferkit_recipes."""
