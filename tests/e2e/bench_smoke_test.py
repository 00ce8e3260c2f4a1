"""The comparison with other tools still runs: tiny corpora, each restore compared byte by byte."""
import os
import subprocess
import unittest

import harness


class BenchSmoke(unittest.TestCase):
    def test_compare_backup(self):
        done = subprocess.run([os.path.join(harness.SOURCE, "bench/compare-backup"), "--smoke"], env={**os.environ, "ATOLL": harness.ATOLL},
                              capture_output=True, timeout=200)
        out = done.stdout.decode()
        self.assertEqual(0, done.returncode, out + done.stderr.decode(errors="replace"))
        self.assertEqual(4, out.count("Corpus "), out)
        self.assertEqual(4, out.count("| atoll |"), out)

    def test_wrong_options(self):
        for arguments in (["--tools", "none"], ["--corpus", "z"], ["--runs", "0"]):
            done = subprocess.run([os.path.join(harness.SOURCE, "bench/compare-backup"), *arguments], capture_output=True, timeout=60)
            self.assertEqual(2, done.returncode)


if __name__ == "__main__":
    harness.main()
