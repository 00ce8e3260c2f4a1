"""Policies, removal for good and gc: what they say, what they free, and that nothing else is touched."""
import os
import random
import subprocess
import threading
import unittest

import harness
from harness import AtollTest


class Gc(AtollTest):
    def fill(self, name, count, size, seed):
        generator = random.Random(seed)
        for number in range(count):
            self.file(f"{name}/{number}", generator.randbytes(size))
        return self.path(name)

    def pack_bytes(self):
        return sum(os.path.getsize(path) for path in self.files_of_home(".pack"))

    def test_policy_in_words(self):
        self.atoll("bucket", "create", "docs")
        built_in = self.atoll("policy", "show", "docs").text
        self.assertIn("Every version is kept for 30 days, then of each day the last one for 90 days", built_in)
        self.assertIn("built in", built_in)
        self.atoll("policy", "set", "docs", "--keep-within", "10d", "--keep-weekly", "0", "--keep-daily", "0",
                   "--keep-monthly", "2y", "--retention", "1d")
        own = self.atoll("policy", "show", "docs").text
        self.assertIn("set for docs", own)
        self.assertIn("Every version is kept for 10 days, then of each month the last one for 2 years", own)
        self.assertIn("Nothing younger than 1 day can be removed for good", own)
        self.atoll("policy", "set", "--keep-all", "--horizon", "60d")
        vault = self.atoll("--json", "policy", "show").of_type("policy")
        self.assertEqual(["", "docs"], [one["bucket"] for one in vault])
        self.assertTrue(vault[0]["keep_all"])
        self.assertEqual([60 * 86400] * 2, [one["horizon_seconds"] for one in vault])
        self.atoll("policy", "set", "docs", "--keep-within", "soon", code=2)
        self.atoll("policy", "set", "docs", "--horizon", "5d", code=2)
        self.atoll("policy", "set", "--horizon", "0", code=2)
        self.atoll("policy", "unset", "docs", code=2)  # ends a retention: nobody is there to be asked
        self.atoll("policy", "unset", "docs", "--yes")
        self.assertIn("stays for ever, and so does", self.atoll("policy", "show", "docs").text)
        self.atoll("policy", "unset", "docs", code=20)
        self.atoll("policy", "set", "nowhere", "--keep-last", "3", code=20)

    def test_removed_for_good(self):
        self.file("keep", os.urandom(300_000))
        self.atoll("put", self.path("keep"), "docs/keep")
        gone = self.fill("gone", 20, 100_000, 1)
        self.atoll("put", gone, "docs/gone")
        before = self.pack_bytes()
        self.atoll("rm", "-r", "docs/gone")
        held = self.atoll("--json", "gc").summary
        self.assertEqual(0, held["bytes_freed"])
        self.assertGreater(held["bytes_history"], 1_900_000)
        self.atoll("rm", "--forever", "-r", "docs/gone", code=2)  # nobody is there to be asked
        self.atoll("rm", "--reason", "x", "docs/keep", code=2)
        look = self.atoll("--json", "rm", "--forever", "-n", "-r", "docs/gone").summary
        self.assertEqual((21, True), (look["objects"], look["dry_run"]))
        self.atoll("rm", "--forever", "--yes", "-r", "docs/gone", "--reason", "asked to")
        preview = self.atoll("--json", "gc", "-n").summary
        self.assertEqual(before, self.pack_bytes())
        report = self.atoll("--json", "gc").summary
        self.assertEqual(preview["bytes_freed"], report["bytes_freed"])
        self.assertGreater(report["bytes_freed"], 1_900_000)
        self.assertLess(self.pack_bytes(), before - 1_900_000)
        self.atoll("rm", "--forever", "--yes", "docs/gone/1", code=20)
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])
        self.atoll("doctor", "--rebuild")
        self.assertEqual(300_000, len(self.atoll("cat", "docs/keep").out))
        # The same files again are stored again.
        self.atoll("put", gone, "docs/gone")
        self.assert_same_tree(gone, self.restored("docs/gone"), ignore=("mtime",))
        self.assertIn("of what is there now", self.atoll("gc", "-n").text)

    def test_what_only_the_past_keeps(self):
        self.atoll("policy", "set", "--keep-none")
        self.file("data", os.urandom(2_000_000))
        self.atoll("put", self.path("data"), "docs/data")
        self.file("data", b"short now")
        self.atoll("put", self.path("data"), "docs/data")
        report = self.atoll("--json", "gc").summary
        self.assertEqual((1, 0), (report["versions_expired"], report["bytes_freed"]))
        self.assertGreater(report["bytes_horizon"], 1_900_000)
        self.atoll("gc", "--horizon", "0", code=2)
        report = self.atoll("--json", "gc", "--horizon", "0", "--yes").summary
        self.assertGreater(report["bytes_freed"], 1_900_000)
        self.assertEqual(b"short now", self.atoll("cat", "docs/data").out)
        self.atoll("doctor", "--rebuild")
        self.assertEqual(b"short now", self.atoll("cat", "docs/data").out)
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])

    def test_retention_and_buckets(self):
        self.file("data", b"precious")
        self.atoll("put", self.path("data"), "docs/data")
        self.atoll("policy", "set", "docs", "--retention", "7y")
        self.atoll("rm", "--forever", "--yes", "docs/data", code=21)
        self.atoll("bucket", "delete", "docs", code=21)
        self.atoll("bucket", "delete", "-n", "docs", code=21)
        self.atoll("policy", "set", "docs", "--retention", "0", "--yes")
        self.atoll("rm", "--forever", "--yes", "docs/data")
        self.atoll("bucket", "delete", "docs")
        self.atoll("bucket", "show", "docs", code=20)
        self.assertEqual([], self.atoll("bucket", "list").lines)
        self.atoll("bucket", "create", "docs")
        self.atoll("bucket", "create", "docs", code=21)

    def test_a_reader_is_not_disturbed(self):
        self.atoll("put", self.fill("much", 8, 4_000_000, 3), "docs/much")
        name = "docs/much/1"
        with open(self.path("much/1"), "rb") as file:
            expected = file.read()
        reading = self.start("cat", name)
        first = reading.stdout.read(10)  # it is in the middle now: the rest fills no pipe
        self.atoll("rm", "--forever", "--yes", "-r", "docs/much")
        report = self.atoll("--json", "gc").summary
        self.assertGreater(report["bytes_waiting_for_readers"], 30_000_000)
        self.assertEqual(expected, first + reading.stdout.read())
        reading.communicate()
        self.assertEqual(0, reading.returncode)
        self.assertGreater(self.atoll("--json", "gc").summary["bytes_freed"] + 1, 0)
        self.assertLess(self.pack_bytes(), 1_000_000)

    def mounted(self, megabytes):
        if os.geteuid() != 0:
            return None
        mount = self.path("disk")
        os.makedirs(mount)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}M", "tmpfs", mount], capture_output=True)
        if done.returncode != 0:
            print("no disk of its own:", done.stderr.decode(errors="replace").strip(), flush=True)
            return None
        self.addCleanup(subprocess.run, ["umount", "-l", mount], check=False)
        return mount

    def test_room_comes_back_on_a_full_disk(self):
        disk = self.mounted(160)
        if disk is not None:
            self.home = os.path.join(disk, "home")
            self.env["ATOLL_HOME"] = self.home
            self.atoll("init")
        stays = self.fill("stays", 10, 1_000_000, 4)
        self.atoll("put", stays, "stays")
        for round_number in range(20 if disk else 3):
            more = self.fill(f"large{round_number}", 4, 3_000_000, 100 + round_number)
            done = self.atoll("put", more, f"large/{round_number}", code=None)
            if done.code != 0:
                break
        if disk is not None:
            self.assertEqual(1, done.code, "the disk should have become full")
        # Others read and, where there is room, write meanwhile.
        trouble = []
        stop = threading.Event()

        def read():
            while not stop.is_set():
                name = f"{random.randrange(10)}"
                with open(os.path.join(stays, name), "rb") as file:
                    expected = file.read()
                answer = self.atoll("cat", f"stays/{name}", code=None)
                if answer.code != 0 or answer.out != expected:
                    trouble.append((name, answer.code, answer.errors))
        reader = threading.Thread(target=read)
        reader.start()
        try:
            before = self.pack_bytes()
            self.atoll("rm", "--forever", "--yes", "-r", "large")
            freed = 0
            for _ in range(3):  # readers that were there keep packs until the next one
                freed += self.atoll("--json", "gc").summary["bytes_freed"]
            self.atoll("put", "-", "stays/new", input=b"room again")
        finally:
            stop.set()
            reader.join()
        self.assertEqual([], trouble)
        self.atoll("gc")
        self.assertLess(self.pack_bytes(), before * 0.5)
        self.atoll("rm", "stays/new")
        self.assert_same_tree(stays, self.restored("stays"))
        again = self.fill("again", 10, 3_000_000, 999)
        self.atoll("put", again, "again")
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])


if __name__ == "__main__":
    harness.main()
