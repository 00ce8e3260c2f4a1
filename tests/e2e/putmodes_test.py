"""put --mirror, --move, --watch, and links named by the user, with the real program on real folders."""
import os
import signal
import time
import unittest

import harness
from harness import AtollTest, wait_until


class PutModes(AtollTest):
    def keys(self, bucket="bucket"):
        return {one["key"] for one in self.atoll("ls", "-r", bucket, "--json").of_type("object")}

    def cat(self, key):
        return self.atoll("cat", f"bucket/{key}").out


class Links(PutModes):
    def test_what_is_missing_is_named_as_it_was_given(self):
        for words in (("--mirror",), (), ("--move", "--only-one-copy")):
            answer = self.atoll("put", *words, "/nonexistent-for-atoll", "bucket", code=(1, 3, 20, 21))
            self.assertIn("/nonexistent-for-atoll does not exist", answer.errors)

    def test_a_link_named_by_the_user(self):
        self.file("files/target", "content")
        os.symlink("target", self.path("files/link"))
        os.symlink("nowhere", self.path("files/dangling"))
        os.symlink("files", self.path("to-folder"))
        answer = self.atoll("put", self.path("files/link"), self.path("files/dangling"), "bucket")
        self.assertIn("symbolic link", answer.errors)
        self.assertEqual({"link", "dangling"}, self.keys())
        target = self.restored("bucket")
        self.assertEqual("target", os.readlink(os.path.join(target, "link")))
        self.atoll("put", self.path("to-folder"), "followed")
        self.assertIn("target", self.keys("followed"))


class Mirror(PutModes):
    def test_removes_as_history_and_refuses_an_empty_source(self):
        for name in ("a", "b", "sub/c", "sub/d"):
            self.file(f"source/{name}", name)
        self.atoll("put", self.path("source"), "bucket")
        os.unlink(self.path("source/a"))
        harness.remove_tree(self.path("source/sub"))
        shown = self.atoll("put", "--mirror", "-n", self.path("source"), "bucket")
        self.assertIn("Would remove bucket/sub/c", shown.lines)
        self.assertIn("sub/c", self.keys())
        done = self.atoll("put", "--mirror", "--json", self.path("source"), "bucket").summary
        self.assertEqual((3, 1, 1 + 5 + 5), (done["removed_files"], done["removed_others"], done["removed_bytes"]))
        self.assertEqual({"./", "b"}, self.keys())
        self.assertIn("sub/c", self.atoll("ls", "-r", "--deleted", "bucket").text)
        os.unlink(self.path("source/b"))
        refused = self.atoll("put", "--mirror", self.path("source"), "bucket", code=21)
        self.assertIn("--allow-empty", refused.errors)
        self.assertEqual({"./", "b"}, self.keys())
        self.atoll("put", "--mirror", "--allow-empty", self.path("source"), "bucket")
        self.assertEqual({"./"}, self.keys())

    def test_wrong_combinations(self):
        self.file("source/a", "a")
        for options in (("--mirror", "--move"), ("--watch", "--move"), ("--allow-empty",), ("--only-one-copy",),
                        ("--watch", "-n"), ("--watch", "--settle", "soon")):
            self.atoll("put", *options, self.path("source"), "bucket", code=2)
        self.atoll("put", "--mirror", self.path("source"), self.path("source"), "bucket", code=2)


class Move(PutModes):
    def test_needs_a_second_copy_or_the_word(self):
        self.file("source/sub/a", "a")
        refused = self.atoll("put", "--move", self.path("source"), "bucket", code=21)
        self.assertIn("atoll copy add", refused.errors)
        self.assertTrue(os.path.exists(self.path("source/sub/a")))
        self.atoll("put", "--move", "-n", "--only-one-copy", self.path("source"), "bucket")
        self.assertTrue(os.path.exists(self.path("source/sub/a")))
        done = self.atoll("put", "--move", "--only-one-copy", "--json", self.path("source"), "bucket").summary
        self.assertEqual((1, 0, 1), (done["sources_removed"], done["sources_left"], done["source_folders_removed"]))
        self.assertEqual([], os.listdir(self.path("source")))
        self.assertEqual(b"a", self.cat("sub/a"))

    def test_killed_at_any_moment_no_file_is_in_neither_place(self):
        generator = self.seed()
        model = {}
        killed = 0
        whole_s = 60.0  # of the first round, which nobody kills: the others are killed somewhere within it
        for number in range(12):
            for file in range(40):
                name = f"{number}/{file % 4}/{file}"
                model[name] = generator.randbytes(generator.choice((10, 5_000, 300_000)))
                self.file(f"source/{name}", model[name])
            child = self.start("put", "--move", "--only-one-copy", self.path("source"), "bucket")
            started = time.monotonic()
            try:
                child.communicate(timeout=whole_s if number == 0 else generator.uniform(0.1, 0.9) * whole_s)
                if number == 0:
                    whole_s = time.monotonic() - started
            except harness.subprocess.TimeoutExpired:
                child.send_signal(generator.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGINT)))
                child.communicate()
                killed += 1
            target = self.restored("bucket") if self.atoll("ls", "bucket", code=(0, 20)).code == 0 else None
            gone = 0
            for name, content in model.items():
                here = self.path("source", name)
                if os.path.exists(here):
                    with open(here, "rb") as file:
                        self.assertEqual(content, file.read(), name)
                    continue
                gone += 1
                self.assertIsNotNone(target, name)
                with open(os.path.join(target, name), "rb") as file:
                    self.assertEqual(content, file.read(), name)
            print(f"round {number}: {gone} of {len(model)} only in the vault", flush=True)
        print(f"{killed} of 12 killed", flush=True)
        self.assertGreater(killed, 2)
        self.atoll("put", "--move", "--only-one-copy", self.path("source"), "bucket")
        self.assertEqual([], os.listdir(self.path("source")))
        self.assert_same_tree_content(model, self.restored("bucket"))
        self.atoll("verify", "--data")

    def assert_same_tree_content(self, model, target):
        for name, content in model.items():
            with open(os.path.join(target, name), "rb") as file:
                self.assertEqual(content, file.read(), name)


class Watch(PutModes):
    def watch(self, *options):
        child = self.start("put", "--watch", *options, self.path("source"), "bucket")
        self.addCleanup(child.kill)
        self.assertTrue(wait_until(lambda: self.atoll("ls", "-r", "bucket", code=None).code == 0, 30, 0.3), child.poll() is not None and child.communicate())
        return child

    def end(self, child, code=0):
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        self.assertEqual(code, child.returncode, err)
        return out.decode()

    def await_keys(self, condition, words, seconds=60):
        self.assertTrue(wait_until(lambda: condition(self.keys()), seconds, 0.2), f"{words}: {self.keys()}")

    def test_what_comes_changes_moves_and_goes(self):
        self.file("source/a", "1")
        child = self.watch("--mirror")
        self.file("source/new/deep/b", "2")
        self.file("source/c", "3")
        self.await_keys(lambda keys: {"new/deep/b", "c"} <= keys, "new files")
        self.file("source/new/deep/d", "4")  # in a folder that came while it was watched
        os.rename(self.path("source/c"), self.path("source/new/c2"))
        self.await_keys(lambda keys: {"new/deep/d", "new/c2"} <= keys and "c" not in keys, "rename")
        os.rename(self.path("source/new"), self.path("source/moved"))
        self.file("source/moved/deep/e", "5")
        self.await_keys(lambda keys: "moved/deep/e" in keys and not any(k.startswith("new/") for k in keys), "folder moved")
        self.file("source/a", "other")
        self.assertTrue(wait_until(lambda: self.cat("a") == b"other", 60, 0.2))
        # Between rounds the vault is free for others.
        self.atoll("tag", "bucket/a", "x=y", code=(0, 11))
        out = self.end(child)
        self.assertIn("files stored in bucket", out)
        self.assert_same_tree(self.path("source"), self.restored("bucket"))

    def test_a_file_that_is_being_written_waits_until_it_is_closed(self):
        self.file("source/a", "1")
        child = self.watch("--settle", "600s")
        with open(self.path("source/slow"), "wb") as out:
            out.write(b"half")
            out.flush()
            self.file("source/quick", "x")
            self.await_keys(lambda keys: "quick" in keys, "the other file")
            self.assertNotIn("slow", self.keys())
            out.write(b" and half")
        self.await_keys(lambda keys: "slow" in keys, "after closing")
        self.assertEqual(b"half and half", self.cat("slow"))
        self.end(child)

    def test_a_vanished_folder_is_waited_for(self):
        self.file("source/a", "1")
        self.file("source/b", "2")
        child = self.watch("--mirror")
        self.await_keys(lambda keys: {"a", "b"} <= keys, "the first files")
        os.rename(self.path("source"), self.path("away"))
        time.sleep(3)
        os.mkdir(self.path("source"))  # a mount point with nothing mounted
        time.sleep(3)
        self.assertEqual({"./", "a", "b"}, self.keys())
        os.rmdir(self.path("source"))
        os.rename(self.path("away"), self.path("source"))
        self.file("source/c", "3")
        self.await_keys(lambda keys: keys == {"./", "a", "b", "c"}, "after it came back")
        self.end(child)

    def test_a_burst_of_files_and_a_home_inside_the_folder(self):
        os.makedirs(self.path("source"))
        os.rename(self.home, self.path("source/home"))
        self.env["ATOLL_HOME"] = self.home = self.path("source/home")
        self.file("source/first", "x")
        child = self.watch("--exclude", "home")
        for number in range(20_000):
            folder = self.path("source/burst", str(number % 7))
            if number < 7:
                os.makedirs(folder)
            with open(os.path.join(folder, str(number)), "wb") as out:
                out.write(b"%d" % number)
        self.await_keys(lambda keys: sum(k.startswith("burst/") and not k.endswith("/") for k in keys) == 20_000, "burst", 120)
        out = self.end(child)
        self.assertLess(len(out.splitlines()), 60)  # rounds with nothing in them are not told, and do not follow each other


if __name__ == "__main__":
    harness.main()
