"""Schedules that really run, tell somebody, and remember; and the restore drill, also over damage."""
import glob
import os
import stat
import unittest

from harness import AtollTest


class Schedules(AtollTest):
    def script(self, text):
        path = self.path("tell.sh")
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path

    def test_what_is_due_runs_once_is_remembered_and_told(self):
        told = self.path("told")
        script = self.script(f'{{ echo "$ATOLL_EVENT $ATOLL_EXIT_CODE"; cat; }} >> {told}\n')
        self.atoll("put", "-", "some-bucket/key", input=b"content")
        self.atoll("schedule", "add", "verify --data", "--hourly", "--as", "check", "--tell", f"command:{script}",
                   "--tell-success")
        self.atoll("schedule", "add", "cat some-bucket/none", "--daily", "03:00", "--as", "fails", "--tell",
                   f"command:{script}")
        self.assertEqual(self.atoll("schedule", "run", "--due").lines, [])  # nothing is due at once
        run = self.atoll("--json", "schedule", "run", "check").of_type("run")
        self.assertEqual([(one["name"], one["exit_code"]) for one in run], [("check", 0)])
        self.assertIn("All is well", run[0]["output"])
        answer = self.atoll("schedule", "run", "fails", code=1)
        self.assertIn("ended with 20", answer.text)
        with open(told) as file:
            text = file.read()
        self.assertIn("schedule.done 0", text)
        self.assertIn("schedule.failed 20", text)
        self.assertIn("there is no object some-bucket/none", text)
        listed = {one["name"]: one for one in self.atoll("--json", "schedule", "list").of_type("schedule")}
        self.assertTrue(listed["check"]["last_ok"])
        self.assertFalse(listed["fails"]["last_ok"])
        self.assertFalse(listed["check"]["is_due"])
        self.assertIn("verify", self.atoll("schedule", "list").text)
        self.atoll("schedule", "run", "fails", code=1)
        past = self.atoll("--json", "schedule", "history", "fails").of_type("run")
        self.assertEqual([20, 20], [one["exit_code"] for one in past])
        self.assertGreater(past[0]["started"], past[1]["started"])
        self.assertEqual([0], [one["exit_code"] for one in self.atoll("--json", "schedule", "history", "check").of_type("run")])
        self.atoll("schedule", "remove", "check")
        self.atoll("schedule", "history", "check", code=20)
        self.atoll("schedule", "remove", "check", code=20)
        self.atoll("schedule", "run", "check", code=20)

    def test_wrong_ones_are_refused(self):
        for words in (("schedule run --due", "--hourly"), ("gc", "--daily", "3 o'clock"), ("gc",),
                      ("gc", "--hourly", "--daily", "03:00"), ("gc", "--hourly", "--tell", "nobody")):
            self.atoll("schedule", "add", *words, code=2)

    def test_units_are_shown_and_name_this_home(self):
        text = self.atoll("schedule", "install", "-n").text
        self.assertIn(f'"--home" "{self.home}" "schedule" "run" "--due"', text)
        self.assertIn("*/5 * * * *", text)


class Drill(AtollTest):
    def fill(self):
        os.makedirs(self.path("tree", "sub"))
        for i in range(60):
            with open(self.path("tree", "sub", f"file {i}"), "wb") as file:
                file.write(os.urandom(i * 3001))
        with open(self.path("tree", "sparse"), "wb") as file:
            file.seek(5_000_000)
            file.write(b"middle" * 1000)
            file.truncate(9_000_000)
        self.atoll("put", self.path("tree"), "tree-files")
        self.atoll("put", "-", "other-bucket/only", input=b"x" * 300_000)

    def test_restores_and_proves(self):
        self.fill()
        os.makedirs(self.path("scratch"))
        done = self.atoll("--json", "drill", "--objects", "62", "--in", self.path("scratch")).summary
        self.assertGreaterEqual(done["objects"], 61)
        self.assertEqual(done["failures"], 0)
        self.assertEqual(os.listdir(self.path("scratch")), [])
        self.assertIn("All of them are right", self.atoll("drill", "other-bucket").text)
        self.atoll("drill", "no-such-bucket", code=20)

    def test_damage_beyond_parity_fails_it(self):
        self.fill()
        for pack in glob.glob(os.path.join(self.home, "vaults", "*", "packs", "*", "*.pack")):
            os.chmod(pack, stat.S_IRUSR | stat.S_IWUSR)
            with open(pack, "r+b") as file:
                size = os.path.getsize(pack)
                for at in range(70_000, size - 70_000, 40_000):
                    file.seek(at)
                    file.write(b"damage" * 100)
        failed = self.atoll("--json", "drill", code=22)
        self.assertGreater(failed.summary["failures"], 0)
        self.assertGreater(len(failed.of_type("failure")), 0)


if __name__ == "__main__":
    unittest.main()
