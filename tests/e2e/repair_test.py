"""What a disk loses under a running server is mended from a copy by itself: the alarm is raised, the repair begins, and
what was stored is served again."""
import json
import os
import re
import shutil

import harness
import s3_signing
from harness import wait_until
from rest_test import RestTest


class Repair(RestTest):
    def setUp(self):
        super().setUp()
        with open(self.path("serve.log"), encoding="utf-8") as file:
            said = file.read()
        self.key = s3_signing.Key(re.search(r"^  access key id +(\S+)$", said, re.M).group(1),
                                  re.search(r"^  secret access key +(\S+)$", said, re.M).group(1))
        self.make_bucket()
        self.contents = {f"file-{number}": os.urandom(700_000) for number in range(3)}
        for key, content in self.contents.items():
            self.put(key, content)
            self.restart()  # a pack each, whole
        self.assertEqual(3, len(self.files_of_home(".pack")))

    def restart(self, *options):
        self.stop()
        self.serve(*options)

    def make_copy(self):
        os.mkdir(self.path("disk"))
        self.json("POST", "/api/v1/copies", {"place": self.path("disk", "copy"), "name": "usb"}, 202)
        self.wait_for_jobs("copy_sync")
        self.assertEqual(3, len(self.packs_of_copy()))

    def packs_of_copy(self):
        return [os.path.join(top, name) for top, _, names in os.walk(self.path("disk")) for name in names if name.endswith(".pack")]

    def packs_folder(self):
        folder = os.path.dirname(os.path.dirname(self.files_of_home(".pack")[0]))
        self.assertEqual("packs", os.path.basename(folder))
        return folder

    def jobs(self, kind):
        return [one for one in self.json("GET", "/api/v1/jobs")["jobs"] if one["kind"] == kind]

    def wait_for_jobs(self, kind):
        self.assertTrue(wait_until(lambda: self.jobs(kind) and all("ended" in one for one in self.jobs(kind)), 60, 0.1), self.jobs(kind))
        for one in self.jobs(kind):
            self.assertEqual("done", one["state"], one)

    @staticmethod
    def ruin(paths):
        for path in paths:
            with open(path, "r+b") as file:
                broken = bytearray(file.read())
                broken[4096::7] = b"\xff" * len(broken[4096::7])
                file.seek(0)
                file.write(broken)

    def get(self, key):
        return self.ask("GET", "/api/v1/buckets/photos/objects/" + key)

    def alarm(self, name):
        found = [one for one in self.json("GET", "/api/v1/alarms")["alarms"] if one["name"] == name and one["level"] in ("warning", "critical")]
        return found[0] if found else None

    def assert_healed(self, begin=None, jobs_before=0):
        def is_healed():
            if begin:
                begin()
            return len(self.jobs("repair")) > jobs_before and self.alarm("healed_read") and not self.alarm("damaged_read")
        self.assertTrue(wait_until(is_healed, 120, 0.2), (self.jobs("repair"), self.alarm("damaged_read")))
        self.assertIn("healed from copy usb", self.alarm("healed_read")["words"])
        changes = [(one["name"], one["to"]) for one in self.json("GET", "/api/v1/alarms/history")["changes"]]
        self.assertIn(("damaged_read", "critical"), changes)
        for key, content in self.contents.items():
            self.assertEqual(content, self.get(key).data)
        for one in self.jobs("repair"):
            self.assertEqual(("server", "done"), (one["actor"], one["state"]), one)
        # And for whoever comes after this server.
        self.restart()
        for key, content in self.contents.items():
            self.assertEqual(content, self.get(key).data)
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])

    def test_a_damaged_pack(self):
        self.make_copy()
        self.restart()
        self.ruin(self.files_of_home(".pack")[:1])
        self.assertEqual(1, [self.get(key).status for key in self.contents].count(500))
        self.assert_healed()

    def test_a_pack_that_is_gone_and_then_the_whole_folder(self):
        self.make_copy()
        self.restart()
        os.unlink(self.files_of_home(".pack")[1])
        self.assert_healed(lambda: [self.get(key) for key in self.contents])
        jobs = len(self.jobs("repair"))
        shutil.rmtree(self.packs_folder())
        self.assert_healed(lambda: [self.get(key) for key in self.contents], jobs)
        self.assertEqual(3, len(self.files_of_home(".pack")))

    def test_a_server_that_starts_on_an_emptied_disk(self):
        self.make_copy()
        self.stop()
        shutil.rmtree(self.packs_folder())
        self.serve()
        self.assert_healed()

    def assert_s3_says_so(self, key):
        target = "/photos/" + key
        answer = self.ask("GET", target, headers=self.key.headers("GET", target, f"127.0.0.1:{self.port}"), token=False)
        self.assertEqual(500, answer.status, answer.data)
        words = answer.data.decode()
        self.assertIn("<Code>InternalError</Code>", words)
        self.assertIn("damaged on the server&apos;s disk" if "&apos;" in words else "damaged on the server's disk", words)
        self.assertIn("try again in some minutes", words)
        self.assertNotIn(self.folder, words)

    def test_without_a_copy_the_alarm_says_so(self):
        self.ruin(self.files_of_home(".pack"))
        for key in self.contents:
            answer = self.get(key)
            self.assertEqual(500, answer.status)
            self.assertIn("is not what was written", json.loads(answer.data)["detail"])
            self.assert_s3_says_so(key)
        self.assertTrue(wait_until(lambda: "No copy is kept" in (self.alarm("damaged_read") or {"words": ""})["words"], 60, 0.2),
                        self.alarm("damaged_read"))
        self.assertEqual([], self.jobs("repair"))

    def test_turned_off_it_is_only_told(self):
        self.make_copy()
        self.restart("--repair", "off")
        self.ruin(self.files_of_home(".pack"))
        self.assertEqual(500, self.get("file-0").status)
        self.assertTrue(wait_until(lambda: self.alarm("damaged_read"), 60, 0.2))
        self.assertEqual([], self.jobs("repair"))
        self.assertEqual(500, self.get("file-0").status)
        self.json("POST", "/api/v1/copies/usb/repair", status=202)
        self.wait_for_jobs("copy_repair")
        self.assertEqual(self.contents["file-0"], self.get("file-0").data)


if __name__ == "__main__":
    harness.main()
