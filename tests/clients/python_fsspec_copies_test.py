"""Copying in, out and inside with fsspec, case by case as its documents describe it ("Copying files and directories"): files, folders, patterns and
lists, to folders that are there and to new ones, with and without a slash at the end."""
import os

from client_harness import ClientTest, main

from atoll.fs import AtollFileSystem

FILES = ("file1", "file2", "subdir/subfile1", "subdir/subfile2", "subdir/nesteddir/nestedfile")
BELOW = ("subfile1", "subfile2", "nesteddir/nestedfile")


class CopyTest(ClientTest):
    """`copy` is what is tested; sources and targets lie where it takes them from and puts them."""

    def setUp(self):
        super().setUp()
        self.fs = AtollFileSystem(client=self.client(), skip_instance_cache=True)
        self.fs.client.bucket_put("lab")
        self.number = 0

    def fresh(self):
        """A source and a target of their own, so that cases do not see each other."""
        self.number += 1
        self.source, self.target = self.make(f"{self.number}/source"), f"{self.folder_of_targets()}/{self.number}/target"
        self.make_folder(self.target)

    def folder_of_targets(self):
        raise NotImplementedError

    def check(self, source, target, wanted, **options):
        self.fresh()
        sources = [f"{self.source}/{one}" for one in source] if isinstance(source, list) else f"{self.source}/{source}"
        self.copy(sources, self.target + target, **options)
        self.assertEqual(sorted(wanted), self.there(self.target), (source, target, options))

    def test_a_file_to_a_folder_that_is_there(self):
        self.check("subdir/subfile1", "/", ["subfile1"])
        self.check("subdir/subfile1", "", ["subfile1"])

    def test_a_file_to_a_new_folder(self):
        self.check("subdir/subfile1", "/newdir/", ["newdir/subfile1"])

    def test_a_file_to_a_file(self):
        self.check("subdir/subfile1", "/newfile", ["newfile"])
        self.check("subdir/subfile1", "/newdir/newfile", ["newdir/newfile"])

    def test_a_folder_to_one_that_is_there(self):
        for end in ("", "/"):
            self.check("subdir", end, ["subdir/" + one for one in BELOW], recursive=True)
            self.check("subdir/", end, BELOW, recursive=True)

    def test_a_folder_to_a_new_one(self):
        for begin in ("subdir", "subdir/"):
            for end in ("", "/"):
                self.check(begin, "/newdir" + end, ["newdir/" + one for one in BELOW], recursive=True)

    def test_a_folder_alone_is_nothing(self):
        for begin in ("subdir", "subdir/"):
            self.check(begin, "/", [])

    def test_patterns(self):
        for end in ("", "/"):
            self.check("subdir/*", end, ["subfile1", "subfile2"])
            self.check("subdir/*", end, BELOW, recursive=True)
            self.check("subdir/*", "/newdir" + end, ["newdir/subfile1", "newdir/subfile2"])
            self.check("subdir/*", "/newdir" + end, ["newdir/" + one for one in BELOW], recursive=True)
        self.check("subdir/sub*1", "/", ["subfile1"])

    def test_lists(self):
        listed = ["file1", "file2", "subdir/subfile1"]
        for end in ("", "/"):
            self.check(listed, end, ["file1", "file2", "subfile1"])
        self.check(listed, "/newdir/", ["newdir/file1", "newdir/file2", "newdir/subfile1"])

    def test_depth(self):
        self.check("subdir/", "/", ["subfile1", "subfile2"], recursive=True, maxdepth=1)
        self.check("subdir", "/", ["subdir/subfile1", "subdir/subfile2"], recursive=True, maxdepth=1)

    def test_what_is_not_there_is_said(self):
        self.fresh()
        with self.assertRaises(FileNotFoundError):
            self.copy(self.source + "/none", self.target + "/")


class Stored:
    def make(self, name):
        for one in FILES:
            self.fs.pipe_file(f"lab/{name}/{one}", one.encode())
        return f"lab/{name}"


class Here:
    def make(self, name):
        for one in FILES:
            self.file(f"{name}/{one}", one.encode())
        return self.path(name)


class ToStored:
    def folder_of_targets(self):
        return "lab"

    def make_folder(self, path):
        self.fs.client.put(path + "/", b"")  # as a tool that makes folders does

    def there(self, path):
        return sorted(one[len(path) + 1:] for one in self.fs.find(path))


class ToHere:
    def folder_of_targets(self):
        return self.path("targets")

    def make_folder(self, path):
        os.makedirs(path)

    def there(self, path):
        return sorted(os.path.relpath(os.path.join(folder, name), path) for folder, _, names in os.walk(path) for name in names)


class Copy(Stored, ToStored, CopyTest):
    def copy(self, source, target, **options):
        self.fs.copy(source, target, **options)


class Get(Stored, ToHere, CopyTest):
    def copy(self, source, target, **options):
        self.fs.get(source, target, **options)


class Put(Here, ToStored, CopyTest):
    def copy(self, source, target, **options):
        self.fs.put(source, target, **options)


del CopyTest


class Expand(ClientTest):
    def test_paths_and_patterns(self):
        fs = AtollFileSystem(client=self.client(), skip_instance_cache=True)
        fs.client.bucket_put("lab")
        for one in FILES:
            fs.pipe_file(f"lab/{one}", b"x")
        cases = {"lab/file*": ["lab/file1", "lab/file2"], "lab/*/sub*": ["lab/subdir/subfile1", "lab/subdir/subfile2"], 
                 "lab/f?le[1]": ["lab/file1"], "lab/**/nestedfile": ["lab/subdir/nesteddir/nestedfile"], "lab/none*": []}
        for pattern, wanted in cases.items():
            self.assertEqual(wanted, sorted(fs.glob(pattern)), pattern)
        self.assertEqual(["lab/file1"], fs.expand_path("lab/file1"))
        self.assertEqual({"lab/subdir", *(f"lab/subdir/{one}" for one in BELOW), "lab/subdir/nesteddir"}, set(fs.expand_path("lab/subdir", recursive=True)))


if __name__ == "__main__":
    main()
