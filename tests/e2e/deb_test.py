"""The Debian package: built from the program, installed into a folder, run from there, removed; and what the unit and the
image's file say."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from harness import SOURCE, AtollTest


def run(*words, **options):
    return subprocess.run([os.fspath(word) for word in words], capture_output=True, text=True, timeout=300, **options)


class Deb(AtollTest):
    makes_home = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = tempfile.mkdtemp(prefix="atoll-deb-")
        cls.addClassCleanup(harness.remove_tree, cls.target)
        cls.built = run(os.path.join(SOURCE, "packaging/build-deb"), harness.ATOLL, cls.target)

    def build(self):
        self.assertEqual(0, self.built.returncode, self.built.stderr)
        return self.built.stdout.split()[0]

    def test_previews_are_a_package_of_their_own_and_the_program_finds_them_there(self):
        package = self.built.stdout.split()[1]
        self.assertIn("./usr/lib/atoll/atoll-previews\n", run("dpkg-deb", "-c", package).stdout)
        control = run("dpkg-deb", "-f", package).stdout
        for library in ("libavcodec59", "libheif1", "libraw20", "libtesseract5"):
            self.assertIn(library, control)
            self.assertNotIn(library, run("dpkg-deb", "-f", self.build()).stdout)
        root = self.path("unpacked")
        for one in (self.build(), package):
            self.assertEqual(0, run("dpkg-deb", "-x", one, root).returncode)
        home = {**self.env, "ATOLL_HOME": self.path("home")}
        program = os.path.join(root, "usr/bin/atoll")
        self.assertEqual(0, run(program, "init", env=home).returncode)
        # 2 by 2 pixels, 24 bits each.
        picture = b"BM" + (70).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little") + \
            (2).to_bytes(4, "little") * 2 + b"\x01\0\x18\0" + bytes(4) + (16).to_bytes(4, "little") + bytes(16) + bytes(16)
        self.assertEqual(0, run(program, "put", self.file("in/a.bmp", picture), "box/a.bmp", env=home).returncode)
        made = subprocess.run([program, "preview", "box/a.bmp"], env=home, capture_output=True, timeout=60)
        self.assertEqual((0, b"RIFF"), (made.returncode, made.stdout[:4]), made.stderr)
        os.remove(os.path.join(root, "usr/lib/atoll/atoll-previews"))
        self.assertEqual(0, run(program, "put", self.file("in/b.bmp", picture + b"\0"), "box/b.bmp", env=home).returncode)
        missing = run(program, "preview", "box/b.bmp", env=home)
        self.assertEqual(20, missing.returncode)
        self.assertIn("previews are not installed", missing.stderr)

    def test_it_is_built_installed_run_and_removed(self):
        package = self.build()
        names = run("dpkg-deb", "-c", package).stdout
        for path in ("./usr/bin/atoll", "./lib/systemd/system/atoll.service", "./etc/atoll/atoll.toml",
                     "./usr/share/man/man1/atoll.1.gz", "./usr/share/man/man1/atoll-put.1.gz",
                     "./usr/share/bash-completion/completions/atoll", "./usr/share/zsh/vendor-completions/_atoll",
                     "./usr/share/fish/vendor_completions.d/atoll.fish", "./usr/share/doc/atoll/copyright",
                     "./usr/share/doc/atoll/examples/alerts.yaml", "./usr/share/doc/atoll/examples/Caddyfile"):
            self.assertRegex(names, re.escape(path) + r"\n")
        self.assertNotRegex(names, r"\n-rws|\n[^ ]+ (?!root/root)")
        control = run("dpkg-deb", "-f", package).stdout
        # The libraries that the list of packages names are those that the program says it needs.
        for library in ("libsqlite3-0", "libssl3", "libsodium23", "libzstd1", "libarchive13"):
            self.assertIn(library, control)

        root = self.path("root")
        admin = os.path.join(root, "var/lib/dpkg")
        for folder in ("info", "updates", "triggers", "alternatives"):
            os.makedirs(os.path.join(admin, folder))
        for name in ("status", "available", "diversions", "statoverride"):
            open(os.path.join(admin, name), "w").close()
        dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--force-depends", "--force-script-chrootless", "--log=" + self.path("dpkg.log")]
        done = run(*dpkg, "-i", package)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("install ok installed", run("dpkg-query", f"--admindir={admin}", "-W", "-f=${Status}", "atoll").stdout)
        self.assertEqual("", run(*dpkg, "-V", "atoll").stdout)
        program = os.path.join(root, "usr/bin/atoll")
        self.assertRegex(run(program, "--version").stdout, r"^atoll \d")
        home = {**self.env, "ATOLL_HOME": self.path("home")}
        self.assertEqual(0, run(program, "init", env=home).returncode)
        self.assertEqual(0, run(program, "config", "check", os.path.join(root, "etc/atoll/atoll.toml"), env=home).returncode)
        page = run("zcat", os.path.join(root, "usr/share/man/man1/atoll-put.1.gz")).stdout
        self.assertIn(r"\-\-mirror", page)

        data = os.path.join(root, "var/lib/atoll")
        os.makedirs(data)
        self.assertEqual(0, run(*dpkg, "-r", "atoll").returncode)
        self.assertFalse(os.path.exists(program))
        self.assertTrue(os.path.exists(os.path.join(root, "etc/atoll/atoll.toml")))  # settings stay until purge
        self.assertEqual(0, run(*dpkg, "-P", "atoll").returncode)
        self.assertFalse(os.path.exists(os.path.join(root, "etc/atoll/atoll.toml")))
        self.assertTrue(os.path.isdir(data), "a purge takes people's data away")

    def test_lintian_finds_no_error(self):
        # Of the address of a maintainer, which the project does not have.
        address = "bogus-mail-host,bogus-mail-host-in-debian-changelog"
        done = run("lintian", "--allow-root", "--fail-on", "error", "--suppress-tags", address, self.build(),
                   env={**self.env, "HOME": self.folder})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class Files(unittest.TestCase):
    """What cannot be run here (no systemd, no containers) is compared with what it must agree with."""

    def read(self, name):
        with open(os.path.join(SOURCE, name)) as file:
            return file.read()

    def test_the_image_has_what_the_lists_of_packages_say(self):
        text = self.read("packaging/Containerfile")
        self.assertIn('"${packages_build[@]}"', text)
        self.assertIn('"${packages_run[@]}"', text)
        self.assertIn("USER atoll", text)
        # The target that is built; what comes of it is for container_test.py.
        self.assertIn("cmake --preset release && cmake --build build/release --target atoll", text)

    def test_the_unit_is_one_that_systemd_understands(self):
        unit = os.path.join(SOURCE, "packaging/atoll.service")
        text = self.read("packaging/atoll.service")
        for line in ("DynamicUser=yes", "StateDirectory=atoll", "NoNewPrivileges=yes", "ProtectHome=yes", "Type=notify", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"):
            self.assertIn("\n" + line + "\n", text)
        done = run("systemd-analyze", "verify", "--man=no", unit)
        trouble = [line for line in done.stderr.splitlines() if "atoll.service" in line and "not executable" not in line]
        self.assertEqual([], trouble)

    def test_the_programs_libraries_are_in_the_list_that_the_image_installs(self):
        listed = set(run("bash", "-c", '. tools/packages.sh; echo "${packages_run[@]}"', cwd=SOURCE).stdout.split())
        for program in (harness.ATOLL, os.path.join(os.path.dirname(harness.ATOLL), "atoll-previews")):
            self.check_libraries(program, listed)
        # What it starts beside atoll-previews.
        ctags = os.path.realpath(shutil.which("ctags"))
        self.assertIn(run("dpkg", "-S", ctags).stdout.split(":")[0], listed)

    def check_libraries(self, program, listed):
        needed = run("ldd", program).stdout
        sonames = re.findall(r"=> (/\S+)", needed)
        owners = set()
        for path in sonames:
            found = run("dpkg", "-S", os.path.realpath(path)).stdout or run("dpkg", "-S", path).stdout
            owners.update(found.split(":")[0] for found in found.splitlines())
        direct = run("readelf", "-d", program).stdout
        names = re.findall(r"\(NEEDED\)\s+Shared library: \[([^\]]+)\]", direct)
        for name in names:
            path = re.search(re.escape(name) + r" => (/\S+)", needed)
            if not path:
                continue
            owner = (run("dpkg", "-S", os.path.realpath(path.group(1))).stdout or run("dpkg", "-S", path.group(1)).stdout).split(":")[0]
            if owner not in ("libc6", "libgcc-s1", ""):
                self.assertIn(owner, listed, f"{name} is of a package that the image does not install")


if __name__ == "__main__":
    harness.main()
