"""Accounts by command: what was set up is there in the next run, secrets are shown once and stored nowhere, nobody is left
out or let in by mistake."""
import glob
import json
import os
import unittest

from harness import AtollTest


class Accounts(AtollTest):
    def add(self, name, *more):
        secret = self.file(f"{name}.password", "correct horse battery\nsecond line\n")
        return self.atoll("user", "add", name, "--new-password-file", secret, *more)

    def test_nothing_is_there_before_the_first_account(self):
        self.assertEqual(self.atoll("--json", "user", "list").json(), [])
        self.assertEqual(self.atoll("--json", "audit", "show").json(), [])
        self.assertEqual(len(self.atoll("--json", "vault", "list", "--all").json()), 1)

    def test_control_stands_beside_and_is_never_meant(self):
        self.add("anna")
        self.assertEqual([one["name"] for one in self.atoll("--json", "vault", "list").json()], ["main"])
        names = {one["name"]: one["id"] for one in self.atoll("--json", "vault", "list", "--all").json()}
        self.assertEqual(set(names), {"main", "control"})
        self.atoll("put", "-", "some-bucket/key", input=b"content")  # without --vault: main
        self.assertEqual(self.atoll("cat", "some-bucket/key").out, b"content")
        for name in ("control", names["control"]):
            self.atoll("--yes", "vault", "delete", name, code=21)
        self.atoll("vault", "rename", "control", "other", code=21)
        self.atoll("vault", "create", "control", code=21)
        self.assertEqual(self.atoll("--json", "user", "list").of_type("user")[0]["name"], "anna")
        self.atoll("verify", "--data", "--vault", "control")

    def test_people_groups_and_grants(self):
        self.add("anna", "--display-name", "Anna", "--email", "anna@example.org")
        self.atoll("user", "add", "anna", "--no-password", code=21)
        self.atoll("user", "add", "Not Good", "--no-password", code=2)
        self.atoll("user", "add", "ben", code=2)  # no terminal to ask on
        self.atoll("user", "add", "ben", "--no-password", "--role", "no-such-role", code=20)
        self.atoll("user", "add", "ben", "--no-password", "--role", "reader", "--on", "photos")
        self.atoll("group", "add", "family")
        self.atoll("group", "join", "family", "anna")
        self.atoll("group", "join", "family", "nobody-here", code=20)
        grant = self.atoll("--json", "grant", "add", "family", "editor", "photos/2024/", "--expires", "30d").summary["id"]
        self.atoll("grant", "add", "anna", "fly", code=20)
        listed = self.atoll("--json", "grant", "list").of_type("grant")
        self.assertEqual({(one["subject"], one["role"], one["bucket"], one["prefix"]) for one in listed},
                         {("ben", "reader", "photos", ""), ("family", "editor", "photos", "2024/")})
        self.assertEqual(self.atoll("--json", "group", "list").of_type("group")[0]["members"], ["anna"])
        self.assertIn("anna@example.org", self.atoll("user", "list").text)
        self.atoll("grant", "remove", grant)
        self.atoll("grant", "remove", grant, code=20)
        self.atoll("grant", "remove", "nonsense", code=2)
        self.atoll("user", "disable", "ben")
        self.assertIn("disabled", self.atoll("user", "list").text)
        self.atoll("user", "remove", "ben")
        self.atoll("user", "show", "ben", code=20)
        self.atoll("group", "leave", "family", "anna")
        self.atoll("group", "remove", "anna", code=2)
        self.atoll("group", "remove", "family")

    def test_the_last_owner_stays(self):
        self.add("anna", "--role", "owner")
        self.atoll("user", "disable", "anna", code=21)
        self.atoll("user", "remove", "anna", code=21)
        self.add("ben", "--role", "owner")
        self.atoll("user", "remove", "anna")

    def test_roles_of_ones_own(self):
        self.atoll("role", "create", "curator", "--allow", "read,tag", "--deny", "erase", "--tier", "hot,warm", "--age-max", "30d")
        rules = self.atoll("--json", "role", "show", "curator").of_type("role")[0]["rules"]
        self.assertEqual([(one["denies"], one["actions"], one["tiers"]) for one in rules],
                         [(False, ["read", "tag"], ["hot", "warm"]), (True, ["erase"], ["hot", "warm"])])
        self.atoll("role", "create", "pilot", "--allow", "fly", code=2)
        self.atoll("role", "create", "editor", "--allow", "read", code=21)
        self.atoll("role", "create", "viewer", "--pattern", "observer")
        self.add("anna", "--role", "curator")
        self.atoll("role", "remove", "curator", code=21)
        self.atoll("role", "remove", "viewer")
        self.assertGreater(len(self.atoll("role", "actions").lines), 40)

    def test_secrets_are_shown_once_and_lie_nowhere(self):
        self.add("anna", "--role", "reader")
        token = self.atoll("--json", "token", "create", "anna", "--label", "laptop", "--scope", "reader:photos/2024/").summary
        key = self.atoll("--json", "s3key", "create", "anna").summary
        self.assertTrue(token["token"].startswith("atl_"))
        self.assertEqual((len(key["access_key_id"]), len(key["secret_access_key"])), (20, 40))
        self.add("ben", "--role", "editor")
        self.atoll("put", "-", "photos/2024/a.jpg", input=b"content")
        link = self.atoll("--json", "share", "create", "photos/2024/", "--as", "ben").summary
        self.atoll("share", "create", "photos/2024/", "--as", "anna", code=25)  # a reader hands nothing on
        secrets = [token["token"], key["secret_access_key"], link["link"].split("/")[-1], "correct horse battery"]
        said = b"".join(self.atoll(*words).out for words in
                        (("token", "list"), ("s3key", "list"), ("share", "list"), ("user", "list"), ("user", "show", "anna"),
                         ("--json", "token", "list"), ("--json", "s3key", "list"), ("audit", "show")))
        for secret in secrets:
            self.assertNotIn(secret.encode(), said)
        for path in glob.glob(os.path.join(self.home, "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
                for secret in secrets:
                    self.assertNotIn(secret.encode(), content, path)
        self.atoll("token", "revoke", token["id"])
        self.atoll("s3key", "revoke", key["access_key_id"])
        self.atoll("share", "revoke", link["id"])
        for noun in ("token", "s3key", "share"):
            self.assertEqual(self.atoll("--json", noun, "list").json(), [])

    def test_a_link_leads_to_something(self):
        self.add("ben", "--role", "editor")
        self.atoll("put", "-", "photos/2024/a.jpg", input=b"content")
        for place, hint in (("photos/2025.jpg", "atoll ls photos/"), ("photos/2024", "photos/2024/"), ("nothing/here/", "")):
            told = self.atoll("share", "create", place, "--as", "ben", code=20)
            self.assertIn(hint, told.errors)
        self.atoll("share", "create", "photos/2024/a.jpg", "--as", "ben", "--version", "0" * 26, code=None)
        self.assertEqual([], self.atoll("--json", "share", "list").json())
        self.assertIn("Nothing is in that folder yet", self.atoll("share", "create", "photos/2025/", "--as", "ben").errors)
        self.atoll("share", "create", "photos/2024/a.jpg", "--as", "ben")

    def test_what_is_public_is_one_list(self):
        self.atoll("user", "add", "ben", "--kind", "service")
        self.atoll("grant", "add", "ben", "editor")
        self.assertIn("Nothing is open", self.atoll("public").errors)
        self.atoll("grant", "add", "everyone", "reader", "site")
        self.atoll("grant", "add", "signed-in", "reader", "inside")
        self.atoll("put", "-", "photos/a.jpg", input=b"content")
        link = self.atoll("--json", "share", "create", "photos/drop/", "--as", "ben", "--uploads", "--label", "box").summary
        shown = {one["opened_by"]: one for one in self.atoll("--json", "public").of_type("public_place")}
        self.assertEqual({"grant", "link"}, set(shown))
        self.assertEqual(("site", "", True, False, "reader"), tuple(shown["grant"][name] for name in (
            "bucket", "prefix", "reads", "writes", "role")))
        self.assertEqual((link["id"], "photos", "drop/", False, True, "ben", "box"), tuple(shown["link"][name] for name in (
            "id", "bucket", "prefix", "reads", "writes", "user", "label")))
        self.assertEqual(2, len(self.atoll("public").lines))
        self.atoll("share", "revoke", link["id"])
        self.atoll("grant", "remove", shown["grant"]["id"])
        self.assertEqual([], self.atoll("public").lines)

    def test_codes_of_an_app(self):
        self.add("anna")
        secret = self.path("anna.secret")
        self.atoll("user", "code", "anna", "--secret-file", secret)
        with open(secret) as file:
            text, address = file.read().splitlines()
        self.assertEqual(os.stat(secret).st_mode & 0o777, 0o600)
        self.assertIn("otpauth://totp/Atoll:anna?secret=" + text.upper(), address)
        self.atoll("user", "code", "anna", "--secret-file", secret, code=21)  # never overwritten
        self.atoll("user", "code", "anna", "--secret-file", secret, "--code", "nonsense", code=12)

    def test_quotas(self):
        self.add("anna")
        self.atoll("quota", "set", "--user", "anna", "--bytes", "100GB")
        self.atoll("quota", "set", "--bucket", "photos", "--objects", "5")
        shown = self.atoll("--json", "quota", "show").of_type("quota")
        self.assertEqual({(one["user"], one["bucket"], one["bytes_max"], one["objects_max"]) for one in shown},
                         {("anna", "", 10**11, 0), ("", "photos", 0, 5)})
        self.atoll("quota", "set", "--user", "anna")
        self.assertEqual(len(self.atoll("--json", "quota", "show").of_type("quota")), 1)

    def test_all_about_one_person(self):
        self.add("anna", "--email", "anna@example.org", "--role", "reader")
        self.atoll("user", "export", "anna", "--to", "anna.json")
        with open(self.path("anna.json")) as file:
            known = json.load(file)
        self.assertEqual(known["account"]["email"], "anna@example.org")
        self.assertEqual(known["grants"][0]["role"], "reader")
        self.atoll("user", "erase", "anna", code=2)  # nobody to ask
        self.atoll("user", "erase", "anna", "-n")
        self.atoll("user", "show", "anna")
        self.atoll("--yes", "user", "erase", "anna")
        self.atoll("user", "show", "anna", code=20)
        self.assertTrue(self.atoll("--json", "audit", "verify").summary["whole"])
        self.assertEqual(self.atoll("--json", "audit", "show", "--action", "audit_erased").of_type("record")[0]["actor"], "owner")

    def test_changes_say_who_made_them(self):
        self.add("anna")
        self.atoll("put", "-", "some-bucket/key", input=b"content")
        writes = self.atoll("--json", "audit", "show", "--writes", "--action", "put_objects").of_type("record")
        self.assertEqual([one["actor"] for one in writes], ["owner"])
        control = self.atoll("--json", "--vault", "control", "audit", "show", "--writes", "--action", "access_change").of_type("record")
        self.assertEqual(len(control), 1)
        self.assertEqual(self.atoll("undo", "last", "-n", "--vault", "control", code=None).code, 20)

    def test_accounts_open_with_the_passphrase_of_the_home(self):
        home = self.path("second")
        secret = self.file("pass", "a long passphrase\n")
        self.atoll("--home", home, "init", "--new-password-file", secret)
        self.atoll("--home", home, "--password-file", secret, "user", "add", "anna", "--no-password")
        self.assertEqual(len(self.atoll("--home", home, "--password-file", secret, "--json", "user", "list").json()), 1)
        self.atoll("--home", home, "user", "add", "ben", "--no-password", code=12)  # locked: no second one is made
        self.assertEqual(len(os.listdir(os.path.join(home, "vaults"))), 2)


if __name__ == "__main__":
    unittest.main()
