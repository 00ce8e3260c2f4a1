"""What goes in comes out: odd names, modes, times, links, attributes, holes, depth, and what a second put reads."""
import os
import random
import stat
import threading
import time
import unittest

import harness
from harness import AtollTest


class RoundTrip(AtollTest):
    def round_trip(self, source=None, code=0, **options):
        source = source or self.path("source")
        self.atoll("put", source, "bucket", code=code)
        back = self.restored("bucket")
        self.assert_same_tree(source, back, **options)
        return back

    def test_odd_names(self):
        names = [b"two\nlines", b"\xff\xfe bad utf-8 \x80", b"-rf", b"--help", b" leading and trailing ", b"tab\there", b"a" * 255,
                 "ü é 漢字 🦆".encode(), b"u\xcc\x88 decomposed", b"\xc3\xbc decomposed", b"back\\slash", b'"quoted"', b"'",
                 b"*?[a-z]", b"$(touch x)", b"...", b"a:b", b"%41", b"\x01\x02\x1b[31m", b"CON", b".hidden", b"~", b"#"]
        for number, name in enumerate(names):
            self.file(b"source/" + name, b"%d" % number)
            self.file(b"source/in/" + name + b"/file" if len(name) < 250 else b"source/in/x/" + name, name)
        self.round_trip()

    def test_modes_owners_and_times(self):
        for mode in (0o000, 0o400, 0o444, 0o600, 0o644, 0o755, 0o777, 0o4755, 0o2755, 0o6711, 0o1644):
            if mode & 0o400 == 0 and os.geteuid() != 0:
                continue
            self.file(f"source/{mode:o}", f"{mode:o}")
            os.chmod(self.path("source", f"{mode:o}"), mode)
            os.makedirs(self.path("source", f"folder-{mode:o}"))
            self.file(f"source/folder-{mode:o}/file", b"x")
            if os.geteuid() == 0:
                os.chown(self.path("source", f"folder-{mode:o}"), 12345, 54321)
            if os.geteuid() == 0 or mode & 0o700 == 0o700:
                os.chmod(self.path("source", f"folder-{mode:o}"), mode)
        for number, ns in enumerate((0, 1, 999_999_999, 1_700_000_000_123_456_789, -1_000_000_001, 4_102_444_800_000_000_007)):
            os.utime(self.file(f"source/time-{number}", b"t"), ns=(ns, ns))
            os.makedirs(self.path("source", f"time-folder-{number}"))
            os.utime(self.path("source", f"time-folder-{number}"), ns=(ns, ns))
        if os.geteuid() == 0:
            os.chown(self.file("source/owned", b"o"), 4711, 815)
        os.utime(self.path("source"), ns=(5, 1_600_000_000_000_000_001))
        self.round_trip()

    def test_links(self):
        self.file("source/a", b"hello")
        self.file("source/sub/d", b"other")
        os.link(self.path("source/a"), self.path("source/b"))
        os.link(self.path("source/a"), self.path("source/sub/c"))
        os.link(self.path("source/sub/d"), self.path("source/e"))
        os.symlink("a", self.path("source/to-a"))
        os.symlink("nowhere/at all", self.path("source/dangling"))
        os.symlink("loop", self.path("source/loop"))
        os.symlink("..", self.path("source/sub/up"))
        os.symlink("/etc/passwd", self.path("source/absolute"))
        os.symlink(b"\xff\n", os.fsencode(self.path("source/odd target")))
        os.symlink("x" * 4000, self.path("source/long"))
        for name in ("dangling", "loop"):
            os.utime(self.path("source", name), ns=(1, 1_500_000_000_000_000_003), follow_symlinks=False)
        self.round_trip()
        # A folder beside links that lead out of the target: nothing outside is written.
        self.assertTrue(os.path.isfile("/etc/passwd"))

    def test_attributes(self):
        path = self.file("source/file", b"x")
        os.makedirs(self.path("source/folder"))
        try:
            os.setxattr(path, "user.colour", b"blue")
        except OSError:
            # Never silently green: a file system without attributes is no place to run this.
            self.fail("the file system of the temporary folder has no user.* attributes: set TMPDIR")
        os.setxattr(path, "user.binary", bytes(range(256)))
        os.setxattr(path, "user.empty", b"")
        os.setxattr(path, "user.large", b"L" * 2000)
        os.setxattr(self.path("source/folder"), "user.on-folder", b"yes")
        self.round_trip()

    def test_holes_stay_holes(self):
        path = self.path("source/sparse")
        os.makedirs(self.path("source"))
        with open(path, "wb") as file:
            file.truncate(512 << 20)
            file.seek(100 << 20)
            file.write(b"island" * 1000)
            file.seek((512 << 20) - 3)
            file.write(b"end")
        with open(self.path("source/only-hole"), "wb") as file:
            file.truncate(64 << 20)
        answer = self.atoll("put", self.path("source"), "bucket", "--json")
        self.assertLess(answer.summary["bytes_stored"], 1 << 20)
        back = self.restored("bucket")
        self.assert_same_tree(self.path("source"), back)
        self.assertLess(os.stat(os.path.join(back, "sparse")).st_blocks * 512, 4 << 20)
        self.assertLess(os.stat(os.path.join(back, "only-hole")).st_blocks * 512, 1 << 20)

    def test_small_things(self):
        self.file("source/empty", b"")
        self.file("source/nul", b"\0" * 5)
        self.file("source/nuls between", b"a\0b\0\0c\n" * 1000)
        self.file("source/one", b"1")
        for folder in ("empty", "nested/empty/folders", "...."):
            os.makedirs(self.path("source/folders", folder))
        os.mkfifo(self.path("source/fifo"))
        generator = random.Random(7)
        for size in (32767, 32768, 32769, 131072, 131073, 1 << 20, (4 << 20) + 1):
            self.file(f"source/size-{size}", generator.randbytes(size))
        back = self.round_trip()
        self.assertTrue(stat.S_ISFIFO(os.lstat(os.path.join(back, "fifo")).st_mode))

    def test_an_empty_folder_alone(self):
        os.makedirs(self.path("source"))
        self.round_trip()

    def test_folders_four_thousand_deep(self):
        depth = 4000
        os.makedirs(self.path("source"))
        here = os.open(self.path("source"), os.O_RDONLY)
        for level in range(depth):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        with os.fdopen(os.open("deepest", os.O_CREAT | os.O_WRONLY, dir_fd=here), "wb") as file:
            file.write(b"down here")
        os.close(here)
        self.round_trip()
        self.assertEqual(1, self.atoll("put", self.path("source"), "bucket", "--json").summary["files_unchanged"])

    def test_second_put_reads_nothing(self):
        for number in range(200):
            self.file(f"source/{number % 7}/{number}", f"content {number}" * 50)
        # What was touched within the last two seconds is read again next time: it may change without its times showing it.
        time.sleep(3.1)
        first = self.atoll("put", self.path("source"), "bucket", "--json").summary
        self.assertEqual((200, 0, 0), (first["files_new"], first["files_changed"], first["files_unchanged"]))
        second = self.atoll("put", self.path("source"), "bucket", "--json").summary
        self.assertEqual((0, 0, 200, 0, 0), (second["files_new"], second["files_changed"], second["files_unchanged"],
                                             second["bytes_read"], second["bytes_stored"]))
        # Touched: read, but nothing new in it. Changed, and new.
        os.utime(self.path("source/1/1"), ns=(9, 9))
        self.file("source/2/2", b"changed now")
        self.file("source/new", b"new")
        third = self.atoll("put", self.path("source"), "bucket", "--json").summary
        self.assertEqual((1, 2), (third["files_new"], third["files_changed"]))
        self.assertLess(third["bytes_read"], 4096)
        self.assert_same_tree(self.path("source"), self.restored("bucket"))
        # The same size and time but other bytes: the change time tells.
        status = os.stat(self.path("source/3/3"))
        with open(self.path("source/3/3"), "r+b") as file:
            file.write(b"CONTENT")
        os.utime(self.path("source/3/3"), ns=(status.st_atime_ns, status.st_mtime_ns))
        self.assertEqual(1, self.atoll("put", self.path("source"), "bucket", "--json").summary["files_changed"])
        self.assert_same_tree(self.path("source"), self.restored("bucket"))
        forced = self.atoll("put", "--force", self.path("source"), "bucket", "--json").summary
        self.assertEqual(201, forced["files_changed"] + forced["files_unchanged"] + forced["files_new"])
        self.assertGreater(forced["bytes_read"], 100_000)

    def test_equal_content_is_stored_once(self):
        content = random.Random(3).randbytes(1 << 20)
        for number in range(10):
            self.file(f"source/{number}", content)
        summary = self.atoll("put", self.path("source"), "bucket", "--json").summary
        self.assertLess(summary["bytes_stored"], 3 << 19)
        self.assert_same_tree(self.path("source"), self.restored("bucket"))

    def test_file_that_grows_while_it_is_read(self):
        block = b"0123456789abcdef" * 4096
        path = self.file("source/growing", block * 256)
        self.file("source/quiet", b"quiet")
        stop = threading.Event()

        def grow():
            with open(path, "ab", buffering=0) as file:
                while not stop.is_set() and file.tell() < (256 << 20):
                    file.write(block)
                    time.sleep(0.002)

        grower = threading.Thread(target=grow)
        grower.start()
        try:
            answer = self.atoll("put", self.path("source"), "bucket", "--json", code=(0, 3))
        finally:
            stop.set()
            grower.join()
        self.assertEqual(b"quiet", self.atoll("cat", "bucket/quiet").out)
        if answer.code == 3:
            self.assertIn("growing", answer.errors)
            self.atoll("cat", "bucket/growing", code=20)
        else:
            stored = self.atoll("cat", "bucket/growing").out
            self.assertEqual(0, len(stored) % len(block))
            self.assertEqual(block * (len(stored) // len(block)), stored)
        # Quiet again, it is stored.
        self.atoll("put", self.path("source"), "bucket")
        self.assert_same_tree(self.path("source"), self.restored("bucket"))

    def test_restore_twice_and_over_changes(self):
        self.file("source/a", b"one")
        self.file("source/b/c", b"two")
        self.atoll("put", self.path("source"), "bucket")
        target = self.path("target")
        self.atoll("restore", "bucket", "--target", target)
        again = self.atoll("restore", "bucket", "--target", target, "--json").summary
        self.assertEqual(2, again["files_already_there"])
        with open(os.path.join(target, "a"), "wb") as file:
            file.write(b"mine!")
        kept = self.atoll("restore", "bucket", "--target", target, code=None)
        self.assertNotEqual(0, kept.code, "a file that differs was neither replaced nor reported")
        with open(os.path.join(target, "a"), "rb") as file:
            self.assertEqual(b"mine!", file.read())
        self.atoll("restore", "bucket", "--target", target, "--overwrite")
        self.assert_same_tree(self.path("source"), target)
        part = self.path("part")
        self.atoll("restore", "bucket/b", "--target", part)
        found = [os.path.join(top, name) for top, _, names in os.walk(part) for name in names]
        self.assertEqual(1, len(found), found)

    def test_restore_never_follows_links_out_of_the_target(self):
        self.file("source/link/file", b"from the vault")
        self.atoll("put", self.path("source"), "bucket")
        os.makedirs(self.path("outside"))
        os.makedirs(self.path("target"))
        os.symlink(self.path("outside"), self.path("target/link"))
        self.atoll("restore", "bucket", "--target", self.path("target"), code=None)
        self.assertEqual([], os.listdir(self.path("outside")))

    def test_include_and_exclude(self):
        for name in ("a.txt", "b.jpg", "deep/c.txt", "deep/node_modules/d.txt", "deep/e.tmp"):
            self.file("source/" + name, name)
        self.atoll("put", self.path("source"), "bucket", "--include", "**/*.txt", "--exclude", "**/node_modules")
        keys = [one["key"] for one in self.atoll("ls", "-r", "bucket", "--json").of_type("object") if one["type"] == "file"]
        self.assertEqual(["a.txt", "deep/c.txt"], keys)
        self.file("rules", "# comment\n*.tmp\n**/*.tmp\n")
        self.atoll("put", self.path("source"), "second", "--exclude-file", self.path("rules"))
        self.atoll("cat", "second/deep/e.tmp", code=20)
        self.assertEqual(b"b.jpg", self.atoll("cat", "second/b.jpg").out)


if __name__ == "__main__":
    harness.main()
