"""Find a Chromium for the browser tests: `python tools/find_browser.py` prints its path.

It looks at BROWSER_PATH, then for the usual names; on Debian as root it installs Debian's own.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = "No browser found. Install one (Debian: apt install chromium), set BROWSER_PATH, or leave its tests out: make test BROWSER=no"


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome, or None."""
    named = os.environ.get("BROWSER_PATH")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def install_browser() -> None:
    """Install Debian's chromium where that is possible: as root, with apt."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Debian's chromium.", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["apt-get", "install", "-qq", "-y", "chromium"], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    if not find_browser():
        install_browser()
    print(find_browser() or sys.exit(ADVICE))
