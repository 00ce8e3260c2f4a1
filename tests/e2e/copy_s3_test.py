"""A second copy in an S3 server: here that of another home. Kept up to date while it is written to, checked, healed,
and made a home of when the first machine is gone with everything on it."""
import os
import random
import signal
import socket
import threading
import time
import urllib.request

import boto3
from botocore.config import Config
from harness import AtollTest, main, remove_tree, wait_until

ACCESS, SECRET = "COPYTESTKEY000000000", "a-secret/with+signs=for-copies-0123456789"
BUCKET = "safe"


class CopyS3Test(AtollTest):
    def setUp(self):
        super().setUp()
        self.store = {"ATOLL_HOME": self.path("store-home"), "XDG_CONFIG_HOME": self.path("store-config")}
        self.atoll("init", env=self.store)
        self.port = self.free_port()
        self.start_store()
        self.s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id=ACCESS,
                               aws_secret_access_key=SECRET, region_name="us-east-1",
                               config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5}))
        self.s3.create_bucket(Bucket=BUCKET)
        self.keys = self.file("keys", f"[default]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {SECRET}\n")
        self.reach = ("--endpoint", f"http://127.0.0.1:{self.port}", "--credentials-file", self.keys)

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def start_server(self, port, **env):
        server = self.start("serve", "--listen", f"127.0.0.1:{port}", env=env)
        self.addCleanup(self.end, server)
        # Both pipes are read all the time, or a server that says much would stand still.
        for pipe in (server.stdout, server.stderr):
            threading.Thread(target=pipe.read, daemon=True).start()

        def answers():
            self.assertIsNone(server.poll(), "the server ended")
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").status == 200
            except OSError:
                return False
        self.assertTrue(wait_until(answers, seconds=30, step=0.05))
        return server

    def start_store(self):
        self.store_server = self.start_server(self.port, AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET,
                                              **self.store)

    @staticmethod
    def end(server):
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        server.wait(60)

    def fill(self, name, files=20, size=200_000, seed=1):
        source = random.Random(seed)
        for i in range(files):
            self.file(f"{name}/{i % 4}/file-{i}", source.randbytes(source.randrange(size)))
        return self.path(name)

    def add(self, *more, prefix="homes/mine", **options):
        return self.atoll("copy", "add", f"s3://{BUCKET}/{prefix}", "--as", "cloud", *self.reach, *more, **options)

    def copy(self):
        return {one["name"]: one for one in self.atoll("copy", "list", "--json").of_type("copy")}["cloud"]

    def objects(self, prefix="homes/mine/"):
        found = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
            found += [one["Key"] for one in page.get("Contents", [])]
        return found

    def lose_everything(self):
        remove_tree(self.home)
        remove_tree(self.config)

    def restore_home(self, *more, **options):
        return self.atoll("restore-home", "--from", f"s3://{BUCKET}/homes/mine", *self.reach, *more, "--json", **options)

    def test_the_first_disaster(self):
        tree = self.fill("tree", files=40, size=1_000_000)
        self.atoll("put", tree, "docs")
        told = self.add("-n")
        self.assertIn("will be shipped", told.errors)
        self.assertEqual([], self.objects())
        self.add("--price", "100", "--storage-class", "STANDARD_IA")
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.file("tree/later", "written after the copy was made")
        self.atoll("put", tree, "docs")
        last = self.copy()
        self.assertEqual((0, True, "STANDARD_IA"), (last["changes_behind"], last["reachable"], last["storage_class"]))
        self.assertGreater(last["cost_per_month"], 0)
        self.assertEqual([], [key for key in self.objects() if ".open/" in key])
        self.atoll("copy", "verify", "cloud", "--data")
        self.atoll("drill", "--copy", "cloud", "--kit", self.path("kit"))
        # No secret in the home, and what is kept of it is its owner's.
        kept = [os.path.join(top, name) for top, _, names in os.walk(self.config) for name in names
                if name.endswith(".credentials")]
        self.assertEqual([0o600], [os.stat(path).st_mode & 0o777 for path in kept])
        for path in self.files_of_home():
            with open(path, "rb") as file:
                self.assertNotIn(SECRET.encode(), file.read(), path)
        last = self.copy()  # what was checked was remembered, too
        self.lose_everything()
        self.assertEqual(last["lsn"], self.restore_home("--kit", self.path("kit")).summary["last_lsn"])
        self.assert_same_tree(tree, self.restored("docs"))
        self.atoll("verify", "--data")
        # The new home goes on, and the copy with it, once it has a key again.
        self.file("tree/after", "on the new machine")
        self.assertIn("copy credentials", self.atoll("copy", "sync", code=25).errors)
        self.atoll("copy", "credentials", "cloud", "--credentials-file", self.keys)
        self.atoll("put", tree, "docs")
        self.assertEqual(0, self.copy()["changes_behind"])
        self.atoll("copy", "verify", "cloud", "--data")
        self.atoll("copy", "remove", "cloud", "--delete-files", "--yes")
        self.assertEqual([], self.objects())

    def test_under_load_of_a_server_and_while_the_store_is_away(self):
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.add()
        self.atoll("key", "kit", "--to", self.path("kit"))
        port = self.free_port()
        server = self.start_server(port)
        for i in range(6):
            self.atoll("put", self.fill(f"tree/{i}", files=8, size=400_000, seed=i), f"docs/{i}")
            time.sleep(0.3)
        self.assertTrue(wait_until(lambda: self.copy()["changes_behind"] == 0, seconds=30, step=0.5))
        # The machine dies without a word: what is there makes a home, with packs that nobody sealed.
        server.kill()
        server.wait()
        before = self.copy()["lsn"]
        self.restore_home("--kit", self.path("kit"), "--home", self.path("half"))
        self.atoll("--home", self.path("half"), "verify", "--data")
        self.end(self.store_server)
        self.atoll("put", self.fill("tree/late", files=5, seed=99), "docs/late")
        away = self.copy()
        self.assertFalse(away["reachable"])
        self.assertGreater(away["changes_behind"], 0)
        self.assertEqual(before, away["lsn"])
        self.atoll("copy", "sync", "cloud", code=24)
        self.start_store()
        self.atoll("copy", "wait", "cloud")
        self.assertEqual(0, self.copy()["changes_behind"])
        self.lose_everything()
        self.restore_home("--kit", self.path("kit"))
        self.atoll("verify", "--data")
        self.assert_same_tree(self.path("tree"), self.restored("docs"), ignore=("mode", "mtime"))

    def test_what_the_shell_says_of_keys_goes_along_to_the_server(self):
        self.atoll("put", self.fill("tree", files=3), "docs")
        # The server has keys of its own in its environment, which are not meant.
        self.start_server(self.free_port(), AWS_ACCESS_KEY_ID=ACCESS[::-1], AWS_SECRET_ACCESS_KEY=SECRET[::-1])
        place = ("copy", "add", f"s3://{BUCKET}/homes/mine", "--as", "cloud")
        told = self.atoll(*place, "--endpoint", f"http://127.0.0.1:{self.port}", code=None)
        self.assertNotEqual(0, told.code)
        self.assertIn("no key for it is known here", told.errors)
        self.atoll(*place, env={"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET,
                                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}"})
        self.assertTrue(wait_until(lambda: self.copy()["changes_behind"] == 0))
        self.assertTrue(self.objects())
        # What only the shell has is said to be so: the server would open something else by that name.
        told = self.atoll("user", "add", "anna", "--new-password-file", "/dev/fd/0", code=2)
        self.assertIn("/dev/fd/0 is this shell's alone", told.errors)

    def test_what_is_lost_there_is_found_and_shipped_again(self):
        tree = self.fill("tree", files=30, size=1_000_000)
        self.atoll("put", tree, "docs")
        self.add()
        packs = [key for key in self.objects() if key.endswith(".pack")]
        body = bytearray(self.s3.get_object(Bucket=BUCKET, Key=packs[0])["Body"].read())
        body[len(body) // 2] ^= 0xFF
        self.s3.put_object(Bucket=BUCKET, Key=packs[0], Body=bytes(body))
        self.atoll("copy", "verify", "cloud", "--data", code=22)
        self.atoll("copy", "repair", "cloud", code=22)
        self.atoll("copy", "verify", "cloud", "--data")
        self.s3.put_object(Bucket=BUCKET, Key=packs[0], Body=bytes(body[:1000]))
        self.atoll("copy", "verify", "cloud", code=22)
        self.atoll("copy", "repair", "cloud", code=22)
        for key in self.objects():
            self.s3.delete_object(Bucket=BUCKET, Key=key)
        self.assertIn("copy repair", self.atoll("copy", "verify", "cloud", code=24).errors)
        self.file("tree/new", "x")
        self.assertIn("copy.json is missing", self.atoll("put", tree, "docs").errors)
        self.assertEqual([], self.objects())
        self.atoll("copy", "repair", "cloud", code=(0, 22))
        self.atoll("copy", "verify", "cloud", "--data")
        self.assertEqual(0, self.copy()["changes_behind"])

    def test_a_prefix_is_one_vaults_and_errors_say_what_to_do(self):
        self.atoll("put", self.fill("tree", files=2), "docs")
        self.add()
        other = {"ATOLL_HOME": self.path("other-home"), "XDG_CONFIG_HOME": self.path("other-config")}
        self.atoll("init", env=other)
        self.assertIn("another vault", self.add(env=other, code=21).errors)
        self.assertIn("already", self.add("--region", "us-east-1", code=21).errors)
        self.assertIn("no bucket", self.atoll("copy", "add", "s3://missing/x", *self.reach, code=24).errors)
        wrong = self.file("wrong", f"[default]\naws_access_key_id = {ACCESS}\naws_secret_access_key = wrong\n")
        answer = self.atoll("copy", "add", f"s3://{BUCKET}/x", "--endpoint", f"http://127.0.0.1:{self.port}",
                            "--credentials-file", wrong, code=25)
        self.assertIn("does not know this key", answer.errors)
        self.assertEqual([], self.objects("x"))
        # Two homes of one vault, each with changes of its own: the second is told, and nothing of the first is touched.
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.restore_home("--kit", self.path("kit"), "--home", self.path("twin"))
        self.file("tree/mine", "mine")
        self.atoll("put", self.path("tree"), "docs")
        before = self.objects()
        twin = self.start("--home", self.path("twin"), "put", self.path("tree"), "twins")
        _, told = twin.communicate()
        self.assertEqual(0, twin.returncode)
        self.assertIn(b"change", told)
        self.assertEqual(before, self.objects())
        self.atoll("copy", "verify", "cloud", "--data")


if __name__ == "__main__":
    main()
