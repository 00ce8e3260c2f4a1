"""tools/rescue.py, which shares no code with the program: what it takes out of a vault is what `atoll restore` gives, byte
for byte and fact for fact, also out of a home that was killed, damaged, or has lost all that is derived. And the examples
of the format pages are what the pages say.
"""
import ast
import base64
import collections
import contextlib
import importlib.util
import io
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import cryptography  # noqa: F401
    import lz4.block  # noqa: F401
    import zstandard  # noqa: F401
except ImportError:
    # Another Python stands before Debian's, which has the packages (tools/packages.sh).
    if os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3"):
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

import harness
from harness import AtollTest

RESCUE = os.path.join(harness.SOURCE, "tools/rescue.py")
FORMATS = os.path.join(harness.SOURCE, "spec/formats")
DAMAGE_ROUNDS = int(os.environ.get("ATOLL_DAMAGE_ROUNDS", "40"))
DERIVED = ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm", "indexes", "local.key", "staging", "vault.lock", "vault.owner")


def load_module():
    spec = importlib.util.spec_from_file_location("rescue", RESCUE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rescue = load_module()


class Pages(unittest.TestCase):
    """The worked examples of spec/formats, read from the pages themselves."""

    def page(self, name):
        with open(os.path.join(FORMATS, name), encoding="utf-8") as file:
            return file.read()

    def hexadecimal(self, page, begin):
        """The indented block of hexadecimal lines that begins so."""
        found = re.search(rf"(?:^    {begin}[0-9a-f]*\n)(?:    [0-9a-f]+\n?)*", self.page(page), re.M)
        self.assertTrue(found, f"{page} has no block that begins with {begin}")
        return bytes.fromhex("".join(found[0].split()))

    def test_digests(self):
        self.assertEqual(0xE3069283, rescue.crc32c(b"123456789"))
        self.assertEqual(rescue.crc32c(b"123456789abc"), rescue.crc32c(b"6789abc", rescue.crc32c(b"12345")))
        # From BLAKE3's own test vectors: bytes 0, 1, .. 250, 0, 1, ..; over one block, one chunk, and two levels of a tree.
        for size, start in ((0, "af1349b9f5f9a1a6"), (1, "2d3adedff11b61f1"), (1023, "10108970eeda3eb9"), (1024, "42214739f095a406"), (1025, "d00278ae47eb27b3"),
                            (2049, "5f4d72f40d7a5f82"), (3072, "b98cb0ff3623be03"), (8193, "bab6c09cb8ce8cf4")):
            self.assertEqual(start, rescue.blake3(bytes(i % 251 for i in range(size)))[:8].hex(), size)
        nonce = bytes.fromhex("0102030405060708090a0b0c")
        self.assertEqual("155e7407260cb9a169d1c47b0fd632a3", rescue.blake3(nonce + struct.pack("<Q", 3) + b"aad" + b"clear text")[:16].hex())

    def test_keyring(self):
        frame = rescue.read_frame(self.hexadecimal("keyring.md", "41544f4c4c4b4559"), b"ATOLLKEY", "the page's keyring")
        kit = rescue.kit_of_page(self.page("keyring.md").encode())
        self.assertEqual("5596f333458cb32fe8d5c8e7cce14d5fcd291e463bf33a46e8e7c1c6419d24bd", kit.hex())
        roots = list(rescue.root_keys(frame, [(rescue.RECOVERY, kit)])) + list(rescue.root_keys(frame, [(rescue.PASSPHRASE, b"open sesame")]))
        self.assertEqual(["8eb8e2cd751ed7aaf204a1d58a93806249ff98071e9ca6ca035a647671a0f5b9"] * 2, [root.hex() for root in roots])
        self.assertEqual([], list(rescue.root_keys(frame, [(rescue.PASSPHRASE, b"open sesame!"), (rescue.KEY_FILE, kit)])))
        keys = rescue.Keys(frame, roots[0])
        self.assertEqual("photos", keys.name)
        self.assertEqual("ae3967651c75f8f32de2d863e5c4f6cdf412201a7171b8554247e814fd78e53a", keys.journal.hex())
        self.assertEqual("24453c21a35dc6aff2281c8ae0e2eb264108ed80a323f767b99e34897d554d71", keys.domains[1].pack_key.hex())
        self.assertEqual("6de3a3b3d6a8cb55e0a77fdeded6e0e6187ba618846295516597e6085476db47", keys.domains[1].id_key.hex())
        with self.assertRaises(rescue.Damaged):
            rescue.read_frame(frame.data[:-1] + b"x", b"ATOLLKEY", "one wrong byte")
        head = rescue.read_frame(self.hexadecimal("vault-head.md", "41544f4c4c484544"), b"ATOLLHED", "the page's head")
        body = rescue.Message(rescue.unseal(1, rescue.derive(keys.journal, keys.vault, b"atoll vault head"), head.nonce, head.aad, head.sealed))
        self.assertEqual((7, b"root"), (body.messages(6)[0].number(1), body.messages(6)[0].bytes(3)))

    def test_pack(self):
        header = self.hexadecimal("pack.md", "41544f4c5041434b")
        group = self.hexadecimal("pack.md", "41475250")
        self.assertEqual((128, 101), (len(header), len(group)))
        key = rescue.derive(b"\x11" * 32, header[64:96] + header[40:56], b"atoll pack")
        self.assertEqual("e0498d3420eaff6c4927102e8073715c076570cdb408c8de0d302b21d65af882", key.hex())
        self.assertEqual("e0b81bcd72f86f939f97d653070a337a35e0306bef76589c02b1b2b0e6f64fd6", rescue.blake3(b"hello", b"\x33" * 32).hex())
        plain = rescue.unseal(1, key, bytes(12), header + group[:28], group[32:])
        self.assertEqual(b"hello", plain[48:])
        self.assertEqual(struct.pack("<I", rescue.crc32c(group[32:], rescue.crc32c(group[:28]))), group[28:32])

    def test_search(self):
        """Over the borders of what is read at once, and in a file that fills its last page of memory."""
        with tempfile.NamedTemporaryFile() as made:
            content = bytearray(3 << 20)
            places = [0, 4000, (1 << 20) - 4, (1 << 20) + 9, (2 << 20) - 15, (3 << 20) - 8]
            for at in places:
                content[at:at + 8] = b"ATLPARIT"
            made.write(content)
            made.flush()
            file = rescue.File(made.name, rescue.Report())
            found, at = [], file.find(b"ATLPARIT", 0)
            while at >= 0:
                found.append(at)
                at = file.find(b"ATLPARIT", at + 1)
            self.assertEqual(places, found)
            found, at = [], file.rfind(b"ATLPARIT", file.size)
            while at >= 0:
                found.append(at)
                at = file.rfind(b"ATLPARIT", at + 7)
            self.assertEqual(places, found[::-1])
            file.close()
        for at in ((1 << 20) - 4, (2 << 20) - 4):  # alone, over a border that a search from either end meets
            with tempfile.NamedTemporaryFile() as made:
                made.write(bytes(at) + b"ATLPARIT" + bytes((3 << 20) - at - 8))
                made.flush()
                file = rescue.File(made.name, rescue.Report())
                self.assertEqual((at, at), (file.find(b"ATLPARIT", 0), file.rfind(b"ATLPARIT", 3 << 20)))
                file.close()

    def test_parity_of_any_strength(self):
        """A section is written here from the page; as many damaged blocks a stripe as it has parity come back, one more does not."""
        generator = random.Random(5)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for m in (1, 2, 3, 4):
            protected, b, stripes = generator.randbytes(4096 * 40 + 77), 4096, 5
            data = [protected[i:i + b] for i in range(0, len(protected), b)]
            n, tag = len(data), b"0123456789abcdef"
            k = -(-n // stripes)
            parity = [bytearray(b) for _ in range(stripes * m)]
            for j, block in enumerate(parity):
                stripe, row = (n + j) % stripes, j // stripes
                for c in range(k):
                    if stripe + c * stripes < n:
                        factor = rescue.gf_inverse((k + row) ^ c)
                        for i, byte in enumerate(data[stripe + c * stripes]):
                            block[i] ^= rescue.gf_multiply(byte, factor)
            table = b"".join(struct.pack("<I", rescue.crc32c(block)) for block in [*data, *parity])
            first = -(-len(protected) // 4096) * 4096
            begin = -(-(first + len(table) + 96) // 4096) * 4096
            end = begin + len(parity) * b + len(table) + 96

            def record(at):
                head = struct.pack("<8sHHIII16sQQQIIIB3xI8x", b"ATLPARIT", 0, 0, 0, 0, 0, tag, len(protected), end, at, b, n, stripes, m, rescue.crc32c(table))
                return head + struct.pack("<I", rescue.crc32c(head))

            whole = protected.ljust(first, b"\0") + table + record(first + len(table))
            whole = bytearray(whole.ljust(begin, b"\0") + b"".join(parity) + table + record(end - 96))
            path = os.path.join(folder, str(m))
            for damaged in range(1, m + 2):
                torn = bytearray(whole)
                # In each stripe: data blocks and, by chance, parity blocks of it.
                for stripe in range(stripes):
                    mine = [i for i in range(n) if i % stripes == stripe] + [n + j for j in range(stripes * m) if (n + j) % stripes == stripe]
                    for block in generator.sample(mine, damaged) if damaged <= m else mine[:damaged]:
                        at = block * b if block < n else begin + (block - n) * b
                        torn[at + 5] ^= 0x40
                torn[-50] ^= damaged & 1  # one copy of the record is enough
                with open(path, "wb") as file:
                    file.write(torn)
                file = rescue.File(path, rescue.Report(), tag)
                with self.subTest(m=m, damaged=damaged):
                    if damaged <= m:
                        self.assertEqual(protected, file.parity().read(0, len(protected)))
                    else:
                        with self.assertRaises(rescue.Damaged):
                            file.parity().read(0, len(protected))
                file.close()


class Rescue(AtollTest):
    makes_home = False

    def rescue(self, *arguments, code=0, secret=None, **options):
        secret = ("--kit", self.path("kit")) if secret is None else secret
        ran = subprocess.run([sys.executable, "-B", "-X", "faulthandler", RESCUE, *arguments, *secret], capture_output=True, timeout=200, cwd=self.folder, stdin=subprocess.DEVNULL,
                             env={"PATH": self.env["PATH"], "LC_ALL": "C.UTF-8"}, **options)
        said = ran.stderr.decode(errors="backslashreplace")
        self.assertEqual(code, ran.returncode, f"rescue.py {arguments}\n{ran.stdout[-1000:]}\n{said[-3000:]}")
        self.assertNotIn("Traceback", said)
        return harness.Answer(arguments, ran.returncode, ran.stdout, ran.stderr)

    def extracted(self, home, *arguments, **options):
        target = tempfile.mkdtemp(prefix="extracted-", dir=self.folder)
        self.said = self.rescue("extract", home, "--to", target, *arguments, **options)
        return target

    def content(self, *path):
        with open(os.path.join(*path), "rb") as file:
            return file.read()

    def make_vault(self, *options):
        self.atoll("init", *options)

    def make_kit(self, vault="main"):
        self.atoll("--vault", vault, "key", "kit", "--to", self.path("kit"))

    def make_tree(self, generator, is_large, top="source"):
        """Every kind of entry, odd names, sizes around all limits."""
        for number, name in enumerate((b"two\nlines", b"\xff\xfe bad utf-8", b"-rf", b" blanks ", b"a" * 255, "ü 漢字 🦆".encode(), b"back\\slash", b"...", b"\x1b[31m")):
            self.file(top.encode() + b"/names/" + name, b"%d" % number)
            os.makedirs(os.fsencode(self.path(top, "folders")) + b"/" + name)
        for size in (0, 1, 100, 32767, 32768, 32769, 131073, (1 << 20) + 1):
            self.file(f"{top}/sizes/{size}", generator.randbytes(size))
        for number in range(60):
            words = b" ".join(b"word%d" % generator.randrange(500) for _ in range(generator.randrange(5000)))
            self.file(f"{top}/text/{number % 7}/{number}", words)
        # List chunks: more than 32 pieces, and more than 4,096 of them.
        self.file(f"{top}/lists/some", generator.randbytes(3_000_000))
        if is_large:
            self.file(f"{top}/lists/many", generator.randbytes(4500 * 32768))
        for number, mode in enumerate((0o000, 0o444, 0o644, 0o4755, 0o2755, 0o1777)):
            os.chmod(self.file(f"{top}/modes/{mode:o}", b"m"), mode)
            os.makedirs(self.path(top, "modes", f"folder-{mode:o}"))
            os.chmod(self.path(top, "modes", f"folder-{mode:o}"), mode | 0o700)
        if os.geteuid() == 0:
            os.chown(self.file(f"{top}/owned", b"o"), 4711, 815)
            os.chown(self.path(top, "modes"), 12, 34)
        for number, ns in enumerate((0, 1, -1_000_000_001, 4_102_444_800_000_000_007)):
            os.utime(self.file(f"{top}/time-{number}", b"t"), ns=(ns, ns))
        with open(self.file(f"{top}/sparse/islands"), "r+b") as file:
            file.truncate(64 << 20)
            for _ in range(5):
                file.seek(generator.randrange(60 << 20))
                file.write(generator.randbytes(generator.randrange(1, 200_000)))
        with open(self.file(f"{top}/sparse/hole"), "r+b") as file:
            file.truncate(5 << 20)
        self.file(f"{top}/links/one", b"hello")
        for name in ("two", "sub/three"):
            os.makedirs(os.path.dirname(self.path(top, "links", name)), exist_ok=True)
            os.link(self.path(top, "links/one"), self.path(top, "links", name))
        os.symlink("one", self.path(top, "links/to-one"))
        os.symlink(b"\xff\n/nowhere", os.fsencode(self.path(top, "links/odd")))
        os.link(self.path(top, "links/odd"), self.path(top, "links/odd-again"), follow_symlinks=False)
        os.utime(self.path(top, "links/odd"), ns=(1, 1_500_000_000_000_000_003), follow_symlinks=False)
        os.setxattr(self.path(top, "links"), "user.on-folder", b"yes")
        os.setxattr(self.file(f"{top}/attributes", b"x"), "user.binary", bytes(range(256)))
        os.mkfifo(self.path(top, "fifo"), 0o640)
        os.utime(self.path(top), ns=(5, 1_600_000_000_000_000_001))

    def change_tree(self, generator, top="source"):
        """Overwrites, removals in the vault, additions; one of two hard links gets other content."""
        for number in range(0, 60, 4):
            self.file(f"{top}/text/{number % 7}/{number}", generator.randbytes(generator.randrange(40_000)))
        os.unlink(self.path(top, "links/two"))
        self.file(f"{top}/links/two", b"not linked any more")
        with open(self.path(top, "lists/some"), "r+b") as file:
            file.seek(1_000_000)
            file.write(generator.randbytes(5000))
        self.file(f"{top}/added/file", b"added")

    def assert_equal_to_restore(self, home, bucket, code=0, **options):
        """From a copy of the home, so that what the program does there is not seen; and nothing in it changes."""
        before = harness.tree_facts(home)
        mine = self.extracted(home, bucket, code=code, **options)
        self.assertEqual(before, harness.tree_facts(home))
        self.assert_same_but_for_made_folders(bucket, self.restored(bucket), mine)
        return mine

    def assert_same_but_for_made_folders(self, address, expected, actual):
        """Folders that are no objects of their own have no time to give back."""
        bucket, _, prefix = address.partition("/")
        listed = self.atoll("ls", "-r", bucket, "--json").of_type("object")
        keys = {base64.b64decode(one["key_b64"]) if "key_b64" in one else one["key"].encode() for one in listed}
        prefix = prefix.encode() + b"/" if prefix else b""
        differences = []
        for one in harness.compare_trees(os.fsencode(expected), os.fsencode(actual)):
            path = ast.literal_eval(one.split(" mtime: ")[0]) if " mtime: " in one else None
            if path is None or not os.path.isdir(os.path.join(os.fsencode(expected), path)) or (prefix + path + b"/" if path else prefix or b"./") in keys:
                differences.append(one)
        self.assertEqual([], differences[:20], f"{len(differences)} differences")

    def fill(self, generator, is_large=False):
        self.make_tree(generator, is_large)
        self.atoll("put", self.path("source"), "bucket")
        self.atoll("put", self.path("source/text"), "bucket/again")
        self.atoll("put", "-", "other/from/stdin", input=b"piped")
        self.atoll("journal", "checkpoint")
        self.change_tree(generator)
        self.atoll("put", self.path("source"), "bucket")
        self.atoll("rm", "-r", "bucket/sizes")
        self.atoll("rm", "bucket/owned" if os.geteuid() == 0 else "bucket/attributes")
        self.atoll("mv", "-r", "bucket/again/1", "bucket/moved")

    def test_everything(self):
        generator = self.seed()
        self.make_vault()
        self.fill(generator, is_large=True)
        self.make_kit()
        self.atoll("vault", "create", "second")
        self.file("second/only", b"of the second vault")
        self.atoll("--vault", "second", "put", self.path("second"), "bucket")
        # What the program needs is not there: only the truth is.
        copy = self.path("copy")
        shutil.copytree(self.home, copy, symlinks=True)
        for vault in os.listdir(os.path.join(copy, "vaults")):
            for name in DERIVED:
                path = os.path.join(copy, "vaults", vault, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.path.exists(path) and os.unlink(path)
        tree = self.assert_equal_to_restore(copy, "bucket")
        self.assertLess(os.stat(os.path.join(tree, "sparse/islands")).st_blocks * 512, 4 << 20)
        self.assert_equal_to_restore(copy, "bucket/links")
        self.assert_equal_to_restore(copy, "bucket/text/3/3")
        self.assert_equal_to_restore(copy, "other")
        self.assertIn("; read: ", self.rescue("info", copy).text)
        # From the first change on it is the same state, and so it is with every secret that opens the vault.
        self.assert_same_tree(tree, self.extracted(copy, "bucket", "--no-checkpoints"))
        page = [name for name in os.listdir(self.path("kit")) if name.endswith(".txt")]
        for kit in (page[0], page[0].replace(".txt", ".kit")):
            listing = self.rescue("list", copy, secret=("--kit", self.path("kit", kit))).out
        self.file("passphrase", "correct horse\n")
        self.atoll("--vault", "main", "key", "add", "--new-password-file", self.path("passphrase"))
        self.assertEqual(listing, self.rescue("list", self.home, secret=("--password-file", self.path("passphrase"))).out)
        keys = {name.split(".")[0]: self.path("config/atoll/keys", name) for name in os.listdir(self.path("config/atoll/keys"))}
        listings = [self.rescue("list", copy, secret=("--key-file", path)).out for path in keys.values()]
        self.assertIn(listing, listings)
        self.assertEqual(1, sum(b"bucket/only" in one for one in listings))
        # The program's own listing, name for name.
        theirs = self.atoll("--vault", "main", "ls", "-r", "bucket", "--json").of_type("object")
        mine = [json.loads(line) for line in self.rescue("list", copy, "bucket", "--json").lines]
        self.assertEqual([base64.b64decode(one["key_b64"]) if "key_b64" in one else one["key"].encode() for one in theirs], [base64.b64decode(one["key_b64"]) for one in mine])

    def test_earlier_states(self):
        self.make_vault()
        self.file("source/a", b"first")
        self.atoll("put", self.path("source"), "bucket")
        for number in range(6):
            self.file("source/a", b"state %d" % number)
            self.file(f"source/{number}", b"x")
            self.atoll("put", self.path("source"), "bucket")
            if number == 2:
                self.atoll("journal", "checkpoint")
        self.make_kit()
        last = int(re.search(r"changes 1 to (\d+)", self.rescue("info", self.home).text)[1])
        contents = []
        for lsn in range(1, last + 1):
            tree = self.extracted(self.home, "--at-lsn", str(lsn))
            if os.path.exists(os.path.join(tree, "bucket/a")):
                contents.append(self.content(tree, "bucket/a"))
        self.assertEqual(sorted(set(contents)), sorted({b"first", *(b"state %d" % number for number in range(6))}))
        self.assertEqual(contents, sorted(contents))

    def test_without_encryption(self):
        generator = self.seed()
        self.make_vault("--encryption", "none", "--yes")
        self.fill(generator)
        self.assert_equal_to_restore(self.home, "bucket", secret=())
        self.file("small/file", b"checked in full")
        self.assertIn("0 lost", self.rescue("info", self.home, "--data", secret=()).text)
        # Rot in a clear vault is found by checksums alone, and healed.
        self.damage(generator, self.packs()[-1], 1)
        self.assert_equal_to_restore(self.home, "bucket", secret=())

    def test_ids_are_checked_when_asked(self):
        self.make_vault("--encryption", "none", "--yes")
        self.file("source/a", b"content" * 100)
        self.atoll("put", self.path("source"), "bucket")
        self.atoll("journal", "checkpoint")
        self.rescue("info", self.home, "--data", "--check-ids", secret=())
        self.assert_same_tree(self.path("source"), self.extracted(self.home, "bucket", "--check-ids", secret=()))

    def packs(self, home=None):
        found = []
        for top, _, names in os.walk(home or self.home):
            found += [os.path.join(top, name) for name in names if name.endswith(".pack")]
        return sorted(found, key=os.path.getsize)

    def damage(self, generator, path, blocks, at=None):
        size = os.path.getsize(path)
        at = generator.randrange(size // 2) if at is None else at
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(generator.randbytes(min(blocks * 65536 - 70 if blocks > 1 else 3000, size - at)))
        return at

    def test_damage_heals(self):
        generator = self.seed()
        self.make_vault()
        self.fill(generator)
        self.make_kit()
        expected = self.restored("bucket")
        kinds = [(path, None) for path in self.files_of_home(".pack", ".jseg")]
        kinds += [(path, at) for path in self.files_of_home(".pack", ".jseg") for at in (0, os.path.getsize(path) - 96, os.path.getsize(path) // 2)]
        for path, at in generator.sample(kinds, min(len(kinds), 8)):
            with self.subTest(path=path, at=at):
                with open(path, "rb") as file:
                    before = file.read()
                with open(path, "r+b") as file:
                    file.seek(generator.randrange(len(before)) if at is None else at)
                    file.write(b"damaged!"[:len(before) - file.tell()])
                self.assert_same_tree(expected, self.extracted(self.home, "bucket"))
                with open(path, "wb") as file:
                    file.write(before)
        # A file that was cut: its end is brought back, too.
        path = self.packs()[-1]
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) - 5000)
        self.assert_same_tree(expected, self.extracted(self.home, "bucket"))
        for name in ("keyring", "vault.head.2"):
            with open(os.path.join(self.vault_folder(), name), "r+b") as file:
                file.write(b"damaged!")
        self.assert_same_tree(expected, self.extracted(self.home, "bucket"))
        # Nothing but kit, journal and packs: the kit's file brings a keyring, the journal its checkpoints.
        for name in ("keyring", "keyring.2", "vault.head", "vault.head.2"):
            os.unlink(os.path.join(self.vault_folder(), name))
        self.assert_same_tree(expected, self.extracted(self.home, "bucket"))

    def test_lost_pieces_are_named_and_the_rest_comes_out(self):
        generator = self.seed()
        self.make_vault()
        for number in range(12):
            self.file(f"source/{number}", generator.randbytes(900_000))
        self.atoll("put", self.path("source"), "bucket")
        self.make_kit()
        pack = self.packs()[-1]
        self.damage(generator, pack, 6, at=3_000_000)
        tree = self.extracted(self.home, "bucket", code=3)
        missing = sorted(set(os.listdir(self.path("source"))) - set(os.listdir(tree)))
        self.assertTrue(0 < len(missing) < 6, missing)
        for name in missing:
            self.assertIn(f"LOST: bucket/{name}: ", self.said.errors)
            os.unlink(self.path("source", name))
        self.assert_same_tree(self.path("source"), tree, ignore=("mtime",))
        # Nothing but groups is left of a pack: no parity, no footer. Each group tells about itself.
        with open(pack, "r+b") as file:
            file.truncate(os.path.getsize(pack) * 3 // 4)
        rest = self.extracted(self.home, "bucket", code=3)
        self.assertGreater(len(os.listdir(rest)), 4)
        differences = harness.compare_trees(os.fsencode(tree), os.fsencode(rest), ignore=("mtime",))
        self.assertEqual([], [one for one in differences if not one.startswith("missing: ")])
        # The archives are gone: what they changed is named.
        for path in self.files_of_home(".jseg"):
            os.unlink(path)
        self.rescue("list", self.home)
        self.atoll("put", self.path("source"), "third", code=None)

    def test_any_damage_gives_right_bytes_or_a_name(self):
        """Files of the vault are cut, overwritten, exchanged, removed. What comes out is what went in; what does not is named."""
        generator = self.seed()
        self.make_vault()
        for number in range(8):
            self.file(f"source/{number}", generator.randbytes(generator.choice((10, 3_000, 70_000))))
            self.file(f"source/text/{number}", b"some words " * generator.randrange(3000))
            self.atoll("put", self.path("source"), "bucket")
            if number in (3, 5):
                self.atoll("journal", "checkpoint")
        self.make_kit()
        original = harness.tree_facts(self.path("source"))
        known = {path: facts.get("content") for path, facts in original.items()}
        codes = []
        for number in range(DAMAGE_ROUNDS):
            copy, target = self.path("copy"), self.path("target")
            shutil.copytree(self.home, copy)
            folder = os.path.join(copy, "vaults", os.listdir(os.path.join(copy, "vaults"))[0])
            files = sorted(os.path.join(top, name) for top, _, names in os.walk(folder) for name in names if os.path.getsize(os.path.join(top, name)))
            files = [path for path in files if path.endswith((".pack", ".jseg")) or os.path.basename(path).startswith(("keyring", "vault.head"))]
            done = [self.hurt(generator, generator.choice(files), files) for _ in range(generator.choice((1, 1, 2, 6)))]
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = rescue.main(["extract", copy, "--to", target, "--kit", self.path("kit"), "bucket"])
            codes.append(code)
            with self.subTest(number=number, done=done, said=said.getvalue()[-2000:]):
                self.assertIn(code, (0, 1, 3))
                found = harness.tree_facts(target) if os.path.exists(target) else {}
                wrong = [path for path, facts in found.items() if path in known and facts.get("content") != known[path]]
                missing = [path for path in known if path not in found]
                self.assertEqual([], wrong)
                if code == 0:
                    self.assertEqual([], missing)
                else:
                    self.assertIn("LOST: " if code == 3 else "rescue.py: ", said.getvalue())
            for path in list(rescue.File.descriptors):
                os.close(rescue.File.descriptors.pop(path))  # the next copy has the same name
            shutil.rmtree(copy)
            harness.remove_tree(target)
        print(f"exit codes: {dict(collections.Counter(codes))}", flush=True)
        self.assertGreater(codes.count(0), 0)
        self.assertGreater(codes.count(3), 0)

    def hurt(self, generator, path, files):
        if not os.path.exists(path):
            return None
        size = os.path.getsize(path)
        what = generator.choice(("byte", "byte", "run", "run", "zeros", "cut", "grow", "remove", "exchange"))
        at = generator.randrange(size)
        with open(path, "r+b") as file:
            file.seek(at)
            if what == "byte":
                file.write(generator.randbytes(1))
            elif what in ("run", "zeros"):
                count = min(generator.choice((16, 4096, 100_000)), size - at)
                file.write(generator.randbytes(count) if what == "run" else bytes(count))
            elif what == "cut":
                file.truncate(at)
            elif what == "grow":
                file.seek(size)
                file.write(generator.randbytes(1000))
        if what == "remove" and path != max(other for other in files if other.endswith(".jseg")):
            os.unlink(path)  # but not the newest archive: nobody could know that there was one
        elif what == "exchange":
            shutil.copyfile(generator.choice([other for other in files if os.path.exists(other)] or [path]), path + ".x")
            os.rename(path + ".x", path)
        return what, os.path.basename(path), at

    def test_lost_changes_are_named(self):
        self.make_vault()
        for number in range(5):
            self.file(f"source/{number}", b"%d" % number)
            self.atoll("put", self.path("source"), "bucket")
        self.make_kit()
        archives = self.files_of_home(".jseg")
        self.assertGreater(len(archives), 1)
        with open(archives[-1], "r+b") as file:
            file.truncate(300)
        answer = self.rescue("list", self.home, code=3)
        self.assertRegex(answer.errors, r"LOST: changes \d+ to \d+")
        self.assertIn("bucket/0", answer.text)

    def test_killed_in_a_put(self):
        generator = self.seed()
        self.make_vault()
        self.file("before/file", generator.randbytes(100_000))
        self.atoll("put", self.path("before"), "bucket/before")
        self.make_kit()
        # One put of few large files, killed while its pack grows; one of more files than a commit takes (10,000), killed
        # after the first of its commits; each some moments after the thing is there.
        for file in range(30):
            self.file(f"large/{file % 3}/{file}", generator.randbytes(1_500_000))
        for file in range(10_500):
            self.file(f"many/{file % 50}/{file}", b"%d" % file)
        os.link(self.path("many/1/1"), self.path("many/2/linked"))
        met = {".open": 0, ".wal": 0}
        for number in range(6):
            source, awaited = (("large", ".open"), ("many", ".wal"))[number % 2]
            child = self.start("put", "--force", self.path(source), f"bucket/{source}-{number}")
            harness.wait_until(lambda: self.files_of_home(awaited) or child.poll() is not None, step=0.001)
            time.sleep(generator.choice((0, generator.uniform(0, 0.03))))
            child.kill()
            child.communicate()
            copy = self.path(f"copy-{number}")
            shutil.copytree(self.home, copy)
            for suffix in met:
                met[suffix] += any(name.endswith(suffix) for _, _, names in os.walk(copy) for name in names)
            mine = self.extracted(copy, "bucket")
            again = None
            for path in [os.path.join(top, name) for top, _, names in os.walk(copy) for name in names if name.endswith(".wal")]:
                with open(path, "r+b") as file:
                    file.write(bytes(8192))  # both header blocks: the groups say the same
                again = self.extracted(copy, "bucket")
            shutil.rmtree(copy)
            # The program recovers what it had answered, which is what rescue.py has read without changing anything.
            restored = self.restored("bucket")
            self.assert_same_but_for_made_folders("bucket", restored, mine)
            if again:
                self.assert_same_but_for_made_folders("bucket", restored, again)
            self.atoll("rm", "-r", f"bucket/{source}-{number}", code=(0, 20))
            shutil.rmtree(mine)
            for suffix in ("a", "b"):  # other content next time: it would be known otherwise
                self.file(f"large/0/{suffix}", generator.randbytes(8_000_000))
        print(f"left behind by kills: {met}", flush=True)
        self.assertGreater(min(met.values()), 1)

    def test_nothing_is_written_outside(self):
        self.make_vault()
        os.makedirs(self.path("outside"))
        os.makedirs(self.path("source"))
        os.symlink(self.path("outside"), self.path("source/link"))
        self.atoll("put", self.path("source"), "bucket")
        keys = ["link/file", "../up", "a/../../up", "/absolute", "a//b", "./c", ".", "..", "both", "both/below"]
        stored = [key for key in keys if self.atoll("put", "-", f"bucket/{key}", input=key.encode(), code=None).code == 0]
        self.assertIn("link/file", stored)
        self.make_kit()
        tree = self.extracted(self.home, "bucket", code=3)
        self.assertEqual([], os.listdir(self.path("outside")))
        contents = []
        for top, _, names in os.walk(tree):
            contents += [self.content(top, name).decode() for name in names if not os.path.islink(os.path.join(top, name))]
        self.assertEqual(sorted(stored), sorted(contents))
        self.assertTrue(all(not name.startswith("up") for name in os.listdir(self.folder)))
        self.assertEqual(b"both", self.content(tree, "both.1"))

    def test_special_files_are_listed(self):
        self.make_vault()
        self.file("source/file", b"x")
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        here = os.getcwd()
        os.chdir(self.path("source"))
        server.bind("socket")
        os.chdir(here)
        self.atoll("put", self.path("source"), "bucket", code=None)
        self.make_kit()
        names = [line for line in self.rescue("list", self.home).lines if "bucket/socket" in line]
        self.extracted(self.home, "bucket")
        self.assertEqual(len(names), self.said.text.count("not made: bucket/socket: socket"))

    def test_refusals(self):
        self.make_vault()
        self.file("source/a", b"a")
        self.atoll("put", self.path("source"), "bucket")
        self.make_kit()
        self.assertIn("neither a home", self.rescue("list", self.path("source"), code=10).errors)
        self.rescue("list", self.home, code=12, secret=())
        self.file("wrong.key", "00" * 32 + "\n")
        self.rescue("list", self.home, code=12, secret=("--key-file", self.path("wrong.key")))
        self.file("page", "1: AAAA-BBBB-CCCC-DDDD\n")
        self.assertIn("0 of its 4 lines", self.rescue("list", self.home, code=12, secret=("--kit", self.path("page"))).errors)
        self.assertIn("not empty", self.rescue("extract", self.home, "--to", self.path("source"), code=2).errors)
        self.rescue("extract", self.home, code=2)
        self.rescue("extract", self.home, "none", "--to", self.path("new"), code=1)
        self.assertEqual(b"a", self.content(self.path("source"), "a"))


if __name__ == "__main__":
    harness.main()
