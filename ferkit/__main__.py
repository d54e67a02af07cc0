import os
import sys

# `python -m` puts the working directory first on Python's path; the script `ferkit` does not.
if not sys.flags.safe_path and sys.path[:1] in ([""], [os.getcwd()]):
    del sys.path[0]

from ferkit.cli import main

main()
