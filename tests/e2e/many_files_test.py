"""Fifty thousand files in one folder: every verb copes, and the rates are printed."""
import os
import time
import unittest

import harness
from harness import AtollTest

COUNT = int(os.environ.get("ATOLL_MANY_FILES", "50000"))


class ManyFiles(AtollTest):
    def timed(self, words, *arguments):
        started = time.monotonic()
        answer = self.atoll(*arguments, timeout=200)
        seconds = time.monotonic() - started
        print(f"{words}: {seconds:.2f} s, {COUNT / seconds:,.0f} files/s", flush=True)
        return answer

    def test_one_folder(self):
        os.makedirs(self.path("source"))
        folder = os.open(self.path("source"), os.O_RDONLY)
        for number in range(COUNT):
            file = os.open(f"{number:07}", os.O_CREAT | os.O_WRONLY, dir_fd=folder)
            os.write(file, b"%d" % (number % 1000))
            os.close(file)
        os.close(folder)
        time.sleep(3.1)
        first = self.timed("first put", "put", self.path("source"), "bucket", "--json").summary
        self.assertEqual(COUNT, first["files_new"])
        second = self.timed("second put", "put", self.path("source"), "bucket", "--json").summary
        self.assertEqual((COUNT, 0), (second["files_unchanged"], second["bytes_read"]))
        listing = self.timed("ls -r", "ls", "-r", "bucket")
        self.assertEqual(COUNT, len([line for line in listing.lines if line != "./"]))
        self.assertEqual(10, len(self.timed("ls --limit", "ls", "bucket", "--limit", "10").lines))
        self.assertEqual(1, self.timed("find", "find", f"name={COUNT // 2:07}", "--json").summary["found"])
        self.timed("restore", "restore", "bucket", "--target", self.path("back"))
        back = os.listdir(self.path("back"))
        self.assertEqual(COUNT, len(back))
        for name in back[::997]:
            with open(self.path("back", name), "rb") as file:
                self.assertEqual(b"%d" % (int(name) % 1000), file.read())
        self.timed("verify --data", "verify", "--data")
        removed = self.timed("rm -r", "rm", "-r", "bucket", "--json").summary
        self.assertGreaterEqual(removed["objects"], COUNT)
        self.timed("doctor --rebuild", "doctor", "--rebuild")


if __name__ == "__main__":
    harness.main()
