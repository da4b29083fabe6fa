"""Print the tutorial's page as PDF, by headless Chromium; where there is none, say so and go on.

python docs/print_tutorial.py FOLDER_OF_THE_SITE
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PAGE = "built/tutorials/plot_mnist.html"


def main(site: Path) -> None:
    """Write tutorial.pdf beside the site's index."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("no PDF of the tutorial: Chromium is not installed")
        return
    target = site / "tutorial.pdf"
    words = ["--headless=new", "--no-sandbox", "--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}"]
    subprocess.run([chromium, *words, (site / PAGE).resolve().as_uri()], check=True, capture_output=True)
    print(f"{site / 'index.html'}, and {target} of {target.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
