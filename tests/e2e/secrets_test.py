"""What opens a vault, what a vault's files tell without a key, and vaults beside each other."""
import json
import os
import pty
import shutil
import subprocess
import time
import unittest

import harness
from harness import AtollTest


class Keys(AtollTest):
    makes_home = False

    def test_password_file_command_and_variable(self):
        secret = self.file("secret", "Tr0ub4dor & 3\nsecond line is not part of it\n", mode=0o600)
        self.atoll("init", "--new-password-file", secret)
        self.assertFalse(os.path.exists(os.path.join(self.config, "atoll/keys")) and os.listdir(os.path.join(self.config, "atoll/keys")))
        self.atoll("put", "-", "bucket/x", "--password-file", secret, input=b"inside")
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--password-command", "cat '%s'" % secret).out)
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", env={"ATOLL_PASSWORD_FILE": secret}).out)
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", env={"ATOLL_PASSWORD_COMMAND": f"head -n1 {secret}"}).out)
        self.atoll("cat", "bucket/x", "--password-command", "false", code=(1, 12))
        self.atoll("cat", "bucket/x", "--password-file", self.path("missing"), code=(2, 20))
        empty = self.file("empty", "")
        self.atoll("cat", "bucket/x", "--password-file", empty, code=2)

    def test_passphrase_is_asked_on_a_terminal(self):
        secret = self.file("secret", "typed by hand\n")
        self.atoll("init", "--new-password-file", secret)
        self.atoll("put", "-", "bucket/x", "--password-file", secret, input=b"inside")
        ours, theirs = pty.openpty()
        child = self.start("cat", "bucket/x", stdin=theirs)
        time.sleep(0.5)
        os.write(ours, b"typed by hand\n")
        try:
            out, err = child.communicate(timeout=30)
        finally:
            os.close(ours)
            os.close(theirs)
        self.assertEqual((0, b"inside"), (child.returncode, out), err)

    def test_key_add_list_remove(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/x", input=b"inside")
        secret = self.file("secret", "a passphrase\n")
        self.atoll("key", "add", "--new-password-file", secret, "--label", "for travel")
        self.atoll("key", "add", "--new-key-file", self.path("stick.key"), "--label", "stick")
        self.assertEqual(0o600, os.stat(self.path("stick.key")).st_mode & 0o777)
        self.atoll("key", "add", code=2)
        listed = self.atoll("key", "list", "--json").of_type("key")
        self.assertEqual(["key file", "passphrase", "key file"], [one["kind"] for one in listed])
        self.assertEqual("for travel", listed[1]["label"])
        shutil.rmtree(self.config)
        self.atoll("cat", "bucket/x", code=12)
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--password-file", secret).out)
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--key-file", self.path("stick.key")).out)
        self.atoll("key", "remove", str(listed[1]["number"]), "--key-file", self.path("stick.key"), code=2)  # nobody to ask
        self.atoll("key", "remove", str(listed[1]["number"]), "--key-file", self.path("stick.key"), "--yes")
        self.atoll("cat", "bucket/x", "--password-file", secret, code=12)
        self.atoll("key", "remove", "99", "--key-file", self.path("stick.key"), "--yes", code=20)
        # The last way in is never taken away.
        self.atoll("key", "remove", str(listed[0]["number"]), "--key-file", self.path("stick.key"), "--yes")
        last = self.atoll("key", "remove", str(listed[2]["number"]), "--key-file", self.path("stick.key"), "--yes", code=None)
        self.assertNotEqual(0, last.code)
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--key-file", self.path("stick.key")).out)

    def test_kit_file_brings_back_a_keyring_that_is_gone(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/x", input=b"inside")
        self.atoll("key", "kit", "--to", self.path("stick"))
        kit = self.path("stick/atoll-kit-main.kit")
        shutil.rmtree(self.config)
        for folder, _, names in os.walk(self.home):
            for name in names:
                if name in ("keyring", "keyring.2"):
                    os.unlink(os.path.join(folder, name))
        self.atoll("cat", "bucket/x", "--kit", kit, code=10)  # nothing to open: said, not guessed
        self.atoll("doctor", "--kit", kit)
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--kit", kit).out)
        self.atoll("key", "add", "--new-key-file", self.path("new.key"), "--kit", kit)
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--key-file", self.path("new.key")).out)

    def test_kit_opens_when_everything_else_is_gone(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/x", input=b"inside")
        self.assertIn("kit", self.atoll("stat").text)
        self.atoll("key", "kit", "--to", os.path.join(self.home, "kit"), code=2)
        self.atoll("key", "kit", "--to", self.path("stick"))
        self.assertNotIn("kit.never_saved", self.atoll("stat", "--json").text)
        shutil.rmtree(self.config)
        self.atoll("cat", "bucket/x", code=12)
        for kit in sorted(os.listdir(self.path("stick"))):
            with self.subTest(kit=kit):
                self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--kit", self.path("stick", kit)).out)
        # From a copy of the home elsewhere, too.
        shutil.copytree(self.home, self.path("copied"))
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x", "--home", self.path("copied"), "--kit", self.path("stick/atoll-kit-main.kit")).out)
        with open(self.path("stick/atoll-kit-main.kit"), "rb") as file:
            kit = file.read()
        # The key in it has a check of its own: damaged it is refused, and damage elsewhere does not matter.
        for offset, codes in ((len(kit) // 2, (0,)), (kit.index(b"ATOLLKEY") - 10, (2, 12, 22))):
            broken = bytearray(kit)
            broken[offset] ^= 1
            self.atoll("cat", "bucket/x", "--kit", self.file("broken.kit", bytes(broken)), code=codes)

    def test_rotate(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/x", input=b"inside")
        self.atoll("key", "kit", "--to", self.path("old"))
        self.atoll("key", "rotate", "--yes")
        self.assertEqual(b"inside", self.atoll("cat", "bucket/x").out)
        self.assertIn("kit", self.atoll("stat").text)
        self.atoll("key", "kit", "--to", self.path("new"))
        self.atoll("put", "-", "bucket/y", input=b"later")
        self.atoll("verify", "--data")
        shutil.rmtree(self.config)
        self.atoll("cat", "bucket/x", "--kit", self.path("old/atoll-kit-main.kit"), code=12)
        self.assertEqual(b"later", self.atoll("cat", "bucket/y", "--kit", self.path("new/atoll-kit-main.kit")).out)

    def test_home_without_encryption(self):
        self.atoll("init", "--encryption", "none", code=2)
        self.atoll("init", "--encryption", "none", "--yes")
        self.atoll("put", "-", "bucket/x", input=b"inside" * 1000)
        shutil.rmtree(self.config, ignore_errors=True)
        self.assertEqual(b"inside" * 1000, self.atoll("cat", "bucket/x").out)
        self.atoll("verify", "--data")

    def test_files_are_for_their_owner_only(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/x", input=b"inside")
        for top in (self.home, os.path.join(self.config, "atoll")):
            for folder, folders, names in os.walk(top):
                for name in folders + names:
                    self.assertEqual(0, os.lstat(os.path.join(folder, name)).st_mode & 0o077, name)


class Unreadable(AtollTest):
    def test_no_name_word_or_tag_is_readable(self):
        words = {kind: f"{kind}quokkazebra" for kind in ("file", "folder", "content", "tag", "tagvalue", "meta", "metavalue", "bucket", "vault", "target", "xattr", "label", "deleted")}
        self.atoll("vault", "create", words["vault"])
        vault = ("--vault", words["vault"])
        self.file(f"source/{words['folder']}/{words['file']}.txt", (words["content"] + "\n") * 400)
        self.file(f"source/{words['deleted']}", b"x")
        os.symlink(words["target"], self.path("source/link"))
        os.setxattr(self.path("source", words["deleted"]), "user." + words["xattr"], words["xattr"].encode())
        self.atoll("put", self.path("source"), words["bucket"], *vault, "--tag", f"{words['tag']}={words['tagvalue']}", "--meta", f"{words['meta']}={words['metavalue']}")
        self.atoll("rm", f"{words['bucket']}/{words['deleted']}", *vault)
        self.atoll("key", "add", "--new-key-file", self.path("k"), "--label", words["label"], *vault)
        self.atoll("find", words["file"], *vault)
        self.atoll("journal", "checkpoint", *vault)
        self.atoll("doctor", "--rebuild", *vault)
        # Broken off, so that what is normally cleared away lies there too.
        child = self.start("put", "-", f"{words['bucket']}/{words['file']}2", *vault, stdin=subprocess.PIPE)
        child.stdin.write((words["content"] * 1_000).encode() + os.urandom(8 << 20))
        child.stdin.flush()
        time.sleep(0.3)
        child.kill()
        child.communicate()
        needles = {}
        for word in words.values():
            for form in (word, word.upper()):
                needles.update({form.encode(): word, form.encode("utf-16-le"): word, form.encode("utf-16-be"): word})
        files = self.files_of_home()
        self.assertGreater(len(files), 12)
        found = []
        for path in files:
            with open(path, "rb") as file:
                content = file.read()
            found += [(path, word) for needle, word in needles.items() if needle in content or needle in os.fsencode(path)]
        self.assertEqual([], found)
        # The test itself can find: without encryption the words are there.
        self.atoll("vault", "create", "open", "--encryption", "none", "--yes")
        self.atoll("put", self.path("source"), words["bucket"], "--vault", "open")
        plain = b""
        for path in set(self.files_of_home()) - set(files):
            with open(path, "rb") as file:
                plain += file.read()
        self.assertIn(words["file"].encode(), plain)


class Vaults(AtollTest):
    def test_two_vaults_and_deleting_one(self):
        self.atoll("vault", "create", "second")
        content = os.urandom(200_000)
        self.atoll("put", "-", "bucket/x", "--vault", "main", input=content)
        self.atoll("put", "-", "bucket/x", "--vault", "second", input=content)
        self.atoll("put", "-", "bucket/only-second", "--vault", "second", input=b"2")
        listed = {one["name"]: one["id"] for one in self.atoll("vault", "list", "--json").of_type("vault")}
        self.assertEqual({"main", "second"}, set(listed))
        self.assertIn("second", self.atoll("vault", "show", "second").text)
        # Nothing crosses: no object, and equal content is stored in each.
        self.atoll("cat", "bucket/only-second", "--vault", "main", code=20)
        sizes = {name: self.atoll("stat", "--vault", name, "--json").json()[0]["pack_bytes"] for name in listed}
        self.assertGreater(min(sizes.values()), len(content))
        self.atoll("vault", "rename", "second", "renamed")
        self.atoll("vault", "rename", "renamed", "main", code=21)
        self.assertEqual(content, self.atoll("cat", "bucket/x", "--vault", "renamed").out)

        folder = os.path.join(self.home, "vaults", listed["main"])
        hashes = lambda: {path: harness.hash_file(path) for path in self.files_of_home() if path.startswith(folder)}
        before = hashes()
        self.atoll("vault", "delete", "renamed", code=2)  # nobody to ask
        self.atoll("vault", "delete", "renamed", "-n")
        self.assertTrue(os.path.isdir(os.path.join(self.home, "vaults", listed["second"])))
        self.atoll("vault", "delete", "renamed", "--yes")
        self.assertFalse(os.path.exists(os.path.join(self.home, "vaults", listed["second"])))
        self.assertFalse(os.path.exists(os.path.join(self.config, "atoll/keys", listed["second"] + ".key")))
        self.assertEqual(before, hashes())
        self.assertEqual(content, self.atoll("cat", "bucket/x").out)
        self.atoll("vault", "delete", "renamed", "--yes", code=20)
        self.atoll("verify", "--data")

    def test_keys_open_only_their_vault(self):
        self.atoll("vault", "create", "second")
        keys = os.path.join(self.config, "atoll/keys")
        ids = {one["name"]: one["id"] for one in self.atoll("vault", "list", "--json").of_type("vault")}
        self.atoll("put", "-", "bucket/x", "--vault", "second", input=b"2")
        shutil.copy(os.path.join(keys, ids["main"] + ".key"), os.path.join(keys, ids["second"] + ".key"))
        self.atoll("cat", "bucket/x", "--vault", ids["second"], code=12)


if __name__ == "__main__":
    harness.main()
