"""Each verb on objects: put - and cat, get, ls, find, rm, cp, mv, tag, tables, JSON, help, completion."""
import os
import re
import subprocess
import time
import unittest

import harness
from harness import AtollTest


class Objects(AtollTest):
    def setUp(self):
        super().setUp()
        for name, content in (("a.txt", "alpha"), ("b.jpg", "B" * 5000), ("sub/c.txt", "gamma"), ("sub/deep/d.txt", "delta"), ("other/e.csv", "x,y\n")):
            self.file("source/" + name, content)
        os.utime(self.path("source/a.txt"), (1_400_000_000, 1_400_000_000))
        self.atoll("put", self.path("source"), "bucket")

    def keys(self, *arguments):
        return [one["key"] for one in self.atoll("ls", "-r", *arguments, "--json").of_type("object") if one["type"] == "file"]

    def test_put_standard_input_and_cat(self):
        content = os.urandom(3_000_000) + b"\0\n\r\xff"
        self.atoll("put", "-", "stream/some/key", input=content)
        self.assertEqual(content, self.atoll("cat", "stream/some/key").out)
        self.atoll("put", "-", "stream/empty", input=b"")
        self.assertEqual(b"", self.atoll("cat", "stream/empty").out)
        self.atoll("put", "-", "stream", input=b"x", code=2)
        self.atoll("put", "-", "stream/some/key", input=b"second")
        self.assertEqual(b"second", self.atoll("cat", "stream/some/key").out)
        self.assertEqual(2, self.atoll("stat", "stream/some/key", "--json").json()[0]["versions"])

    def test_cat_into_a_closed_pipe(self):
        self.atoll("put", "-", "stream/large", input=b"0123456789" * 500_000)
        child = self.start("cat", "stream/large")
        child.stdout.read(10)
        child.stdout.close()
        errors = child.stderr.read()
        self.assertIn(child.wait(60), (0, -13, 141))
        child.stderr.close()
        self.assertEqual(b"", errors)

    def test_get(self):
        self.atoll("get", "bucket/sub/c.txt")
        with open(self.path("c.txt"), "rb") as file:
            self.assertEqual(b"gamma", file.read())
        self.atoll("get", "bucket/sub/c.txt", code=21)
        self.atoll("get", "bucket/sub/c.txt", "--overwrite")
        self.atoll("get", "bucket/a.txt", "-o", self.path("named"))
        self.assertEqual(1_400_000_000, int(os.stat(self.path("named")).st_mtime))
        os.mkdir(self.path("into"))
        self.atoll("get", "bucket/a.txt", "-o", self.path("into") + "/")
        self.assertEqual(["a.txt"], os.listdir(self.path("into")))
        self.atoll("get", "bucket/nothing", code=20)
        self.assertEqual([], [name for name in os.listdir(self.folder) if "part" in name])

    def test_ls(self):
        self.assertEqual(["a.txt", "b.jpg", "other/e.csv", "sub/c.txt", "sub/deep/d.txt"], self.keys("bucket"))
        self.assertEqual(["a.txt", "b.jpg", "other/", "sub/"], self.atoll("ls", "bucket").lines)
        self.assertEqual(["c.txt", "deep/"], self.atoll("ls", "bucket/sub").lines)
        self.assertEqual(["c.txt", "deep/"], self.atoll("ls", "bucket/sub/").lines)
        self.assertEqual(["a.txt"], self.atoll("ls", "bucket/a.txt").lines)
        self.assertEqual(2, len(self.atoll("ls", "-r", "bucket", "--limit", "2").lines))
        self.assertEqual(1, len(self.atoll("ls", "bucket", "--limit", "1").lines))
        self.assertRegex(self.atoll("ls", "-l", "bucket/b.jpg").text, r" 5(\.0)? kB ")
        self.assertEqual([("bucket", 5014 + 5)], [(one["name"], one["bytes"]) for one in self.atoll("ls", "--json").of_type("bucket")])
        self.atoll("ls", "bucket/none", code=20)
        self.atoll("ls", "nobucket", code=20)

    def test_find(self):
        self.atoll("tag", "bucket/a.txt", "colour=blue", "--meta", "temperature=21.5")

        def found(*words):
            answer = self.atoll("find", *words, "--json")
            names = [one["key"] for one in answer.of_type("object")]
            self.assertEqual(len(names), answer.summary["found"])
            return names

        self.assertEqual(["a.txt", "sub/c.txt", "sub/deep/d.txt"], found("name:*.txt"))
        self.assertEqual(["b.jpg"], found("size>4kB", "type:file"))
        self.assertEqual(["a.txt"], found("modified:2014"))
        self.assertEqual(["a.txt"], found("tag:colour=blue"))
        self.assertEqual(["a.txt"], found("meta.temperature>=20"))
        self.assertEqual([], found("meta.temperature>=22"))
        self.assertEqual(["other/e.csv", "sub/c.txt"], found("key:other/e.csv", "or", "key:sub/c.txt"))
        self.assertEqual(["other/", "sub/", "sub/deep/"], found("type:directory"))
        self.assertEqual(["b.jpg", "other/e.csv"], found("type:file and not name:*.txt"))
        self.assertEqual(["sub/c.txt", "sub/deep/d.txt"], found("--in", "bucket/sub/", "type:file"))
        self.assertEqual(["sub/deep/", "sub/deep/d.txt"], found("key:sub/deep/**"))
        self.assertEqual(1, len(found("name:*.txt", "--limit", "1")))
        self.assertEqual(b"bucket/b.jpg\0", self.atoll("find", "-0", "name:*.jpg").out)
        wrong = self.atoll("find", "colour:red", code=2)
        self.assertIn("column", wrong.errors)
        self.atoll("find", "(name:x", code=2)

    def test_rm(self):
        self.atoll("rm", "-n", "bucket/a.txt")
        self.assertIn("a.txt", self.keys("bucket"))
        self.atoll("rm", "bucket/a.txt")
        self.assertNotIn("a.txt", self.keys("bucket"))
        self.atoll("rm", "bucket/a.txt", code=20)
        self.assertIn("a.txt", self.keys("bucket", "--deleted"))
        self.atoll("rm", "bucket", code=2)
        self.atoll("rm", "-r", "-n", "bucket/sub")
        self.assertIn("sub/c.txt", self.keys("bucket"))
        self.atoll("rm", "-r", "bucket/sub")
        self.assertEqual(["b.jpg", "other/e.csv"], self.keys("bucket"))
        # A deleted object comes back by storing it again, with its history.
        self.atoll("put", self.path("source"), "bucket")
        self.assertEqual(b"alpha", self.atoll("cat", "bucket/a.txt").out)
        self.atoll("rm", "-r", "bucket")
        self.assertEqual([], self.keys("bucket"))
        self.assertEqual(5, len(self.keys("bucket", "--deleted")))

    def test_cp_and_mv(self):
        self.atoll("cp", "bucket/a.txt", "bucket/copy.txt")
        self.assertEqual(b"alpha", self.atoll("cat", "bucket/copy.txt").out)
        self.assertEqual(b"alpha", self.atoll("cat", "bucket/a.txt").out)
        self.atoll("cp", "bucket/b.jpg", "bucket/copy.txt", code=21)
        self.atoll("cp", "-f", "bucket/b.jpg", "bucket/copy.txt")
        self.assertEqual(5000, len(self.atoll("cat", "bucket/copy.txt").out))
        self.atoll("cp", "bucket/a.txt", "bucket/sub/")
        self.assertEqual(b"alpha", self.atoll("cat", "bucket/sub/a.txt").out)
        self.atoll("mv", "-n", "bucket/a.txt", "bucket/moved")
        self.assertIn("a.txt", self.keys("bucket"))
        self.atoll("mv", "bucket/a.txt", "bucket/moved")
        self.assertEqual(b"alpha", self.atoll("cat", "bucket/moved").out)
        self.atoll("cat", "bucket/a.txt", code=20)
        self.atoll("mv", "-r", "bucket/sub", "bucket/elsewhere/sub")
        self.assertEqual(b"delta", self.atoll("cat", "bucket/elsewhere/sub/deep/d.txt").out)
        self.atoll("ls", "bucket/sub", code=20)
        self.atoll("cp", "bucket/nothing", "bucket/x", code=20)
        self.assertEqual(self.keys("bucket"), sorted(self.keys("bucket")))

    def test_tags(self):
        self.atoll("tag", "bucket/a.txt", "colour=blue", "mood=good")
        self.assertEqual({"colour": "blue", "mood": "good"}, self.atoll("stat", "bucket/a.txt", "--json").json()[0]["tags"])
        self.atoll("tag", "bucket/a.txt", "--remove", "mood")
        self.assertEqual({"colour": "blue"}, self.atoll("stat", "bucket/a.txt", "--json").json()[0]["tags"])
        self.atoll("tag", "-r", "bucket/sub", "set=one")
        self.assertIn("sub/deep/d.txt", [one["key"] for one in self.atoll("find", "tag:set=one", "--json").of_type("object")])
        self.atoll("tag", "bucket/a.txt", code=2)
        self.atoll("tag", "bucket/a.txt", "nonsense", code=2)
        self.atoll("tag", "bucket/none", "a=b", code=20)
        # A put of the unchanged folder keeps what was tagged.
        self.atoll("put", self.path("source"), "bucket")
        self.assertEqual({"colour": "blue"}, self.atoll("stat", "bucket/a.txt", "--json").json()[0]["tags"])

    def test_table_of_metadata(self):
        table = self.file("table.csv", '\ufeffpath,temperature,remark\r\na.txt,21.5,"with, comma and ""quotes"""\r\nsub/c.txt,-3,\r\nmissing.txt,1,gone\r\n'.encode())
        tried = self.atoll("tag", "bucket", "--table", table, "-n", code=3)
        self.assertIn("missing.txt", tried.errors)
        self.assertEqual({}, self.atoll("stat", "bucket/a.txt", "--json").json()[0]["metadata"])
        done = self.atoll("tag", "bucket", "--table", table, code=3)
        self.assertIn("missing.txt", done.errors)
        self.assertEqual({"temperature": "21.5", "remark": 'with, comma and "quotes"'},
                         self.atoll("stat", "bucket/a.txt", "--json").json()[0]["metadata"])
        self.assertEqual(["sub/c.txt"], [one["key"] for one in self.atoll("find", "meta.temperature<0", "--json").of_type("object")])
        # The same with put.
        dry = self.atoll("put", self.path("source"), "tabled", "--table", table, "-n")
        self.assertIn("missing.txt", dry.errors)
        self.atoll("ls", "tabled", code=20)
        put = self.atoll("put", self.path("source"), "tabled", "--table", table, "--tag", "from=lab", "--meta", "run=7", code=None)
        self.assertIn(put.code, (0, 3))
        self.assertIn("missing.txt", put.errors)
        about = self.atoll("stat", "tabled/a.txt", "--json").json()[0]
        self.assertEqual(("21.5", "7", "lab"), (about["metadata"]["temperature"], about["metadata"]["run"], about["tags"]["from"]))
        bad = self.file("bad.csv", 'path,x\n"open,1\n')
        self.assertIn("line", self.atoll("tag", "bucket", "--table", bad, code=2).errors)

    def test_dry_put_changes_nothing(self):
        before = {path: harness.hash_file(path) for path in self.files_of_home(".jseg", ".pack", ".wal", "keyring")}
        self.file("source/new", b"new")
        answer = self.atoll("put", "-n", self.path("source"), "bucket", "--json")
        self.assertEqual((1, True), (answer.summary["files_new"], answer.summary["dry_run"]))
        self.assertEqual(before, {path: harness.hash_file(path) for path in self.files_of_home(".jseg", ".pack", ".wal", "keyring")})
        self.atoll("cat", "bucket/new", code=20)

    def test_every_line_is_json(self):
        for arguments in (("put", self.path("source"), "again"), ("restore", "bucket", "--target", self.path("out")), ("ls",), ("ls", "-r", "bucket"),
                          ("find", "name:*"), ("stat",), ("stat", "bucket/a.txt"), ("verify", "--data"), ("vault", "list"), ("vault", "show"),
                          ("key", "list"), ("journal", "show"), ("journal", "cat", "3"), ("rm", "-n", "bucket/a.txt"), ("cp", "bucket/a.txt", "bucket/z")):
            with self.subTest(arguments=arguments):
                self.assertTrue(self.atoll(*arguments, "--json").json())
        wrong = self.atoll("cat", "bucket/none", "--json", code=20)
        last = harness.json.loads(wrong.errors.splitlines()[-1])
        self.assertEqual(("exit_error", 20), (last["message_type"], last["code"]))
        # Names that are no UTF-8 have a second, exact spelling.
        self.file(b"odd/\xff\n", b"odd")
        self.atoll("put", self.path("odd"), "odd-names")
        import base64
        keys = [base64.b64decode(one["key_b64"]) for one in self.atoll("ls", "-r", "odd-names", "--json").of_type("object") if "key_b64" in one]
        self.assertEqual([b"\xff\n"], keys)

    def test_quiet(self):
        answer = self.atoll("put", "-q", self.path("source"), "bucket")
        self.assertEqual((b"", b""), (answer.out, answer.err))

    def test_journal_tells_what_happened(self):
        self.atoll("tag", "bucket/a.txt", "colour=blue")
        commands = self.atoll("journal", "show", "--json").of_type("command")
        self.assertEqual(list(range(1, len(commands) + 1)), [one["lsn"] for one in commands])
        self.assertTrue(any("a.txt" in self.atoll("journal", "cat", str(one["lsn"])).text for one in commands))
        self.assertTrue(self.atoll("journal", "cat", str(commands[-1]["lsn"]), "--json").of_type("row"))
        self.atoll("journal", "cat", "99999", code=20)
        self.atoll("journal", "checkpoint")
        self.atoll("doctor", "--rebuild")
        self.assertEqual({"colour": "blue"}, self.atoll("stat", "bucket/a.txt", "--json").json()[0]["tags"])


class WithoutHome(AtollTest):
    makes_home = False

    def verbs(self, *above):
        text = self.atoll(*above, "--help").text
        return re.findall(r"^  ([a-z][a-z-]*)  ", text[text.index("Subcommands:"):], re.M) if "Subcommands:" in text else []

    def test_help_of_every_verb(self):
        verbs = self.verbs()
        self.assertLessEqual({"init", "put", "restore", "ls", "cat", "get", "rm", "cp", "mv", "tag", "find", "verify", "doctor", "vault", "key"}, set(verbs))
        for verb in verbs:
            self.assertIn("Usage", self.atoll(verb, "--help").text)
            for below in self.verbs(verb):
                self.assertIn("Usage", self.atoll(verb, below, "--help").text)
        self.assertTrue(self.atoll("--version").text.startswith("atoll "))
        self.assertFalse(os.path.exists(self.home))

    def test_completion(self):
        for shell, checker in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
            script = self.atoll("completion", shell).out
            self.assertIn(b"restore", script)
            try:
                done = subprocess.run(checker, input=script, capture_output=True)
            except FileNotFoundError:
                self.assertNotEqual("bash", shell)
                continue
            self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.atoll("completion", "cmd", code=2)

    def test_bucket_names(self):
        self.assertEqual("my-photos", self.atoll("bucket-name", "/x/My Photos").text.strip())
        for folder in ("/", ".", "/x/a", "/x/ÜÄÖ", "/x/" + "long" * 50, "/x/-_-", "/x/\n"):
            name = self.atoll("bucket-name", folder).text.strip()
            self.assertRegex(name, r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")


if __name__ == "__main__":
    harness.main()
