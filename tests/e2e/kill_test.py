"""kill -9 at any moment, again and again: what was acknowledged is there, and nothing is damaged."""
import os
import time
import unittest

import harness
from harness import AtollTest

ROUNDS = int(os.environ.get("ATOLL_KILL_ROUNDS", "25"))


class Kill(AtollTest):
    def test_puts_killed_at_random_times(self):
        generator = self.seed()
        acknowledged = []
        killed = 0
        longest_s = 0.3
        for number in range(ROUNDS):
            for file in range(30):
                self.file(f"round-{number}/{file % 3}/{file}", generator.randbytes(generator.choice((10, 5_000, 200_000))))
            # A folder that changes all the time goes with it.
            for file in range(20):
                self.file(f"changing/{generator.randrange(60)}", generator.randbytes(generator.randrange(20_000)))
            for source in (f"round-{number}", "changing"):
                child = self.start("put", self.path(source), f"bucket/{source}")
                started = time.monotonic()
                try:
                    _, err = child.communicate(timeout=generator.uniform(0, longest_s))
                    longest_s = max(0.05, longest_s * 0.9)
                except harness.subprocess.TimeoutExpired:
                    child.kill()
                    child.communicate()
                    killed += 1
                    longest_s = min(2.0, longest_s * 1.15)
                    if generator.randrange(3) == 0:
                        self.atoll("ls", "bucket", code=(0, 20))  # a reader first, after a crash
                    continue
                self.assertEqual(0, child.returncode, err)
                if source != "changing":
                    acknowledged.append(source)
        print(f"{killed} of {2 * ROUNDS} puts were killed, {len(acknowledged)} folders acknowledged", flush=True)
        self.assertGreater(killed, ROUNDS // 4)
        verified = self.atoll("verify", "--data", "--json")
        self.assertEqual((0, 0), (verified.summary["damage"], verified.summary["lost"]))
        for source in acknowledged:
            self.assert_same_tree(self.path(source), self.restored(f"bucket/{source}/"))
        for source in [f"round-{number}" for number in range(ROUNDS)] + ["changing"]:
            if source not in acknowledged:
                self.atoll("put", self.path(source), f"bucket/{source}")
        self.assert_same_tree(self.path("changing"), self.restored("bucket/changing/"))
        self.assert_same_tree(self.path("round-0"), self.restored("bucket/round-0/"))
        self.atoll("verify", "--data")
        listing = self.atoll("ls", "-r", "-l", "bucket").out
        self.atoll("doctor", "--rebuild")
        self.assertEqual(listing, self.atoll("ls", "-r", "-l", "bucket").out)

    def test_other_verbs_killed(self):
        """rm, mv, tag, rebuild, verify and key changes are done or not done, never half."""
        generator = self.seed()
        for file in range(50):
            self.file(f"source/{file}", f"{file}" * 1000)
        self.atoll("put", self.path("source"), "bucket/here")
        place = "here"
        for number in range(20):
            other = f"place-{number}"
            arguments = generator.choice((("mv", "-r", f"bucket/{place}", f"bucket/{other}"), ("doctor", "--rebuild"), ("tag", "-r", "bucket", f"n={number}"),
                                          ("verify", "--data"), ("journal", "checkpoint"), ("key", "kit", "--to", self.path("kit"))))
            child = self.start(*arguments)
            try:
                child.communicate(timeout=generator.uniform(0, 0.15))
            except harness.subprocess.TimeoutExpired:
                child.kill()
                child.communicate()
            keys = [one["key"] for one in self.atoll("ls", "-r", "bucket", "--json").of_type("object") if one["type"] == "file"]
            self.assertEqual(50, len(keys), arguments)
            places = {key.split("/")[0] for key in keys}
            self.assertEqual(1, len(places), arguments)
            place = places.pop()
        self.atoll("verify", "--data")
        self.assert_same_tree(self.path("source"), self.restored(f"bucket/{place}/"))

    def test_mirrors_killed_at_random_times(self):
        """Every object is as the folder had it before or has it now, and the next mirror makes it exact."""
        generator = self.seed()
        names = [f"mirrored/{number % 5}/{number}" for number in range(120)]
        for name in names:
            self.file(name, generator.randbytes(3_000))
        self.atoll("put", "--mirror", self.path("mirrored"), "bucket")

        def stored():
            listed = self.atoll("ls", "-r", "bucket", "--json", code=(0, 20))
            return {one["key"]: one["size"] for one in listed.of_type("object") if one["type"] == "file"}

        def on_disk():
            found = {}
            for top, _, files in os.walk(self.path("mirrored")):
                for name in files:
                    path = os.path.join(top, name)
                    found[os.path.relpath(path, self.path("mirrored"))] = os.path.getsize(path)
            return found

        killed = 0
        longest_s = 0.25
        possible = {key: {size} for key, size in on_disk().items()}  # None: not there
        for number in range(15):
            for name in names:
                choice = generator.randrange(6)
                if choice == 0 and os.path.exists(self.path(name)):
                    os.remove(self.path(name))
                elif choice == 1:
                    self.file(name, generator.randbytes(1_000 + number * 200 + generator.randrange(100)))
            now = on_disk()
            for key in possible.keys() | now.keys():
                possible.setdefault(key, {None}).add(now.get(key))
            child = self.start("put", "--mirror", self.path("mirrored"), "bucket")
            try:
                _, err = child.communicate(timeout=generator.uniform(0, longest_s))
                self.assertEqual(0, child.returncode, err)
                possible = {key: {size} for key, size in now.items()}
                longest_s = max(0.05, longest_s * 0.8)
            except harness.subprocess.TimeoutExpired:
                child.kill()
                child.communicate()
                killed += 1
                longest_s = min(2.0, longest_s * 1.15)
            found = stored()
            for key in possible.keys() | found.keys():
                self.assertIn(found.get(key), possible.get(key, {None}), key)
        print(f"{killed} of 15 mirrors were killed", flush=True)
        self.assertGreater(killed, 2)
        self.atoll("put", "--mirror", self.path("mirrored"), "bucket")
        self.assertEqual(on_disk(), stored())
        self.assert_same_tree(self.path("mirrored"), self.restored("bucket"))
        verified = self.atoll("verify", "--data", "--json")
        self.assertEqual((0, 0), (verified.summary["damage"], verified.summary["lost"]))


if __name__ == "__main__":
    harness.main()
