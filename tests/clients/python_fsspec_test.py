"""`atoll://` for fsspec: compared, operation by operation, with the file system that fsspec itself keeps in memory, and what pandas makes of it."""
import os

from client_harness import ClientTest, main

import fsspec
import pandas
from fsspec.implementations.memory import MemoryFileSystem

from atoll.fs import AtollFileSystem


class FsspecTest(ClientTest):
    def setUp(self):
        super().setUp()
        fsspec.register_implementation("atoll", AtollFileSystem, clobber=True)
        AtollFileSystem.clear_instance_cache()
        self.fs = AtollFileSystem(client=self.client(), skip_instance_cache=True)
        self.fs.client.bucket_put("lab")


class Behaviour(FsspecTest):
    def test_random_operations_give_what_the_one_in_memory_gives(self):
        seed = self.seed()
        memory = MemoryFileSystem()
        memory.store.clear()
        memory.pseudo_dirs[:] = [""]
        self.addCleanup(memory.store.clear)
        names = ["a", "b.txt", "d/a", "d/b.csv", "d/e/f", "d/e/g.txt", "x y/\u00e4", "z/[1]"]
        folders = ["", "d", "d/e", "x y", "none"]

        def both(work):
            answers = []
            for fs, root in ((memory, "/lab"), (self.fs, "lab")):
                try:
                    answers.append(work(fs, root))
                except (FileNotFoundError, IsADirectoryError, ValueError) as error:
                    answers.append("error" if isinstance(error, (FileNotFoundError, IsADirectoryError)) else type(error))
            self.assertEqual(answers[0], answers[1])

        def below(found, root):
            return sorted(one.removeprefix(root).strip("/") for one in found)

        def one_step():
            name, other, folder = seed.choice(names), seed.choice(names), seed.choice(folders)
            kind = seed.randrange(12)
            content = seed.randbytes(seed.choice((0, 1, 100, 70_000)))
            begin, end = seed.choice((None, 0, 5, 200)), seed.choice((None, 0, 7, 99_999))
            if kind <= 2:
                both(lambda fs, root: fs.pipe_file(f"{root}/{name}", content))
            elif kind == 3:
                both(lambda fs, root: write(fs, f"{root}/{name}", content))
            elif kind == 4:
                both(lambda fs, root: bytes(fs.cat_file(f"{root}/{name}", start=begin, end=end)))
            elif kind == 5:
                both(lambda fs, root: below(fs.find(f"{root}/{folder}"), root))
            elif kind == 6:
                both(lambda fs, root: below(fs.glob(f"{root}/{seed_pattern}"), root))
            elif kind == 7:
                both(lambda fs, root: (fs.exists(f"{root}/{name}"), fs.isfile(f"{root}/{name}"), fs.isdir(f"{root}/{name}")))
            elif kind == 8:
                # Of what is not there the one in memory says nothing.
                both(lambda fs, root: fs.rm_file(f"{root}/{name}") if fs.isfile(f"{root}/{name}") else None)
            elif kind == 9 and name != other:
                both(lambda fs, root: fs.cp_file(f"{root}/{name}", f"{root}/{other}"))
            elif kind == 10:
                both(lambda fs, root: {below([path], root)[0]: bytes(data) for path, data in fs.cat(sorted(fs.find(root))).items()} if fs.find(root) else {})
            else:
                both(lambda fs, root: [fs.info(f"{root}/{name}")[field] for field in ("size", "type")])

        def write(fs, path, content):
            with fs.open(path, "wb") as file:
                for at in range(0, len(content), 30_000):
                    file.write(content[at:at + 30_000])
        memory.pipe_file("/lab/a", b"first")
        self.fs.pipe_file("lab/a", b"first")
        for _ in range(400):
            seed_pattern = seed.choice(("*", "**", "d/*", "*/*.txt", "d/e/?", "**/*.txt", "nothing*"))
            one_step()

    def test_folders_go_in_and_come_out(self):
        for name in ("one.txt", "deep/two.txt", "deep/er/three.txt"):
            self.file("in/" + name, name.encode())
        self.fs.put(self.path("in") + "/", "lab/up/", recursive=True)
        self.assertEqual(["lab/up/deep/er/three.txt", "lab/up/deep/two.txt", "lab/up/one.txt"], self.fs.find("lab/up"))
        self.fs.get("lab/up/", self.path("out") + "/", recursive=True)
        self.assert_same_tree(self.path("in"), self.path("out"), ignore=("mtime",))
        self.fs.copy("lab/up/", "lab/again/", recursive=True)
        self.assertEqual(3, len(self.fs.find("lab/again")))
        self.assertEqual(["lab/up/deep", "lab/up/one.txt"], self.fs.ls("lab/up", detail=False))
        self.assertEqual(["directory", "file"], [one["type"] for one in sorted(self.fs.ls("lab/up"), key=lambda one: one["name"])])
        self.assertEqual(len("one.txtdeep/two.txtdeep/er/three.txt"), self.fs.du("lab/up"))
        self.fs.mv("lab/again/one.txt", "lab/again/moved.txt")
        self.assertEqual((False, True), (self.fs.exists("lab/again/one.txt"), self.fs.isfile("lab/again/moved.txt")))
        self.fs.rm("lab/again", recursive=True)
        self.assertFalse(self.fs.exists("lab/again"))
        walked = [(path, sorted(folders), sorted(files)) for path, folders, files in self.fs.walk("lab/up")]
        self.assertEqual([("lab/up", ["deep"], ["one.txt"]), ("lab/up/deep", ["er"], ["two.txt"]), ("lab/up/deep/er", [], ["three.txt"])], walked)

    def test_buckets_are_the_folders_at_the_top(self):
        self.fs.mkdir("other")
        self.assertEqual(["lab", "other"], self.fs.ls("", detail=False))
        with self.assertRaises(FileExistsError):
            self.fs.mkdir("other")
        self.fs.rmdir("other")
        self.assertEqual(["lab"], self.fs.ls("/", detail=False))
        self.fs.pipe_file("lab/a", b"x")
        with self.assertRaises(OSError):
            self.fs.rmdir("lab")
        for path in ("none/at/all", "lab/none", "lab/none/"):
            with self.assertRaises(FileNotFoundError):
                self.fs.info(path)
            with self.assertRaises(FileNotFoundError):
                self.fs.ls(path)

    def test_files_are_read_and_written_as_one_version(self):
        content = os.urandom(6_000_000)
        with self.fs.open("lab/big", "wb", block_size=5 * 2**20) as file:
            file.write(content)
        with self.fs.open("lab/big", "rb", block_size=2**20) as file:
            self.fs.pipe_file("lab/big", b"changed meanwhile")
            file.seek(-100, 2)
            self.assertEqual(content[-100:], file.read())
            file.seek(3_000_000)
            self.assertEqual(content[3_000_000:3_000_050], file.read(50))
            file.seek(0)
            self.assertEqual(content, file.read())
        self.assertEqual([17, 6_000_000], [one["size"] for one in self.fs.versions("lab/big")])
        before = self.fs.versions("lab/big")[1]
        self.assertEqual(content, self.fs.cat_file(f"lab/big?version={before['version']}"))
        self.assertEqual(content[:9], self.fs.open(f"atoll://lab/big?as_of={before['lsn']}").read(9))
        self.assertEqual(b"while", self.fs.cat_file("lab/big", start=-5))
        with self.fs.open("lab/big", "ab") as file:
            file.write(b"!")
        self.assertEqual(b"changed meanwhile!", self.fs.cat_file("lab/big"))
        # What is not finished is not there.
        with self.fs.transaction:
            with self.fs.open("lab/later", "wb") as file:
                file.write(b"x")
            self.assertFalse(self.fs.exists("lab/later"))
        self.assertEqual(b"x", self.fs.cat_file("lab/later"))
        with self.fs.open("lab/text", "w") as file:
            file.write("\u00e4\n")
        with self.fs.open("lab/text", "r") as file:
            self.assertEqual("\u00e4\n", file.read())
        self.assertNotEqual(self.fs.checksum("lab/text"), self.fs.checksum("lab/big"))
        self.assertLess(abs((self.fs.modified("lab/text") - self.fs.created("lab/text")).total_seconds()), 60)

    def test_what_nobody_may_read_is_a_matter_of_permission(self):
        token = self.token(self.fs.client)
        self.fs.client.close()
        url, token, _ = self.listening(token)
        options = {"where": url, "token": token, "skip_instance_cache": True}
        fs = fsspec.filesystem("atoll", **options)
        fs.pipe_file("lab/a", b"x")
        fs.client.user_create(name="mia", kind="person")
        mia = fs.client.token_create(user="mia", label="x")["token"]
        hers = fsspec.filesystem("atoll", **{**options, "token": mia})
        self.addCleanup(hers.client.close)
        self.addCleanup(fs.client.close)
        with self.assertRaises(PermissionError):
            hers.cat_file("lab/a")
        self.assertEqual(b"x", fs.cat_file("lab/a"))


class Others(FsspecTest):
    def test_pandas_reads_and_writes(self):
        self.fs.client.close()
        options = {"where": self.home}
        table = pandas.DataFrame({"n": [1, 2], "word": ["a", "\u00e4"]})
        table.to_csv("atoll://lab/t.csv", index=False, storage_options=options)
        pandas.testing.assert_frame_equal(table, pandas.read_csv("atoll://lab/t.csv", storage_options=options))
        table.to_json("atoll://lab/t.json.gz", storage_options=options, compression="gzip")
        pandas.testing.assert_frame_equal(table, pandas.read_json("atoll://lab/t.json.gz", storage_options=options, compression="gzip"))
        with fsspec.open("atoll://lab/t.csv", "rt", encoding="utf-8", where=self.home) as file:
            self.assertEqual("n,word\n", file.readline())
        cached = fsspec.open("filecache::atoll://lab/t.csv", atoll=options, filecache={"cache_storage": self.path("cache")})
        with cached as file:
            self.assertEqual(b"n,word\n", file.readline())
        fsspec.filesystem("atoll", **options).client.close()


if __name__ == "__main__":
    main()
