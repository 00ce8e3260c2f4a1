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

    def fresh(self, others=False):
        """A source and a target of their own, so that cases do not see each other."""
        self.number += 1
        files = (*FILES, "othersubdir/subfile1") if others else FILES
        self.source, self.target = self.make(f"{self.number}/source", files), f"{self.folder_of_targets()}/{self.number}/target"
        self.make_folder(self.target)

    def folder_of_targets(self):
        raise NotImplementedError

    def check(self, source, target, wanted, others=False, **options):
        self.fresh(others)
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
        with self.assertRaises(FileNotFoundError):
            self.check("subdir/none*", "/", [])

    def test_what_a_pattern_finds_in_several_folders_keeps_them(self):
        for end in ("", "/"):
            self.check("*dir*/sub*1", end, ["othersubdir/subfile1", "subdir/subfile1"], others=True)
            self.check("*dir*/sub*1", "/newdir" + end, ["newdir/othersubdir/subfile1", "newdir/subdir/subfile1"], others=True)
        self.check("*dir*", "/", [], others=True)
        self.check("*dir*", "/", ["othersubdir/subfile1", *("subdir/" + one for one in BELOW)], recursive=True, others=True)
        self.check("sub*", "/", BELOW, recursive=True, others=True)  # one folder is what is below it

    def test_patterns_of_any_depth(self):
        self.check("**", "/", FILES)
        self.check("**", "/", FILES, recursive=True)
        self.check("**/sub*", "/", ["subfile1", "subfile2"])
        self.check("**/sub*1", "/newdir", ["newdir/othersubdir/subfile1", "newdir/subdir/subfile1"], others=True)
        self.check("**/nest*", "/", ["nestedfile"])
        self.check("*/**/nest*", "/", ["nestedfile"])
        self.check("**/*1", "/", ["file1", "subdir/subfile1"])
        self.check("sub*/**", "/", BELOW)
        with self.assertRaises(FileNotFoundError):
            self.check("none*/**", "/", [])

    def test_depth_of_patterns(self):
        one, two = ["file1", "file2"], ["file1", "file2", "subdir/subfile1", "subdir/subfile2"]
        self.check("*", "/", one, recursive=True, maxdepth=1)
        self.check("*", "/", two, recursive=True, maxdepth=2)
        self.check("**", "/", one, maxdepth=1)
        self.check("**", "/", two, maxdepth=2)
        self.check("**/*1", "/", ["file1"], maxdepth=1)
        self.check("subd*/**", "/", ["subfile1", "subfile2"], maxdepth=1)

    def test_only_folders(self):
        self.check("*/", "/", BELOW, recursive=True)
        self.check("subdir/*/", "/", ["nestedfile"], recursive=True)

    def test_lists(self):
        listed = ["file1", "file2", "subdir/subfile1"]
        for end in ("", "/"):
            self.check(listed, end, ["file1", "file2", "subfile1"])
        self.check(listed, "/newdir/", ["newdir/file1", "newdir/file2", "newdir/subfile1"])
        self.check(["file*", "subdir/sub*2"], "/", ["file1", "file2", "subfile2"])
        self.check(["file1", "*dir"], "/", ["file1", *BELOW], recursive=True)
        self.check(["file1", "*dir/sub*1"], "/", ["file1", "othersubdir/subfile1", "subdir/subfile1"], others=True)

    def test_lists_go_each_to_each(self):
        names = ["file1", "subdir/subfile1", "subdir/nesteddir/nestedfile"]
        targets = ["third", "new/first", "new/er/second"]
        self.fresh()
        self.copy([f"{self.source}/{one}" for one in names], [f"{self.target}/{one}" for one in targets])
        self.assertEqual(dict(zip(targets, names)), {one: self.content(f"{self.target}/{one}") for one in self.there(self.target)})
        with self.assertRaises(ValueError):
            self.copy([f"{self.source}/file1", f"{self.source}/file2"], [f"{self.target}/one"])
        self.assertEqual(3, len(self.there(self.target)))

    def test_depth(self):
        self.check("subdir/", "/", ["subfile1", "subfile2"], recursive=True, maxdepth=1)
        self.check("subdir", "/", ["subdir/subfile1", "subdir/subfile2"], recursive=True, maxdepth=1)

    def test_what_is_not_there_is_said(self):
        self.fresh()
        with self.assertRaises(FileNotFoundError):
            self.copy(self.source + "/none", self.target + "/")


class Stored:
    def make(self, name, files):
        for one in files:
            self.fs.pipe_file(f"lab/{name}/{one}", one.encode())
        return f"lab/{name}"


class Here:
    def make(self, name, files):
        for one in files:
            self.file(f"{name}/{one}", one.encode())
        return self.path(name)


class ToStored:
    def folder_of_targets(self):
        return "lab"

    def make_folder(self, path):
        self.fs.client.put(path + "/", b"")  # as a tool that makes folders does

    def there(self, path):
        return sorted(one[len(path) + 1:] for one in self.fs.find(path))

    def content(self, path):
        return self.fs.cat_file(path).decode()


class ToHere:
    def folder_of_targets(self):
        return self.path("targets")

    def make_folder(self, path):
        os.makedirs(path)

    def there(self, path):
        return sorted(os.path.relpath(os.path.join(folder, name), path) for folder, _, names in os.walk(path) for name in names)

    def content(self, path):
        with open(path) as file:
            return file.read()


class Copy(Stored, ToStored, CopyTest):
    def copy(self, source, target, **options):
        self.fs.copy(source, target, **options)


class Get(Stored, ToHere, CopyTest):
    def copy(self, source, target, **options):
        self.fs.get(source, target, **options)

    def test_earlier_states(self):
        self.fresh()
        before = self.fs.versions(self.source + "/file1")[0]
        moment = self.fs.versions(self.source + "/subdir/nesteddir/nestedfile")[0]["lsn"]
        for one in FILES:
            self.fs.pipe_file(f"{self.source}/{one}", b"later")
        self.fs.pipe_file(self.source + "/subdir/new", b"later")
        self.fs.pipe_file(self.source + "/subdir/newdir/new", b"later")
        self.copy(f"{self.source}/file1?version={before['version']}", self.target + "/")
        self.assertEqual(["file1"], self.there(self.target))
        self.assertEqual("file1", self.content(self.target + "/file1"))
        as_of = f"?as_of={moment}"
        for source, target, wanted, options in (
                ("subdir" + as_of, "", ["subdir/" + one for one in BELOW], {"recursive": True}), ("subdir/" + as_of, "/a", BELOW, {"recursive": True}),
                ("subdir/" + as_of, "/b", ["subfile1", "subfile2"], {"recursive": True, "maxdepth": 1}), ("subdir/*" + as_of, "/c", BELOW, {"recursive": True}),
                ("**" + as_of, "/d", FILES, {}), ("*/*" + as_of, "/e", ["subfile1", "subfile2"], {}), ("*/n*/*" + as_of, "/f", ["nestedfile"], {})):
            self.copy(f"{self.source}/{source}", self.target + target, **options)
            found = [one for one in self.there(self.target + target) if target or "/" in one]
            self.assertEqual(sorted(wanted), found, source)
            self.assertTrue(all(self.content(f"{self.target}{target}/{one}").endswith(one.rpartition("/")[2]) for one in found), source)


class Put(Here, ToStored, CopyTest):
    def copy(self, source, target, **options):
        self.fs.put(source, target, **options)

    def test_a_link_to_a_folder_is_that_folder(self):
        self.fresh()
        os.symlink("subdir", self.source + "/link")
        self.copy(self.source + "/l*k", self.target + "/a")
        self.copy(self.source + "/*", self.target + "/b")
        self.copy(self.source + "/l*k", self.target + "/c", recursive=True)
        self.assertEqual(sorted(["b/file1", "b/file2", *("c/" + one for one in BELOW)]), self.there(self.target))

    def test_only_where_nothing_is(self):
        self.fresh()
        self.copy(self.source + "/file1", self.target + "/file", mode="create")
        for write in (lambda: self.copy(self.source + "/file2", self.target + "/file", mode="create"), lambda: self.fs.pipe_file(self.target + "/file", b"x", mode="create"),
                      lambda: self.fs.open(self.target + "/file", "xb"), lambda: self.fs.open(self.target + "/file", "x")):
            with self.assertRaises(FileExistsError):
                write()
        self.assertEqual("file1", self.content(self.target + "/file"))
        self.fs.pipe_file(self.target + "/piped", b"x", mode="create")
        with self.fs.open(self.target + "/written", "x") as file:
            file.write("x")
        self.assertEqual("xx", self.content(self.target + "/piped") + self.content(self.target + "/written"))
        # Somebody else was faster.
        file = self.fs.open(self.target + "/late", "xb")
        file.write(b"x")
        self.fs.pipe_file(self.target + "/late", b"first")
        with self.assertRaises(FileExistsError):
            file.close()
        self.assertEqual("first", self.content(self.target + "/late"))


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
