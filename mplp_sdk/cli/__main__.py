"""`python -m mplp_sdk.cli` is `mplp`."""

from mplp_sdk.cli import main

main()
