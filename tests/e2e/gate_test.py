"""A bucket's gate with the real program on real files: bad data is set apart, improved, and passes; alone and through a
server, over copies and a new home, and by who may see and set what."""
import io
import json
import os
import shutil
import struct
import zipfile
import zlib

import harness
from harness import AtollTest
from serve_test import ServeTest

PDF = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
       b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>endobj\n")
GATE = "meta.quality_score>=0.9 and meta.instrument:* and readable"


def table(rows, column="temperature"):
    return f"time,{column}\n" + "".join(f"{i},{20 + i % 7}\n" for i in range(rows))


class Gate(AtollTest):
    def setUp(self):
        super().setUp()
        self.file("in/good.csv", table(40))
        self.file("in/low.csv", table(50))
        self.file("in/bare.csv", table(60))
        self.file("in/report.pdf", PDF)
        self.atoll("put", self.path("in"), "measurements")
        for name, score in (("good.csv", "0.95"), ("low.csv", "0.4"), ("report.pdf", "1")):
            self.atoll("tag", f"measurements/{name}", "--meta", f"quality_score={score}", "--meta", "instrument=N7")

    def reasons(self, *arguments):
        answer = self.atoll("--json", "quarantine", *arguments)
        return {one["key"]: [reason["words"] for reason in one["reasons"]] for one in answer.of_type("object")}

    def found(self, *arguments):
        return sorted(one["key"] for one in self.atoll("--json", "find", *arguments).of_type("object"))

    def test_bad_is_set_apart_fixed_and_passes(self):
        self.assertIn("has no gate", self.atoll("bucket", "gate", "measurements").text)
        self.assertIn("No gate is set", self.atoll("quarantine").errors)
        said = self.atoll("bucket", "gate", "measurements", "--require", GATE.replace(">=", " >= ")).text
        self.assertIn(GATE, said)
        self.assertIn("4 files judged: 1 passed, 3 in quarantine.", said)
        reasons = self.reasons()
        self.assertEqual(["bare.csv", "low.csv", "report.pdf"], sorted(reasons))
        self.assertEqual(["quality_score: no value, wanted >=0.9", "instrument: no value"], reasons["bare.csv"])
        self.assertEqual(["quality_score is 0.4, wanted >=0.9"], reasons["low.csv"])
        self.assertEqual(1, len(reasons["report.pdf"]))
        self.assertRegex(reasons["report.pdf"][0], "^could not be read.")
        words = self.atoll("quarantine", "measurements/low").text
        self.assertEqual("measurements/low.csv\n    quality_score is 0.4, wanted >=0.9\n", words)

        # Nothing is lost or refused.
        self.assertEqual(4, len(self.atoll("ls", "measurements").lines))
        self.assertEqual(table(50).encode(), self.atoll("cat", "measurements/low.csv").out)
        # By words and by conditions alone.
        for question in (["temperature"], ["name:*.csv"], ["--type", "csv"]):
            answer = self.atoll("find", *question)
            self.assertEqual(["measurements/good.csv"], answer.lines, question)
            self.assertIn("2 in quarantine are not shown: --quarantined shows them", answer.errors)
            self.assertEqual(2, self.atoll("--json", "find", *question).summary["quarantined_left_out"])
            shown = self.atoll("find", *question, "--quarantined")
            self.assertEqual(3, len([line for line in shown.lines if not line.startswith(" ")]))
            self.assertNotIn("not shown", shown.errors)
        self.assertIn("3 of 4 files that were judged are in quarantine.", self.atoll("stat").text)

        # Better facts, and a better file: judged again by itself.
        self.atoll("tag", "measurements/low.csv", "--meta", "quality_score=0.93")
        self.assertEqual(["good.csv", "low.csv"], self.found("temperature"))
        self.file("in2/bare.csv", table(60, "temperature,pressure"))
        self.atoll("put", self.path("in2"), "measurements", "--meta", "quality_score=0.99", "--meta", "instrument=N7")
        self.assertEqual(["report.pdf"], sorted(self.reasons()))
        self.assertEqual(["bare.csv", "good.csv", "low.csv"], self.found("temperature"))
        # And the other way.
        self.atoll("tag", "measurements/good.csv", "--meta", "quality_score=0.1")
        self.assertEqual(["bare.csv", "low.csv"], self.found("temperature"))
        self.assertEqual(["good.csv", "report.pdf"], sorted(self.reasons()))
        self.assertEqual(["good.csv"], [one["key"] for one in self.atoll("--json", "quarantine", "--limit", "1").of_type("object")])

    def test_what_was_cut_off_or_damaged_is_not_readable(self):
        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

        picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)) + \
            chunk(b"IDAT", zlib.compress(os.urandom(64 * 193))) + chunk(b"IEND", b"")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("a.txt", "all of it")
        sound = b"RIFF" + struct.pack("<I", 16036) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + \
            b"data" + struct.pack("<I", 16000) + bytes(16000)
        files = {"a.png": picture, "a.zip": archive.getvalue(), "a.wav": sound}
        for name, content in files.items():
            self.file("scans/whole-" + name, content)
            self.file("scans/cut-" + name, content[:-20])
        flipped = bytearray(picture)
        flipped[5000] ^= 1
        self.file("scans/flipped-a.png", bytes(flipped))
        self.atoll("put", self.path("scans"), "scans")
        self.atoll("bucket", "gate", "scans", "--require", "readable")
        reasons = self.reasons("scans")
        self.assertEqual(sorted(["flipped-a.png"] + ["cut-" + name for name in files]), sorted(reasons))
        self.assertEqual(['could not be read: It is cut off: its part "IDAT" is longer than what is there.'], reasons["cut-a.png"])
        self.assertEqual(['could not be read: It is damaged: the checksum of its part "IDAT" is wrong.'], reasons["flipped-a.png"])
        self.assertEqual(sorted("whole-" + name for name in files), self.found("--in", "scans"))
        # What its head says of itself is known all the same.
        self.atoll("bucket", "gate", "scans", "--require", "not name:*.png or meta.width=64")
        self.assertEqual({}, self.reasons("scans"))

    def test_a_rule_is_changed_removed_and_asked_of_contents(self):
        self.atoll("bucket", "gate", "measurements", "--require", "tag:checked")
        self.assertEqual([], self.found("temperature"))
        self.atoll("bucket", "gate", "measurements", "--require", "meta.column=temperature and meta.row_count>=50")
        self.assertEqual(["bare.csv", "low.csv"], self.found("temperature"))
        self.assertEqual(["row_count is 40, wanted >=50"], self.reasons()["good.csv"])
        self.assertIn("Nothing was changed", self.atoll("bucket", "gate", "measurements", "--none", "-n").errors)
        self.assertEqual(2, len(self.found("temperature")))
        self.atoll("bucket", "gate", "measurements", "--none")
        self.assertEqual(3, len(self.found("temperature")))
        self.assertEqual({}, self.reasons())
        self.assertNotIn("quarantine", self.atoll("find", "temperature").errors)

    def test_duplicates_leave_out_what_is_held_back(self):
        # Of three copies the first, which would be the one to keep, is in quarantine.
        for name in ("1", "2", "3"):
            self.file(f"in3/{name}.csv", table(70))
            self.atoll("put", self.path(f"in3/{name}.csv"), f"copies/{name}.csv")
        for name in ("2", "3"):
            self.atoll("tag", f"copies/{name}.csv", "checked=yes")
        self.atoll("bucket", "gate", "copies", "--require", "tag:checked")

        def groups(*arguments):
            answer = self.atoll("--json", "duplicates", "copies", *arguments)
            return [[one["key"] for one in group["members"]] for group in answer.of_type("group")], answer.summary["quarantined_left_out"]

        self.assertEqual(([["2.csv", "3.csv"]], 1), groups())
        self.assertEqual(([["1.csv", "2.csv", "3.csv"]], 0), groups("--quarantined"))
        self.assertIn("1 in quarantine was not compared: --quarantined takes it in", self.atoll("duplicates", "copies").errors)
        self.atoll("duplicates", "copies", "--remove")
        self.assertEqual(["1.csv", "2.csv"], sorted(self.atoll("ls", "copies").lines))

    def test_what_is_no_rule_is_refused_with_its_place(self):
        self.assertIn("column 1: there is no field", self.atoll("bucket", "gate", "measurements", "--require", "quality_score>=0.9", code=2).errors)
        self.assertIn("column 13", self.atoll("bucket", "gate", "measurements", "--require", "meta.a>=0.9 good", code=2).errors)
        self.assertIn("changes by itself", self.atoll("bucket", "gate", "measurements", "--require", "age<30d", code=2).errors)
        self.atoll("bucket", "gate", "measurements", "--require", "readable", "--none", code=2)
        self.atoll("bucket", "gate", "nothing", "--require", "readable", code=20)
        self.atoll("quarantine", "nothing", code=20)
        self.assertIn("has no gate", self.atoll("bucket", "gate", "measurements").text)

    def test_it_is_made_anew_with_the_index_and_comes_with_a_copy(self):
        self.atoll("bucket", "gate", "measurements", "--require", GATE)
        before = self.reasons()
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.atoll("copy", "add", self.path("copy"))
        self.atoll("copy", "sync")
        shutil.rmtree(f"{self.vault_folder()}/indexes")
        self.assertEqual(before, self.reasons())
        kit = next(name for name in harness.os.listdir(self.path("kit")) if name.endswith(".kit"))
        self.env["ATOLL_HOME"] = self.path("new-home")
        self.atoll("--kit", self.path("kit", kit), "--yes", "restore-home", "--from", self.path("copy"))
        self.assertIn(GATE, self.atoll("bucket", "gate", "measurements").text)
        self.assertEqual(before, self.reasons())


class GateOfServer(ServeTest):
    def setUp(self):
        super().setUp()
        self.file("in/good.csv", table(40))
        self.file("in/low.csv", table(50))
        self.atoll("put", self.path("in"), "measurements")
        self.atoll("tag", "measurements/good.csv", "checked=yes")

    def headers(self, token):
        with open(token, encoding="ascii") as file:
            return {"Authorization": "Bearer " + file.read().strip(), "Content-Type": "application/json"}

    def call(self, method, target, token, body=None, status=200):
        answer = self.ask(method, target, self.headers(token), None if body is None else json.dumps(body))
        self.assertEqual(status, answer.status, answer.content)
        return json.loads(answer.content) if answer.content else None

    def test_rest_page_and_figures(self):
        owner, reader = self.token("olga", "owner"), self.token("rita", "reader")
        self.serve()
        self.call("PUT", "/api/v1/buckets/measurements/gate", reader, {"require": "tag:checked"}, 403)
        self.call("PUT", "/api/v1/buckets/measurements/gate", owner, {"require": "tag:"}, 400)
        self.assertEqual("tag.checked:*", self.call("PUT", "/api/v1/buckets/measurements/gate", owner, {"require": "tag:checked"})["require"])
        # At once, followed or not.
        found = self.call("POST", "/api/v1/search", reader, {"query": "temperature", "wait_ms": 5000})
        self.assertEqual(["good.csv"], [one["key"] for one in found["results"]])
        by_filter = self.call("POST", "/api/v1/search", reader, {"filter": "name:*.csv"})
        self.assertEqual((["good.csv"], 1), ([one["key"] for one in by_filter["results"]], by_filter["quarantined_left_out"]))
        self.assertTrue(harness.wait_until(lambda: self.call("GET", "/api/v1/buckets/measurements/gate", owner).get("is_finished")))
        gate = self.call("GET", "/api/v1/buckets/measurements/gate", owner)
        self.assertEqual((2, 1, 1), (gate["judged"], gate["passed"], gate["quarantined"]))
        found = self.call("POST", "/api/v1/search", reader, {"query": "temperature"})
        self.assertEqual((1, True), (found["quarantined_left_out"], found["is_left_out_exact"]))
        found = self.call("POST", "/api/v1/search", reader, {"query": "temperature", "quarantined": True})
        self.assertEqual({"good.csv": False, "low.csv": True}, {one["key"]: one.get("is_quarantined", False) for one in found["results"]})
        listed = self.call("GET", "/api/v1/quarantine", reader)
        self.assertEqual(["low.csv"], [one["key"] for one in listed["objects"]])
        self.assertEqual("the tag checked: no value", listed["objects"][0]["reasons"][0]["words"])
        metrics = self.ask("GET", "/metrics", self.headers(owner)).content.decode()
        for stage, count in (("judged", 2), ("passed", 1), ("quarantined", 1)):
            self.assertRegex(metrics, r'atoll_gate_files\{vault="main",stage="%s"\} %d\b' % (stage, count))
        # The command goes to the server; a better tag is enough.
        self.atoll("tag", "measurements/low.csv", "checked=yes")
        self.assertTrue(harness.wait_until(lambda: self.call("GET", "/api/v1/quarantine", reader)["objects"] == []))
        self.assertIn("2 files judged: 2 passed, 0 in quarantine.", self.atoll("bucket", "gate", "measurements").text)
        self.call("DELETE", "/api/v1/buckets/measurements/gate", owner, status=204)
        self.assertEqual("", self.call("GET", "/api/v1/buckets/measurements/gate", owner)["require"])

    def test_a_filter_alone_is_answered_without_the_index_and_says_so(self):
        self.atoll("bucket", "gate", "measurements", "--require", "tag:checked")
        shutil.rmtree(f"{self.vault_folder()}/indexes/words")
        self.file(self.vault_folder() + "/indexes/words", b"in its place")
        owner = self.token("olga", "owner")
        self.serve()
        self.call("POST", "/api/v1/search", owner, {"query": "temperature"}, 503)
        found = self.call("POST", "/api/v1/search", owner, {"filter": "name:*.csv"})
        self.assertEqual(["good.csv", "low.csv"], [one["key"] for one in found["results"]])
        self.assertEqual((True, False), (found["is_unjudged"], found["is_left_out_exact"]))

    def test_who_sees_only_a_part_is_told_of_no_more(self):
        self.atoll("put", self.path("in"), "secret")
        self.atoll("bucket", "gate", "measurements", "--require", "tag:checked")
        self.atoll("bucket", "gate", "secret", "--require", "tag:checked")
        self.atoll("user", "add", "tim", "--no-password")
        self.atoll("grant", "add", "tim", "reader", "measurements")
        secret = self.file("tim.token", self.atoll("token", "create", "tim").out, 0o600)
        self.serve()
        found = self.call("POST", "/api/v1/search", secret, {"query": "temperature", "wait_ms": 5000})
        self.assertEqual((["measurements"], 1), ([one["bucket"] for one in found["results"]], found["quarantined_left_out"]))
        self.assertEqual({"measurements"}, {one["bucket"] for one in self.call("GET", "/api/v1/quarantine", secret)["objects"]})


if __name__ == "__main__":
    harness.main()
