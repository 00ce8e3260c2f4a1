#!/usr/bin/env python3
"""The page in Debian's Chromium: tests/web/page_test.mjs. Its pictures lie in build/page-pictures."""
import pathlib
import shutil
import subprocess
import sys

import harness

PACKAGES = ["playwright-core@1.54.2", "axe-core@4.10.3"]
SOURCE = pathlib.Path(harness.SOURCE)
MODULES = SOURCE / "build/npm-web"


def main():
    mark = MODULES / "packages.txt"
    if not mark.exists() or mark.read_text() != "\n".join(PACKAGES):
        MODULES.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(MODULES), *PACKAGES],
                       check=True, timeout=600)
        mark.write_text("\n".join(PACKAGES))
    scripts = MODULES / "tests"  # Node looks for packages beside the scripts
    shutil.rmtree(scripts, ignore_errors=True)
    shutil.copytree(SOURCE / "tests/web", scripts)
    pictures = SOURCE / "build/page-pictures"
    shutil.rmtree(pictures, ignore_errors=True)
    done = subprocess.run(["node", str(scripts / "page_test.mjs"), harness.ATOLL, str(pictures)], timeout=560)
    sys.exit(done.returncode)


main()
