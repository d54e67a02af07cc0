"""List the packages. pyproject.toml has the rest, but cannot install a folder under another name.

plugins/ is no part of its packages' names, and recipes/ is installed as ferkit_recipes.
"""

from setuptools import find_namespace_packages, setup

core = find_namespace_packages(include=["ferkit", "ferkit.*"])
plugins = find_namespace_packages("plugins", include=["ferkit_*"])
recipes = ["ferkit_recipes", *(f"ferkit_recipes.{name}" for name in find_namespace_packages("recipes"))]

setup(
    packages=[*core, *plugins, *recipes],
    package_dir={
        "ferkit_recipes": "recipes",
        **{name: f"plugins/{name}" for name in plugins if "." not in name},
    },
)
