"""A full disk: what does not fit is refused in words, what is stored stays readable, deletes go on, and room helps."""
import os
import random
import resource
import signal
import subprocess
import unittest

import harness
from harness import AtollTest


class FullDisk(AtollTest):
    makes_home = False

    def mounted(self, megabytes):
        """A small ext4 of its own, or None where mounting is not allowed."""
        if os.geteuid() != 0:
            return None
        image, mount = self.path("image"), self.path("disk")
        os.makedirs(mount)
        subprocess.run(["truncate", "-s", f"{megabytes}M", image], check=True)
        environment = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
        for command in (["mkfs.ext4", "-q", "-F", "-m", "0", image], ["mount", "-o", "loop", image, mount]):
            try:
                done = subprocess.run(command, env=environment, capture_output=True)
            except FileNotFoundError:
                return None
            if done.returncode != 0:
                print("no disk of its own:", done.stderr.decode(errors="replace").strip(), flush=True)
                return None
        self.addCleanup(subprocess.run, ["umount", "-l", mount], env=environment, check=False)
        return mount

    def goes_on_after(self, failed, small, code=1):
        self.assertIn("0", self.atoll("ls", "small").lines)
        self.assert_same_tree(small, self.restored("small"))
        self.atoll("stat")
        self.assertEqual(code, failed.code, failed.errors)
        self.assertRegex(failed.errors.lower(), "no room|no space|full|room|too large|space")

    def test_disk_fills_up(self):
        disk = self.mounted(128)
        if disk is None:
            # Not skipped: the limit of a file's size is the nearest thing that any user may set.
            self.size_limit()
            return
        self.home = os.path.join(disk, "home")
        self.env["ATOLL_HOME"] = self.home
        with open(os.path.join(disk, "ballast"), "wb") as file:
            file.write(bytes(40 << 20))
        self.atoll("init")
        generator = random.Random(5)
        small, large, later = self.path("small"), self.path("large"), self.path("later")
        for number in range(50):
            self.file(f"small/{number}", generator.randbytes(100_000))
        for number in range(30):
            self.file(f"large/{number}", generator.randbytes(4 << 20))
            self.file(f"later/{number}", generator.randbytes(500_000))
        self.atoll("put", small, "small")
        failed = self.atoll("put", large, "large", code=None)
        self.goes_on_after(failed, small)
        self.atoll("rm", "small/1")
        self.atoll("cat", "small/1", code=20)
        self.atoll("rm", "-r", "small")
        self.atoll("put", "--force", small, "large", code=None)  # known content needs little room
        again = self.atoll("put", large, "large", code=None)
        self.assertEqual(1, again.code, again.errors)
        os.unlink(os.path.join(disk, "ballast"))
        self.atoll("put", later, "later")
        self.assert_same_tree(later, self.restored("later"))
        self.atoll("put", small, "small")
        self.assert_same_tree(small, self.restored("small"))
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])
        listing = self.atoll("ls", "-r", "later").out
        self.atoll("doctor", "--rebuild")
        self.assertEqual(listing, self.atoll("ls", "-r", "later").out)

    def test_disk_filled_to_the_last_byte_by_somebody_else(self):
        disk = self.mounted(64)
        if disk is None:
            self.size_limit()
            return
        self.home = os.path.join(disk, "home")
        self.env["ATOLL_HOME"] = self.home
        self.atoll("init")
        for number in range(50):
            self.file(f"small/{number}", os.urandom(50_000))
        self.atoll("put", self.path("small"), "small")
        with open(os.path.join(disk, "ballast"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        failed = self.atoll("put", "-", "small/more", input=os.urandom(2 << 20), code=None)
        self.goes_on_after(failed, self.path("small"))
        os.unlink(os.path.join(disk, "ballast"))
        self.atoll("put", "-", "small/more", input=b"more")
        self.atoll("rm", "small/more")
        self.assert_same_tree(self.path("small"), self.restored("small"))
        self.atoll("verify", "--data")

    def test_limit_of_file_size(self):
        self.size_limit()

    def size_limit(self):
        self.atoll("init")
        for number in range(20):
            self.file(f"small/{number}", os.urandom(10_000))
        self.atoll("put", self.path("small"), "small")
        limit = 6 << 20
        failed = self.atoll("put", "-", "small/more", input=os.urandom(40 << 20), code=None,
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertNotEqual(-signal.SIGXFSZ, failed.code, "killed by the signal instead of saying what is wrong")
        self.goes_on_after(failed, self.path("small"), code=23)  # a limit that somebody set, not a full disk
        self.atoll("put", "-", "small/more", input=os.urandom(20 << 20))
        self.atoll("verify", "--data")


if __name__ == "__main__":
    harness.main()
