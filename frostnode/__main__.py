"""`python -m frostnode` is `frost`."""

from frostnode.cli import main

main()
