"""Find a Chromium for the browser tests: `python tools/find_browser.py` prints its path.

It looks at BROWSER_PATH, then for the usual names; on Debian as root it installs Debian's own.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ADVICE = (
    "No browser found. Install one (Debian: apt install chromium; macOS: brew install --cask google-chrome), "
    "set BROWSER_PATH to one, or leave its tests out: make test BROWSER=no"
)


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome, or None."""
    candidates = [os.environ.get("BROWSER_PATH") or "", *NAMES, MAC]
    return next(filter(None, map(shutil.which, candidates)), None)


def install_browser() -> None:
    """Install Debian's chromium where that is possible: as root, with apt."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Debian's chromium.", flush=True)
        subprocess.run("apt-get update -qq && apt-get install -qq -y chromium", shell=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    if not find_browser():
        install_browser()
    print(find_browser() or sys.exit(ADVICE))
