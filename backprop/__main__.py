"""`python -m backprop`: the `backprop` command."""

from __future__ import annotations

from backprop.cli import main

if __name__ == "__main__":
    main(prog_name="backprop")
