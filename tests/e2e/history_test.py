"""Looking back with the real program: a script overwrites 300 results, and everything before it is still there."""
import os
import time
import unittest

from harness import AtollTest


class History(AtollTest):
    def setUp(self):
        super().setUp()
        self.content = {}
        for number in range(300):
            name = f"run-{number % 7}/result-{number}.csv"
            self.content[name] = f"line one\nvalue {number}\nline three\n".encode()
        self.content["raw.dat"] = os.urandom(2_500_000)
        self.write(self.content)
        os.symlink("raw.dat", self.path("tree", "link"))
        self.atoll("put", self.path("tree"), "results")
        self.first = self.atoll("--json", "log", "results").of_type("change")[0]["lsn"]
        time.sleep(1.1)
        self.between = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        time.sleep(1.1)
        spoilt = {name: data.replace(b"value", b"WRONG") for name, data in self.content.items() if name != "raw.dat"}
        raw = bytearray(self.content["raw.dat"])
        raw[1_200_000:1_200_010] = b"0123456789"
        spoilt["raw.dat"] = bytes(raw)
        spoilt["new.txt"] = b"made later"
        self.write(spoilt)
        self.atoll("put", self.path("tree"), "results")
        self.atoll("rm", "results/run-1/result-1.csv")

    def write(self, content):
        for name, data in content.items():
            path = self.path("tree", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)

    def restored(self, *words):
        target = self.path("out-%d" % len(os.listdir(self.folder)))
        self.atoll("restore", "results", "--target", target, *words)
        found = {}
        for folder, _, names in os.walk(target):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    with open(path, "rb") as file:
                        found[os.path.relpath(path, target)] = file.read()
        self.assertEqual(os.readlink(os.path.join(target, "link")), "raw.dat")
        return found

    def test_a_state_of_before_comes_back_whole_by_time_change_and_snapshot(self):
        self.atoll("snapshot", "create", "before", "results", "--as-of", str(self.first))
        for moment in (str(self.first), self.between, "before", "snapshot:before", f"lsn:{self.first}"):
            self.assertEqual(self.restored("--as-of", moment), self.content, moment)
        self.assertNotEqual(self.restored(), self.content)
        self.atoll("rewind", "--to", "before", "results", "-n")  # one way to name a moment, everywhere
        self.assertEqual(self.atoll("cat", "results/run-1/result-1.csv", "--as-of", "before").out,
                         self.content["run-1/result-1.csv"])
        self.atoll("cat", "results/run-1/result-1.csv", code=20)
        self.atoll("cat", "results/new.txt", "--as-of", "before", code=20)
        names = {one["key"] for one in self.atoll("--json", "ls", "-r", "results", "--as-of", "before").of_type("object")
                 if one["type"] == "file"}
        self.assertEqual(names, set(self.content))
        self.assertEqual(self.atoll("ls", "results", "--as-of", "before").lines,
                         ["link", "raw.dat"] + [f"run-{n}/" for n in range(7)])
        self.atoll("get", "results/raw.dat", "--as-of", "before", "-o", self.path("got"))
        with open(self.path("got"), "rb") as file:
            self.assertEqual(file.read(), self.content["raw.dat"])
        self.assertEqual(self.atoll("--json", "find", "name:new.txt", "--as-of", "before").summary["found"], 0)
        self.assertEqual(self.atoll("--json", "find", "name:new.txt").summary["found"], 1)
        for wrong in ("tomorrow", "2999-01-01", "999999", "snapshot:none"):
            self.atoll("ls", "results", "--as-of", wrong, code=2)

    def test_differences_are_told_with_lines_and_ranges(self):
        differs = self.atoll("--json", "diff", "results", "--from", str(self.first), code=1)
        self.assertEqual(differs.summary, {**differs.summary, "added": 1, "removed": 1})
        self.assertGreaterEqual(differs.summary["changed"], 300)
        lines = self.atoll("diff", "results/run-2/result-2.csv", "--from", str(self.first), code=1).text
        self.assertIn("@@ -1,3 +1,3 @@\n line one\n-value 2\n+WRONG 2\n line three\n", lines)
        raw = self.atoll("--json", "diff", "results/raw.dat", "--from", str(self.first), code=1).of_type("object_diff")[0]
        self.assertEqual(raw["shared_bytes"] + raw["changed_bytes"], 2_500_000)
        self.assertLess(raw["changed_bytes"], 500_000)
        self.assertTrue(any(one["offset"] <= 1_200_000 < one["offset"] + one["length"] for one in raw["changed"]))
        time.sleep(1.2)
        self.atoll("diff", "results", "--from", "1s")  # nothing differs since
        self.atoll("diff", "results", code=2)

    def test_tables_are_compared_by_rows_and_columns(self):
        def put(text):
            self.write({"dose.csv": text.encode()})
            self.atoll("put", self.path("tree", "dose.csv"), "tables")

        put("id,dose,note\n1,10,x\n2,20,y\n3,30,\"z, or\nnot\"\n")
        self.atoll("label", "set", "tables/dose.csv", "old")
        put("id,dose,unit\n1,10,mg\n3,31.5,mg\n4,7,mg\n")
        said = self.atoll("diff", "tables/dose.csv@old", code=1).text
        for line in ("columns added: unit", "columns removed: note", "columns with another type: dose",
                     "rows: 3 -> 3: 1 added, 1 removed, 1 changed, matched by id", "M id=3  dose: 30 -> 31.5", "+ id=4", "- id=2"):
            self.assertIn(line + "\n", said)
        self.assertNotIn("@@", said)
        self.assertIn("@@", self.atoll("diff", "tables/dose.csv@old", "--lines", code=1).text)
        found = self.atoll("--json", "diff", "tables/dose.csv@old", "--row-column", "dose", code=1).of_type("object_diff")[0]["table"]
        self.assertEqual((found["rows_added"], found["rows_removed"], found["is_compatible"]), (2, 2, False))
        self.atoll("diff", "tables/dose.csv@old", "--row-column", "unit", code=2)
        self.atoll("diff", "results/raw.dat", "--from", str(self.first), "--row-column", "id", code=2)

    def test_log_rollback_and_deleted(self):
        versions = self.atoll("--json", "log", "results/raw.dat").of_type("version")
        self.assertEqual([one["changed"] for one in versions], ["content", "created"])
        today = time.strftime("%Y-%m-%d", time.gmtime())
        self.assertEqual(len(self.atoll("--json", "log", "results/raw.dat", "--since", today).of_type("version")), 2)
        self.atoll("log", "results/raw.dat", "--since", "yesterday", code=2)
        self.atoll("rollback", "results/raw.dat", "-n")
        self.atoll("rollback", "results/raw.dat", "--to", versions[1]["version"][:20])
        self.assertEqual(self.atoll("cat", "results/raw.dat").out, self.content["raw.dat"])
        self.assertEqual(self.atoll("cat", "results/raw.dat", "--version", versions[0]["version"]).out[1_200_000:1_200_010],
                         b"0123456789")
        self.atoll("rollback", "results/run-1/result-1.csv")  # its last version, and it is there again
        self.assertIn(b"WRONG 1\n", self.atoll("cat", "results/run-1/result-1.csv").out)
        self.atoll("rollback", "results/none", code=20)
        self.atoll("rollback", "results/new.txt", code=20)  # it has no older version
        self.atoll("rm", "results/run-3/result-3.csv")
        deleted = [one for one in self.atoll("--json", "ls", "-r", "--deleted", "results").of_type("object") if "deleted" in one]
        self.assertEqual([one["key"] for one in deleted], ["run-3/result-3.csv"])
        self.assertIn(deleted[0]["days_left"], (365, 366))
        changes = self.atoll("--json", "log", "results", "--limit", "3").of_type("change")
        self.assertEqual([one["kind"] for one in changes], ["remove_objects", "restore_objects", "restore_objects"])
        self.assertEqual(len(self.atoll("--json", "log", "results/run-3", "--limit", "0").of_type("change")), 3)

    def test_snapshots_hold_and_prune(self):
        for number in range(4):
            self.atoll("snapshot", "create", f"s{number}", "results")
        self.atoll("snapshot", "create", "s0", "results", code=21)
        self.atoll("snapshot", "hold", "s0", "--reason", "audit")
        self.atoll("snapshot", "delete", "s0", code=21)
        self.assertEqual(self.atoll("--json", "snapshot", "prune", "results", "--keep-last", "1", "-n").summary["removed"], 2)
        self.atoll("snapshot", "prune", "results", "--keep-last", "1", "--yes")
        kept = [one["name"] for one in self.atoll("--json", "snapshot", "list").of_type("snapshot")]
        self.assertEqual(kept, ["s0", "s3"])
        self.atoll("snapshot", "release", "s0")
        self.atoll("snapshot", "delete", "s0")
        self.atoll("snapshot", "show", "s0", code=20)
        self.atoll("snapshot", "prune", "results", code=2)


if __name__ == "__main__":
    unittest.main()
