"""`python -m backprop`: the `backprop` command."""

from __future__ import annotations

from backprop.cli import entry

if __name__ == "__main__":
    entry()
