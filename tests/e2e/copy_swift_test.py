"""A second copy in an S3 server that is not Atoll's own: OpenStack's Swift, as Debian has it. Made, kept up to date, checked,
healed, broken off in the middle and gone on with, and made a home of."""
import random
import unittest

import boto3
import swift_harness
from botocore.config import Config
from harness import AtollTest, main, remove_tree, wait_until

BUCKET = "safe"


@unittest.skipUnless(swift_harness.is_installed(), "needs Debian's python3-swift")
class CopySwiftTest(AtollTest):
    def setUp(self):
        super().setUp()
        self.swift = swift_harness.Swift(self.path("swift"))
        self.swift.start()
        self.addCleanup(self.swift.stop)
        # It takes no checksums in trailers, as servers of its time.
        self.s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.swift.port}", aws_access_key_id=swift_harness.ACCESS,
                               aws_secret_access_key=swift_harness.SECRET, region_name="us-east-1",
                               config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5}))
        self.s3.create_bucket(Bucket=BUCKET)
        self.keys = self.file("keys", f"[default]\naws_access_key_id = {swift_harness.ACCESS}\n"
                                      f"aws_secret_access_key = {swift_harness.SECRET}\n")
        self.reach = ("--endpoint", f"http://127.0.0.1:{self.swift.port}", "--credentials-file", self.keys)

    def fill(self, name, files=20, size=200_000, seed=1):
        source = random.Random(seed)
        for i in range(files):
            self.file(f"{name}/{i % 4}/file-{i}", source.randbytes(source.randrange(size)))
        return self.path(name)

    def add(self, *more, **options):
        return self.atoll("copy", "add", f"s3://{BUCKET}/homes/mine", "--as", "cloud", *self.reach, *more, **options)

    def copy(self):
        return {one["name"]: one for one in self.atoll("copy", "list", "--json").of_type("copy")}["cloud"]

    def objects(self):
        found = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="homes/mine/"):
            found += [one["Key"] for one in page.get("Contents", [])]
        return found

    def restore_home(self):
        remove_tree(self.home)
        remove_tree(self.config)
        self.atoll("restore-home", "--from", f"s3://{BUCKET}/homes/mine", *self.reach, "--kit", self.path("kit"))

    def test_made_checked_healed_and_restored_from(self):
        # More than a piece of 16 MiB, so that parts are put together within the server.
        tree = self.fill("tree", files=40, size=2_000_000)
        self.atoll("put", tree, "docs")
        self.add()
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.file("tree/later", "written after the copy was made")
        self.atoll("put", tree, "docs")
        self.assertEqual((0, True), (self.copy()["changes_behind"], self.copy()["reachable"]))
        self.assertEqual([], [key for key in self.objects() if ".open/" in key])
        self.atoll("copy", "verify", "cloud", "--data")
        pack = next(key for key in self.objects() if key.endswith(".pack"))
        body = bytearray(self.s3.get_object(Bucket=BUCKET, Key=pack)["Body"].read())
        body[len(body) // 2] ^= 0xFF
        self.s3.put_object(Bucket=BUCKET, Key=pack, Body=bytes(body))
        self.atoll("copy", "verify", "cloud", "--data", code=22)
        self.atoll("copy", "repair", "cloud", code=22)
        self.atoll("copy", "verify", "cloud", "--data")
        self.restore_home()
        self.atoll("verify", "--data")
        self.assert_same_tree(tree, self.restored("docs"))
        self.atoll("copy", "credentials", "cloud", "--credentials-file", self.keys)
        self.atoll("copy", "remove", "cloud", "--delete-files", "--yes")
        self.assertEqual([], self.objects())

    def test_killed_in_the_middle_and_away_for_a_while(self):
        self.add()
        self.atoll("key", "kit", "--to", self.path("kit"))
        tree = self.fill("tree", files=60, size=2_000_000)
        self.atoll("--no-copy", "put", tree, "docs")
        shipping = self.start("copy", "sync", "cloud")
        before = len(self.objects())
        self.assertTrue(wait_until(lambda: shipping.poll() is not None or len(self.objects()) > before, seconds=60, step=0.05))
        shipping.kill()
        shipping.communicate()
        self.swift.stop()
        self.file("tree/meanwhile", "while it was away")
        self.atoll("put", tree, "docs")
        self.assertFalse(self.copy()["reachable"])
        self.atoll("copy", "sync", "cloud", code=24)
        self.swift.start()
        self.atoll("copy", "sync", "cloud")
        self.assertEqual(0, self.copy()["changes_behind"])
        self.atoll("copy", "verify", "cloud", "--data")
        self.restore_home()
        self.atoll("verify", "--data")
        self.assert_same_tree(tree, self.restored("docs"))


if __name__ == "__main__":
    main()
