"""Tiers: rules in the policy, what they would move, moving it, and what reads have to do with it."""
import os
import random
import threading
import time

import harness
from harness import AtollTest


def text_bytes(seed, size):
    generator = random.Random(seed)
    words = ["coral", "lagoon", "reef", "tide", "sand", "palm"]
    return " ".join(generator.choice(words) + str(generator.randrange(100)) for _ in range(size // 6)).encode()[:size]


class Tiers(AtollTest):
    def fill(self):
        for number in range(20):
            self.file(f"lab/logs/{number}.txt", text_bytes(number, 60_000))
        for number in range(4):
            self.file(f"lab/model/{number}.bin", random.Random(number).randbytes(400_000))
        self.atoll("put", self.path("lab"), "lab")
        return self.path("lab")

    def tiers(self, *address):
        return {one["tier"]: one for one in self.atoll("--json", "tier", "show", *address).of_type("tier")}

    def test_rules_are_checked_and_shown_in_words(self):
        self.atoll("bucket", "create", "lab")
        for bad in ("icy if age>1d", "cold", "cold if age>soon", "cold if age:1d", "cold if colour:red"):
            self.atoll("policy", "set", "lab", "--tier", bad, code=2)
        self.atoll("policy", "set", "lab", "--half-life", "3d", code=2)  # the vault's
        self.atoll("policy", "set", "lab", "--tier", "cold when age > 90d and accesses < 1", "--tier", "hot if name:*.db")
        self.atoll("policy", "set", "--half-life", "3d")
        words = self.atoll("policy", "show", "lab").text
        self.assertIn("cold if age>90d and accesses<1; hot if name:*.db; warm otherwise", words)
        self.assertIn("Accesses count half after 3 days.", words)
        shown = self.atoll("--json", "policy", "show", "lab").of_type("policy")[0]
        self.assertEqual(["cold if age>90d and accesses<1", "hot if name:*.db"], shown["tiers"])
        self.assertEqual(3 * 86400, shown["half_life_seconds"])
        self.atoll("policy", "set", "lab", "--tier", "none")
        self.assertNotIn("cold if", self.atoll("policy", "show", "lab").text)

    def test_plan_run_show(self):
        source = self.fill()
        before = self.tiers()
        self.assertEqual((0, 0), (before["hot"]["packs"], before["cold"]["packs"]))
        self.assertIn("Nothing lies in the wrong tier", self.atoll("tier", "plan").text)
        tried = self.atoll("--json", "tier", "plan", "lab", "--tier", "cold if key:logs/**").summary
        self.assertEqual(["cold"], [move["to"] for move in tried["moves"]])
        self.atoll("policy", "set", "lab", "--tier", "cold if key:logs/**", "--tier", "hot if name:*.bin")
        plan = self.atoll("--json", "tier", "plan")
        moves = {move["to"]: move for move in plan.summary["moves"]}
        self.assertEqual({"cold", "hot"}, set(moves))
        self.assertLess(moves["cold"]["stored_bytes_after"], moves["cold"]["stored_bytes"])
        bucket = plan.of_type("bucket")[0]
        self.assertEqual((20, 4, 24), (bucket["cold_objects"], bucket["hot_objects"], bucket["objects_elsewhere"]))
        self.assertEqual(before, self.tiers())  # only looked
        self.assertEqual(plan.summary["packs"], self.atoll("--json", "tier", "run", "-n").summary["packs"])
        report = self.atoll("--json", "tier", "run").summary
        self.assertEqual(plan.summary["packs"], report["packs_rewritten"])
        after = self.tiers("lab")
        self.assertEqual((20, 0, 4), tuple(after[tier]["objects"] for tier in ("cold", "warm", "hot")))
        self.assertLess(after["cold"]["stored_bytes"], 20 * 60_000 * 0.5)
        self.assertEqual(20, self.tiers("lab/logs")["cold"]["objects"])
        self.atoll("tier", "show", "lab/nothing", code=20)
        self.assertIn("Nothing lies in the wrong tier", self.atoll("tier", "run").text)
        self.assert_same_tree(source, self.restored("lab"))
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])
        self.atoll("gc")
        self.assertEqual(20, self.tiers("lab")["cold"]["objects"])
        self.atoll("doctor", "--rebuild")
        self.assertEqual(20, self.tiers("lab")["cold"]["objects"])
        self.atoll("policy", "set", "lab", "--tier", "hot if key:logs/**")
        self.atoll("tier", "run")
        after = self.tiers("lab")
        self.assertEqual((0, 4, 20), tuple(after[tier]["objects"] for tier in ("cold", "warm", "hot")))
        self.assert_same_tree(source, self.restored("lab"))

    def test_reads_count(self):
        self.fill()
        self.atoll("policy", "set", "lab", "--tier", "hot if accesses>=0.5", "--tier", "cold if name:*")
        self.atoll("tier", "run")
        self.assertEqual(24, self.tiers("lab")["cold"]["objects"])
        self.atoll("verify", "--data")
        self.atoll("drill")
        self.atoll("export", "lab", "--to", self.path("out"))
        self.assertEqual(0, len(self.atoll("find", "accesses>0").lines))  # nobody wanted these
        self.atoll("cat", "lab/logs/3.txt")
        self.atoll("get", "lab/model/1.bin", "-o", self.path("got"))
        self.atoll("restore", "lab/logs/5.txt", "--target", self.path("back"))
        found = self.atoll("find", "accesses>0.5").lines
        self.assertEqual(["lab/logs/3.txt", "lab/logs/5.txt", "lab/model/1.bin"], sorted(found))
        one = self.atoll("--json", "tier", "show", "lab/logs/3.txt").of_type("temperature")[0]
        self.assertEqual(("cold", "hot", "hot if accesses>=0.5"), (one["lies"], one["wanted"], one["rule"]))
        self.assertAlmostEqual(1, one["accesses"], places=2)
        self.assertIn("last_access", one)
        self.atoll("tier", "run", "--rewrite-from", "0")
        self.assertEqual(3, self.tiers("lab")["hot"]["objects"])
        self.assertIn("Accesses: 1.00, the last", self.atoll("tier", "show", "lab/logs/3.txt").text)
        # The counts stay where the catalog is made anew, and nothing else than wrong temperatures comes of losing them.
        self.atoll("doctor", "--rebuild")
        self.assertEqual(3, len(self.atoll("find", "accesses>0.5").lines))
        for path in self.files_of_home(""):
            if "/accesses/" in path:
                with open(path, "r+b") as file:
                    file.write(os.urandom(os.path.getsize(path)))
        self.atoll("tier", "run", "--rewrite-from", "0")
        self.assertEqual(24, self.tiers("lab")["cold"]["objects"])
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])

    def test_limit_and_going_on(self):
        for number in range(3):
            self.file("data", random.Random(number).randbytes(2_000_000))
            self.atoll("put", self.path("data"), f"docs/{number}")
        self.atoll("policy", "set", "--tier", "cold if name:*")
        self.atoll("tier", "run", "--limit", "0", code=2)
        self.atoll("tier", "run", "--limit", "much", code=2)
        first = self.atoll("--json", "tier", "run", "--limit", "2500kB").summary
        self.assertEqual((3, 1, 2), (first["packs"], first["packs_rewritten"], first["packs_not_reached"]))
        self.assertEqual(2, self.atoll("--json", "tier", "run").summary["packs_rewritten"])
        self.assertEqual(0, self.atoll("--json", "tier", "run").summary["packs"])

    def test_killed_anywhere_it_goes_on(self):
        source = self.fill()
        rules = ["cold if name:*", "hot if name:*"]
        for round_number in range(6):
            self.atoll("policy", "set", "--tier", rules[round_number % 2])
            running = self.start("tier", "run")
            time.sleep(0.004 * round_number ** 2)
            running.kill()
            running.communicate()
            self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])
        self.assert_same_tree(source, self.restored("lab"))
        self.atoll("tier", "run")
        self.assertEqual(24, self.tiers("lab")["hot"]["objects"])

    def test_readers_beside_it(self):
        source = self.fill()
        trouble = []
        stop = threading.Event()

        def read():
            number = 0
            while not stop.is_set() and not trouble:
                number = (number + 1) % 20
                with open(os.path.join(source, f"logs/{number}.txt"), "rb") as file:
                    expected = file.read()
                answer = self.start("cat", f"lab/logs/{number}.txt")
                out, _ = answer.communicate()
                if answer.returncode != 0 or out != expected:
                    trouble.append((number, answer.returncode))

        reader = threading.Thread(target=read)
        reader.start()
        for rule in ("cold if name:*", "hot if name:*", "none", "cold if name:*"):
            self.atoll("policy", "set", "--tier", rule)
            self.atoll("tier", "run")
        stop.set()
        reader.join()
        self.assertEqual([], trouble)
        self.assert_same_tree(source, self.restored("lab"))

    def test_it_runs_by_the_clock(self):
        self.fill()
        self.atoll("policy", "set", "--tier", "cold if name:*")
        self.atoll("schedule", "add", "tier run --limit 50GB", "--daily", "04:00", "--as", "tiers")
        self.atoll("schedule", "run", "tiers")
        self.assertEqual(24, self.tiers("lab")["cold"]["objects"])


if __name__ == "__main__":
    harness.main()
