"""Second copies and a home from one: kept up to date by whoever writes, through kills and unplugged disks; and the day
when the first machine is gone with everything on it."""
import os
import random
import shutil
import signal
import time

from harness import AtollTest, main, remove_tree, wait_until


class CopyTest(AtollTest):
    def setUp(self):
        super().setUp()
        self.disk = self.path("disk")
        os.mkdir(self.disk)
        self.copy = os.path.join(self.disk, "atoll")

    def fill(self, name, files=20, size=200_000, seed=1):
        source = random.Random(seed)
        for i in range(files):
            self.file(f"{name}/{i % 4}/file-{i}", source.randbytes(source.randrange(size)))
        return self.path(name)

    def copies(self):
        return {one["name"]: one for one in self.atoll("copy", "list", "--json").of_type("copy")}

    def copy_files(self, suffix=""):
        found = []
        for top, _, names in os.walk(self.copy):
            found += [os.path.join(top, name) for name in names if name.endswith(suffix)]
        return sorted(found)

    def findings(self, **options):
        return {one["id"] for one in self.atoll("stat", "--json", **options).of_type("status_report")[0]["findings"]}

    def lose_everything(self):
        """The home, the configuration and its keys: what a dead machine takes with it."""
        remove_tree(self.home)
        remove_tree(self.config)

    def test_the_first_disaster(self):
        tree = self.fill("tree")
        os.symlink("0/file-0", os.path.join(tree, "link"))
        self.atoll("put", tree, "docs")
        self.atoll("copy", "add", self.copy, "--as", "stick")
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.file("tree/later", "written after the copy was made")
        self.atoll("put", tree, "docs")
        self.atoll("tag", "docs/later", "colour=red")
        last = self.copies()["stick"]
        self.assertEqual(0, last["changes_behind"])
        listing = self.atoll("ls", "-r", "-l", "docs").text
        self.lose_everything()
        answer = self.atoll("restore-home", "--from", self.copy, "--kit", self.path("kit"), "--json")
        self.assertEqual(last["lsn"], answer.summary["last_lsn"])
        self.assertFalse(answer.summary["older_keys"])
        self.assertEqual(listing, self.atoll("ls", "-r", "-l", "docs").text)
        self.assertIn("colour", self.atoll("stat", "docs/later").text)
        self.assert_same_tree(tree, self.restored("docs"))
        self.atoll("verify", "--data")
        # The new home goes on, and the copy with it.
        self.file("tree/after", "on the new machine")
        self.atoll("put", tree, "docs")
        self.assertEqual(0, self.copies()["stick"]["changes_behind"])
        self.atoll("copy", "verify", "stick", "--data")

    def test_with_a_passphrase_instead_of_the_kit(self):
        self.file("words", "open sesame\n")
        self.lose_everything()
        self.atoll("init", "--new-password-file", self.path("words"))
        secret = ("--password-file", self.path("words"))
        tree = self.fill("tree", files=3)
        self.atoll("put", tree, "docs", *secret)
        self.atoll("copy", "add", self.copy, *secret)
        self.lose_everything()
        self.atoll("restore-home", "--from", self.copy, code=12)
        self.file("wrong", "open barley\n")
        self.atoll("restore-home", "--from", self.copy, "--password-file", self.path("wrong"), code=12)
        self.atoll("restore-home", "--from", self.copy, *secret)
        self.assert_same_tree(tree, self.restored("docs", env={"ATOLL_PASSWORD_FILE": self.path("words")}))

    def test_killed_in_the_middle_of_a_put(self):
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.atoll("copy", "add", self.copy, "--as", "stick")
        tree = self.fill("tree", files=400, size=2_000_000, seed=7)
        self.atoll("key", "kit", "--to", self.path("kit"))
        put = self.start("put", tree, "docs")
        # Packs grow in the copy while the put is at work.
        shipped = wait_until(lambda: put.poll() is not None or len(self.copy_files(".open")) > 0, seconds=60)
        self.assertTrue(shipped)
        time.sleep(0.3)
        put.send_signal(signal.SIGKILL)
        put.communicate()
        # Of a copy that was cut off at any moment a home can be made, and what it names it has.
        self.atoll("restore-home", "--from", self.copy, "--kit", self.path("kit"), "--home", self.path("half"))
        self.atoll("--home", self.path("half"), "verify", "--data")
        # The same put goes on; afterwards the copy has all of it.
        self.atoll("put", tree, "docs")
        self.assertEqual(0, self.copies()["stick"]["changes_behind"])
        self.lose_everything()
        self.atoll("restore-home", "--from", self.copy, "--kit", self.path("kit"))
        self.assert_same_tree(tree, self.restored("docs"))

    def test_an_interrupted_sync_goes_on(self):
        tree = self.fill("tree", files=300, size=1_000_000, seed=3)
        self.atoll("put", tree, "docs")
        adding = self.start("copy", "add", self.copy, "--as", "stick", "--limit", "30MB")
        self.assertTrue(wait_until(lambda: len(self.copy_files(".open")) > 0))
        adding.send_signal(signal.SIGKILL)
        adding.communicate()
        self.atoll("restore-home", "--from", self.copy, "--home", self.path("half"), code=22)
        self.assertGreater(self.copies()["stick"]["changes_behind"], 0)
        self.assertIn("copy.never_whole", self.findings())
        adding = self.start("copy", "sync", "stick")
        self.assertTrue(wait_until(lambda: adding.poll() is not None or len(self.copy_files(".pack")) > 0))
        adding.send_signal(signal.SIGINT)
        adding.communicate()
        self.atoll("copy", "wait", "stick")
        self.assertEqual(0, self.copies()["stick"]["changes_behind"])
        self.assertEqual([], self.copy_files(".open"))
        self.atoll("copy", "verify", "stick", "--data")

    def test_an_unplugged_disk_keeps_nobody_from_working(self):
        self.atoll("copy", "add", self.copy, "--as", "stick")
        os.rename(self.copy, self.path("unplugged"))
        os.mkdir(self.copy)  # the empty mount point
        tree = self.fill("tree", files=3)
        answer = self.atoll("put", tree, "docs")
        self.assertEqual(1, sum("stick" in line for line in answer.errors.splitlines()), answer.errors)
        self.assertEqual([], os.listdir(self.copy))
        self.atoll("copy", "sync", "stick", code=24)
        self.atoll("copy", "verify", "stick", code=24)
        self.assertFalse(self.copies()["stick"]["reachable"])
        self.assertGreater(self.copies()["stick"]["changes_behind"], 0)
        os.rmdir(self.copy)
        os.rename(self.path("unplugged"), self.copy)
        self.atoll("rm", "docs/0/file-0", "--no-copy")
        self.assertGreater(self.copies()["stick"]["changes_behind"], 0)
        self.atoll("copy", "sync")
        self.assertEqual(0, self.copies()["stick"]["changes_behind"])

    def test_wrong_folders_are_refused(self):
        self.file("full/letter", "somebody's")
        self.atoll("copy", "add", self.path("full"), code=21)
        self.atoll("copy", "add", os.path.join(self.home, "inside"), code=2)
        self.atoll("copy", "add", self.path("not", "there"), code=24)
        self.atoll("copy", "add", self.copy, "--as", "a b", code=2)
        self.atoll("copy", "add", self.copy, "--as", "stick")
        self.atoll("copy", "add", self.copy, "--as", "again", code=21)
        self.atoll("copy", "sync", "other", code=20)
        other = {"ATOLL_HOME": self.path("other")}
        self.atoll("init", env=other)
        self.atoll("copy", "add", self.copy, env=other, code=21)
        self.atoll("restore-home", "--from", self.path("full"), "--home", self.path("new"), code=24)
        self.atoll("restore-home", "--from", self.copy, code=21)

    def test_damage_is_found_and_each_side_heals_the_other(self):
        tree = self.fill("tree", files=10)
        self.atoll("put", tree, "docs")
        self.atoll("copy", "add", self.copy, "--as", "stick")
        with open(self.copy_files(".pack")[0], "r+b") as file:
            file.seek(1000)
            file.write(bytes(300_000))
        self.atoll("copy", "verify", "stick")  # the structure is whole
        self.atoll("copy", "verify", "stick", "--data", code=22)
        self.assertIn("copy.damaged", self.findings())
        self.atoll("copy", "repair", "stick", code=22)
        self.atoll("copy", "verify", "stick", "--data")
        self.assertNotIn("copy.damaged", self.findings())
        os.remove(self.files_of_home(".pack")[0])
        self.atoll("copy", "repair", "stick", code=22)
        self.atoll("verify", "--data", code=(0, 22))
        self.atoll("verify", "--data")
        self.assert_same_tree(tree, self.restored("docs"))

    def test_removing_keeps_the_files_unless_told_otherwise(self):
        self.atoll("copy", "add", self.copy, "--as", "stick")
        self.atoll("copy", "remove", "stick", "-n")
        self.assertIn("stick", self.copies())
        self.atoll("copy", "remove", "stick")
        self.assertEqual({}, self.copies())
        self.assertTrue(self.copy_files("keyring"))
        self.atoll("copy", "add", self.copy, "--as", "stick")  # taken up again
        self.atoll("copy", "remove", "stick", "--delete-files", code=2)  # nobody to ask
        self.atoll("copy", "remove", "stick", "--delete-files", "--yes")
        self.assertFalse(os.path.exists(self.copy))

    def test_an_older_kit_still_makes_a_home(self):
        tree = self.fill("tree", files=2)
        self.atoll("put", tree, "docs")
        self.atoll("key", "kit", "--to", self.path("old-kit"))
        self.atoll("copy", "add", self.copy)
        self.atoll("key", "kit", "--to", self.path("new-kit"))
        shutil.rmtree(self.path("new-kit"))
        self.lose_everything()
        answer = self.atoll("restore-home", "--from", self.copy, "--kit", self.path("old-kit"), "--json")
        self.assertTrue(answer.summary["older_keys"])
        self.assert_same_tree(tree, self.restored("docs"))

    def test_a_drill_of_a_copy_makes_a_home_and_leaves_nothing(self):
        tree = self.fill("tree", files=12)
        self.atoll("put", tree, "docs")
        self.atoll("copy", "add", self.copy, "--as", "stick")
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.atoll("--no-copy", "put", "-", "docs/later", input=b"stored without the copy")
        os.mkdir(self.path("scratch"))
        before = self.copy_files()
        with self.subTest("by the kit alone"):
            answer = self.atoll("--json", "--kit", self.path("kit"), "drill", "--copy", "stick", "--in", self.path("scratch"))
            self.assertEqual((12, 0, 1), tuple(answer.summary[name] for name in ("objects", "failures", "newer")))
            self.assertGreaterEqual(answer.summary["changes_behind"], 1)
            self.assertTrue(answer.summary["kit"])
        self.assertEqual([], os.listdir(self.path("scratch")))
        with self.subTest("by the keys of this machine"):
            answer = self.atoll("drill", "--copy", "stick", "--in", self.path("scratch"))
            self.assertIn("makes a home", answer.text)
            self.assertIn("All of them are right", answer.text)
        self.assertEqual(0, self.copies()["stick"]["changes_behind"])  # also the drills themselves
        self.assertLessEqual(set(one for one in before if one.endswith(".pack")), set(self.copy_files(".pack")))
        self.atoll("drill", "--copy", "none", code=20)
        self.atoll("schedule", "add", "drill --copy stick --objects 3", "--monthly", "1 04:00", "--as", "monthly")
        run = self.atoll("--json", "schedule", "run", "monthly", timeout=300).of_type("run")
        self.assertEqual(0, run[0]["exit_code"], run[0]["output"])
        self.atoll("copy", "verify", "stick", "--data")

    def test_a_drill_of_a_damaged_copy_fails(self):
        tree = self.fill("tree", files=12)
        self.atoll("put", tree, "docs")
        self.atoll("copy", "add", self.copy, "--as", "stick")
        for pack in self.copy_files(".pack"):
            with open(pack, "r+b") as file:
                for at in range(70_000, os.path.getsize(pack) - 70_000, 40_000):
                    file.seek(at)
                    file.write(b"damage" * 100)
        answer = self.atoll("--json", "drill", "--copy", "stick", code=22)
        self.assertGreater(answer.summary["failures"], 0)
        self.atoll("drill")  # the home itself is well


if __name__ == "__main__":
    main()
