"""undo, rewind and operations: a script's overwrites among the good work of others, a child's rm -r, an undo of an undo."""
import os
import signal
import unittest

import harness
from harness import AtollTest


class Undo(AtollTest):
    def text(self, address):
        return self.atoll("cat", address).text

    def state(self, bucket):
        found = {}
        for one in self.atoll("ls", "-r", bucket, "--json").of_type("object"):
            if one["type"] == "file":
                found[one["key"]] = (self.atoll("cat", f"{bucket}/{one['key']}").text if one["size"] < 100 else one["size"], one.get("tags"))
        return found

    def newest(self):
        return self.atoll("operations", "--limit", "1", "--json").of_type("operation")[0]["name"]

    def test_a_script_is_undone_among_good_work(self):
        for i in range(300):
            self.file(f"results/run{i:03}.csv", f"good {i}")
        self.file("results/notes.txt", "first")
        self.atoll("put", self.path("results"), "lab")
        for i in range(300):
            self.file(f"results/run{i:03}.csv", "NaN")
        self.atoll("put", self.path("results"), "lab")
        script = self.newest()
        # Good work since, on one of them too.
        self.atoll("put", "-", "lab/run007.csv", input=b"mended by hand")
        self.atoll("put", "-", "lab/notes.txt", input=b"second")
        self.atoll("put", "-", "lab/new.txt", input=b"new")
        shown = self.atoll("undo", script, "-n")
        self.assertIn("299 to put back", shown.errors)
        self.assertIn("1 stay as they are", shown.errors)
        self.assertEqual(20, len(shown.lines), shown.text)
        self.assertEqual("NaN", self.text("lab/run000.csv"))
        self.atoll("undo", script, code=2)  # nobody can be asked
        self.assertEqual("NaN", self.text("lab/run000.csv"))
        done = self.atoll("undo", script, "--yes", "--json")
        self.assertEqual(299, done.summary["put_back"])
        self.assertEqual(1, done.summary["left"])
        left = [one for one in done.of_type("change") if one["action"] == "leave"]
        self.assertEqual(["run007.csv"], [one["key"] for one in left])
        for i in range(300):
            if i % 20 == 0:
                self.assertEqual(f"good {i}", self.text(f"lab/run{i:03}.csv"))
        self.assertEqual("mended by hand", self.text("lab/run007.csv"))
        self.assertEqual("second", self.text("lab/notes.txt"))
        self.assertEqual("new", self.text("lab/new.txt"))
        self.assertEqual(done.summary["operation"], [one for one in self.atoll("operations", "--json").of_type("operation") if one["name"] == script][0]["undone_by"])
        again = self.atoll("undo", script, "--yes", "--json").summary  # nothing is left to do
        self.assertEqual((0, 1), (again["put_back"], again["left"]))
        self.atoll("undo", script, "--yes", "--force")
        self.assertEqual("good 7", self.text("lab/run007.csv"))
        self.atoll("verify")

    def test_rm_is_undone_and_the_undo_too(self):
        for name in ("a/one", "a/b/two", "three"):
            self.file("photos/" + name, name)
        self.atoll("put", self.path("photos"), "photos", "--tag", "who=ann")
        before = self.state("photos")
        self.assertEqual(3, len(before))
        self.atoll("rm", "-r", "photos")
        self.assertEqual({}, self.state("photos"))
        self.atoll("undo", "last", "--yes")
        self.assertEqual(before, self.state("photos"))
        self.atoll("undo", "last", "--yes")
        self.assertEqual({}, self.state("photos"))
        self.atoll("undo", "last", "--yes")
        self.assertEqual(before, self.state("photos"))
        restored = self.restored("photos")
        self.assert_same_tree(self.path("photos"), restored, with_owner=False)

    def test_rewind_of_a_bucket_and_of_a_prefix(self):
        self.atoll("put", "-", "lab/x/a", input=b"1")
        self.atoll("put", "-", "lab/y", input=b"1")
        self.atoll("put", "-", "other/z", input=b"1")
        to = str(self.atoll("journal", "show", "--limit", "1", "--json").json()[0]["lsn"])
        then = self.state("lab")
        self.atoll("put", "-", "lab/x/a", input=b"2")
        self.atoll("put", "-", "lab/y", input=b"2")
        self.atoll("tag", "lab/y", "colour=red")
        self.atoll("put", "-", "lab/x/new", input=b"2")
        self.atoll("put", "-", "other/z", input=b"2")
        self.atoll("rewind", "lab/x", "--to", to, "--yes")
        self.assertEqual("1", self.text("lab/x/a"))
        self.assertEqual("2", self.text("lab/y"))
        self.atoll("rewind", "--to", to, "lab", "--yes")
        self.assertEqual(then, self.state("lab"))
        self.assertEqual("2", self.text("other/z"))
        self.atoll("undo", "last", "other", "-n")
        self.atoll("rewind", "--to", "yesterday", code=2)
        self.atoll("undo", "00000000-nothing", code=20)
        self.atoll("undo", "999999", code=20)
        self.atoll("undo", code=2)

    def test_killed_in_the_middle_the_same_call_finishes_it(self):
        for i in range(6000):
            self.file(f"many/{i // 100}/{i}", str(i % 50))
        self.atoll("put", self.path("many"), "many")
        self.atoll("rm", "-r", "many")
        operation = self.newest()
        child = self.start("undo", operation, "--yes")
        segments = lambda: sum(os.path.getsize(name) for name in self.files_of_home(".wal") if os.path.exists(name))
        harness.wait_until(lambda: child.poll() is not None or segments() > 1 << 16, step=0.001)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        self.atoll("undo", operation, "--yes")
        restored = self.restored("many")
        self.assert_same_tree(self.path("many"), restored, with_owner=False)


if __name__ == "__main__":
    unittest.main()
