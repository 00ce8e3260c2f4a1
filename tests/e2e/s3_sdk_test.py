#!/usr/bin/env python3
"""S3's SDKs of today for JavaScript, from npm, against `atoll serve`: tests/e2e/s3_sdk.mjs."""
import pathlib
import subprocess
import sys
import tempfile

import s3_harness

PACKAGES = ["@aws-sdk/client-s3@3.1169.0", "@aws-sdk/lib-storage@3.1169.0", "minio@8.0.7"]
HERE = pathlib.Path(__file__).resolve().parent
MODULES = HERE.parent.parent / "build/npm-s3"


def main():
    mark = MODULES / "packages.txt"
    if not mark.exists() or mark.read_text() != "\n".join(PACKAGES):
        MODULES.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(MODULES), *PACKAGES],
                       check=True, timeout=600)
        mark.write_text("\n".join(PACKAGES))
    script = MODULES / "s3_sdk.mjs"  # Node looks for packages beside the script
    script.write_text((HERE / "s3_sdk.mjs").read_text())
    with tempfile.TemporaryDirectory(prefix="atoll-s3-sdk-") as name:
        place = pathlib.Path(name)
        home = s3_harness.make_home(place)
        url = s3_harness.start(home)
        try:
            done = subprocess.run(["node", "--no-warnings", str(script), url, s3_harness.ACCESS, s3_harness.SECRET],
                                  capture_output=True, text=True, timeout=300)
            print(done.stdout)
            if done.returncode != 0:
                sys.exit(done.stderr)
        except BaseException:
            s3_harness.fail_with_log(place)
            raise
        s3_harness.stop()


main()
