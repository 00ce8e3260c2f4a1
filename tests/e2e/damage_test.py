"""Damage in every kind of file: found, healed where there is parity or a copy, and never given out as data."""
import os
import random
import shutil
import unittest

import harness
from harness import AtollTest


class Damage(AtollTest):
    def setUp(self):
        super().setUp()
        generator = random.Random(11)
        for number in range(40):
            self.file(f"source/{number % 4}/{number}", generator.randbytes(generator.randrange(1, 150_000)))
        for number in range(40):
            self.file(f"source/text/{number}", f"line of {number}\n" * generator.randrange(1, 2000))
        self.atoll("put", self.path("source"), "bucket")
        self.atoll("tag", "bucket/text/1", "colour=blue")
        self.listing = self.atoll("ls", "-r", "-l", "bucket").out

    def flip(self, path, offset):
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)
            file.seek(offset)
            file.write(bytes([byte[0] ^ 0x20]))

    def offsets(self, path, generator, count=4):
        size = os.path.getsize(path)
        return sorted({0, 9, size // 2, size - 1, *(generator.randrange(size) for _ in range(count))})

    def assert_everything_is_there(self):
        self.assertEqual(self.listing, self.atoll("ls", "-r", "-l", "bucket").out)
        self.assert_same_tree(self.path("source"), self.restored("bucket"))

    def heals(self, suffixes):
        generator = self.seed()
        paths = self.files_of_home(*suffixes)
        self.assertTrue(paths)
        # One path is enough for a byte each; all of them are hit in turn.
        number = 0
        for path in paths[:3]:
            for offset in self.offsets(path, generator):
                with self.subTest(path=os.path.basename(path), offset=offset, size=os.path.getsize(path)):
                    before = harness.hash_file(path)
                    self.flip(path, offset)
                    answer = self.atoll("verify", "--data", "--json", code=22)
                    self.assertGreaterEqual(answer.summary["damage"], 1)
                    self.assertEqual((0, 0), (answer.summary["not_healed"], answer.summary["lost"]), answer.text)
                    self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])
                    number += 1
                    if os.path.exists(path):
                        self.assertEqual(before, harness.hash_file(path))
        self.assertGreater(number, 4)
        self.assert_everything_is_there()

    def test_packs_heal(self):
        self.heals((".pack",))

    def test_journal_archives_heal(self):
        self.heals((".jseg",))

    def test_one_copy_of_keyring_and_head(self):
        for name in ("keyring", "keyring.2", "vault.head", "vault.head.2"):
            path = os.path.join(self.vault_folder(), name)
            for harm in ("flip", "empty", "gone"):
                with self.subTest(name=name, harm=harm):
                    if harm == "flip":
                        self.flip(path, os.path.getsize(path) // 2)
                    elif harm == "empty":
                        open(path, "wb").close()
                    else:
                        os.unlink(path)
                    self.assertEqual(self.listing, self.atoll("ls", "-r", "-l", "bucket").out)
                    # The first that may write mends it; what verify says about it is 0 (mended while opening) or 22.
                    self.atoll("verify", code=(0, 22))
                    self.atoll("verify")
                    self.assertGreater(os.path.getsize(path), 100)
        self.assert_everything_is_there()

    def test_derived_files_are_made_again(self):
        """A byte anywhere in the catalog or an index costs time, never an answer that is wrong."""
        generator = self.seed()
        for path in self.files_of_home("catalog.sqlite", ".run", "manifest"):
            for offset in self.offsets(path, generator, 2):
                with self.subTest(path=os.path.basename(path), offset=offset):
                    if not os.path.exists(path) or os.path.getsize(path) <= offset:
                        continue
                    self.flip(path, offset)
                    answer = self.atoll("ls", "-r", "-l", "bucket", code=None)
                    if answer.code != 0:  # said so, with the way out
                        self.assertEqual(22, answer.code, answer.errors)
                        self.assertRegex(answer.errors, "atoll (verify|doctor)")
                    else:
                        self.assertEqual(self.listing, answer.out)
                    try:
                        self.atoll("doctor", code=(0, 22))
                        self.assertEqual(self.listing, self.atoll("ls", "-r", "-l", "bucket").out)
                    except AssertionError:
                        self.atoll("doctor", "--rebuild", code=(0, 22))  # so that the next offset is tried by itself
                        raise
        self.assert_everything_is_there()
        self.atoll("verify", "--data")

    def test_all_derived_files_gone(self):
        catalog = os.path.join(self.vault_folder(), "catalog.sqlite")
        indexes = os.path.join(self.vault_folder(), "indexes")
        for first in (("ls", "-r", "-l", "bucket"), ("stat",), ("put", self.path("source"), "bucket"), ("verify", "--data"), ("cat", "bucket/text/1"),
                      ("find", "tag:colour=blue")):
            for what in ("catalog", "indexes", "both"):
                with self.subTest(first=first, what=what):
                    if what != "indexes":
                        for name in (catalog, catalog + "-wal", catalog + "-shm"):
                            if os.path.exists(name):
                                os.unlink(name)
                    if what != "catalog":
                        shutil.rmtree(indexes, ignore_errors=True)
                    self.atoll(*first)
                    self.assertEqual(self.listing, self.atoll("ls", "-r", "-l", "bucket").out)
        self.assertIn("colour", self.atoll("stat", "bucket/text/1").text)
        self.assert_everything_is_there()

    def test_doctor_rebuild(self):
        for _ in range(2):
            self.atoll("doctor", "--rebuild")
            self.assert_everything_is_there()
        summary = self.atoll("put", self.path("source"), "bucket", "--json").summary
        self.assertEqual(0, summary["bytes_stored"])

    def test_staging_and_lock_files_gone(self):
        folder = self.vault_folder()
        shutil.rmtree(os.path.join(folder, "staging"))
        for name in ("vault.lock", "vault.owner", "local.key"):
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        self.assert_everything_is_there()
        self.atoll("put", "-", "bucket/after", input=b"after")
        self.assertEqual(b"after", self.atoll("cat", "bucket/after").out)

    def test_what_cannot_be_healed_is_named_and_the_rest_is_given_back(self):
        for number in range(20):
            self.file(f"second/{number}", os.urandom(500_000))
        before = set(self.files_of_home(".pack"))
        self.atoll("put", self.path("second"), "second")
        pack = (set(self.files_of_home(".pack")) - before).pop()
        size = os.path.getsize(pack)
        with open(pack, "r+b") as file:  # far more than parity can make good
            file.seek(size // 4)
            file.write(os.urandom(size // 3))
        answer = self.atoll("verify", "--data", "--json", code=22)
        lost = [one["key"] for one in answer.of_type("lost")]
        self.assertGreater(len(lost), 3)
        self.assertLess(len(lost), 15)
        for key in lost[:2]:
            # What came before the damage may have gone out; wrong bytes never do.
            with open(self.path("second", key), "rb") as file:
                self.assertTrue(file.read().startswith(self.atoll("cat", f"second/{key}", code=22).out))
            self.atoll("get", f"second/{key}", code=22)
            self.assertFalse(os.path.exists(self.path(key)))
        target = self.path("back")
        restored = self.atoll("restore", "second", "--target", target, code=(3, 22))
        self.assertIn(lost[0], restored.errors)
        for number in range(20):
            if str(number) not in lost:
                self.assertEqual(harness.hash_file(self.path("second", str(number))), harness.hash_file(os.path.join(target, str(number))))
            else:
                self.assertFalse(os.path.exists(os.path.join(target, str(number))))
        self.assert_everything_is_there()
        # Put again, what was lost is there again.
        self.atoll("put", "--force", self.path("second"), "second")
        self.assert_same_tree(self.path("second"), self.restored("second"))

    def test_pack_gone(self):
        pack = self.files_of_home(".pack")[0]
        os.rename(pack, self.path("kept"))
        self.atoll("verify", "--data", code=22)
        self.atoll("restore", "bucket", "--target", self.path("back"), code=(3, 22))
        os.rename(self.path("kept"), pack)
        self.atoll("verify", "--data")
        self.assert_everything_is_there()


if __name__ == "__main__":
    harness.main()
