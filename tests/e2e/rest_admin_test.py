"""Accounts and upkeep over REST against a real server: signing in, rights, secrets, links, jobs, and what the log does not
tell."""
import base64
import json
import os
import re
import unittest

from harness import wait_until
from rest_test import RestTest


class RestAdmin(RestTest):
    def as_user(self, token):
        first, self.token = self.token, token
        self.addCleanup(setattr, self, "token", first)

    def test_a_session_needs_its_mark_and_ends(self):
        self.json("POST", "/api/v1/users", {"name": "mia", "password": "a long password", "password_holds": True, "role": "editor"}, 201)
        answer = self.ask("POST", "/api/v1/session", {"name": "mia", "password": "a long password"}, token=False)
        self.assertEqual(201, answer.status, answer.data)
        set_cookie = answer.getheader("Set-Cookie")
        self.assertIn("HttpOnly", set_cookie)
        self.assertIn("SameSite=Strict", set_cookie)
        cookie = {"Cookie": set_cookie.split(";")[0]}
        mark = dict(cookie, **{"Atoll-Request-Mark": json.loads(answer.data)["request_mark"]})
        self.assertEqual("mia", self.json("GET", "/api/v1/session", headers=cookie, token=False)["name"])
        self.assertEqual(403, self.ask("PUT", "/api/v1/buckets/mine", headers=cookie, token=False).status)
        self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/mine", headers=mark, token=False).status)
        self.assertEqual(204, self.ask("DELETE", "/api/v1/session", headers=mark, token=False).status)
        self.assertEqual(401, self.ask("GET", "/api/v1/session", headers=cookie, token=False).status)

    def test_a_password_that_was_given_out_serves_to_set_another(self):
        self.make_bucket()
        common = self.ask("POST", "/api/v1/users", {"name": "mia", "password": "password1"})
        self.assertEqual((400, "access.common_password"), (common.status, json.loads(common.data)["id"]))
        made = self.json("POST", "/api/v1/users", {"name": "mia", "password": "a long password", "role": "owner"}, 201)
        self.assertTrue(made["must_change_password"])

        def sign_in(password):
            answer = self.ask("POST", "/api/v1/session", {"name": "mia", "password": password}, token=False)
            self.assertEqual(201, answer.status, answer.data)
            session = json.loads(answer.data)
            return session, {"Cookie": answer.getheader("Set-Cookie").split(";")[0], "Atoll-Request-Mark": session["request_mark"]}
        session, cookie = sign_in("a long password")
        self.assertTrue(session["user"]["must_change_password"])
        for method, path, body in (("GET", "/api/v1/buckets", None), ("PUT", "/api/v1/buckets/mine", None), ("GET", "/api/v1/users", None),
                                   ("POST", "/api/v1/tokens", {"user": "mia"}), ("POST", "/api/v1/s3-keys", {"user": "mia"}),
                                   ("POST", "/api/v1/search", {"query": "x"}), ("GET", "/api/v1/buckets/photos/objects", None),
                                   ("PUT", "/api/v1/users/admin/password", {"password": "a longer password"})):
            answer = self.ask(method, path, body, cookie, token=False)
            self.assertEqual((403, "access.password_issued"), (answer.status, json.loads(answer.data)["id"]), path)
        basic = {"Authorization": "Basic " + base64.b64encode(b"mia:a long password").decode()}
        self.assertEqual(403, self.ask("PROPFIND", "/dav/photos/", headers={**basic, "Depth": "1"}, token=False).status)
        self.assertEqual(403, self.ask("PUT", "/dav/photos/x", b"x", basic, token=False).status)

        def change(fresh):
            return self.ask("PUT", "/api/v1/session/password", {"password": "a long password", "new_password": fresh}, cookie, token=False)
        self.assertEqual(400, change("a long password").status)
        self.assertEqual(400, change("mia12345").status)
        self.assertEqual(204, change("a lantern in the harbour").status)
        self.assertEqual(401, self.ask("GET", "/api/v1/session", headers=cookie, token=False).status)
        session, cookie = sign_in("a lantern in the harbour")
        self.assertFalse(session["user"]["must_change_password"])
        self.assertEqual(200, self.ask("GET", "/api/v1/buckets", headers=cookie, token=False).status)
        # Who manages the accounts sets a new one: that one is given out again.
        self.assertEqual(204, self.ask("PUT", "/api/v1/users/mia/password", {"password": "four boats at sea"}).status)
        self.assertTrue(sign_in("four boats at sea")[0]["user"]["must_change_password"])

    def test_all_about_a_person_is_handed_over_found_and_removed(self):
        self.make_bucket()
        self.json("POST", "/api/v1/users", {"name": "mia", "role": "editor"}, 201)
        owner = self.token
        self.as_user(self.json("POST", "/api/v1/tokens", {"user": "mia"}, 201)["token"])
        for name in ("letter one.txt", "letter two.txt"):
            self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/photos/objects/" + name.replace(" ", "%20"), b"dear aunt").status)
        self.token = owner
        self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/photos/objects/of-another.txt", b"mine").status)
        self.atoll("user", "export", "mia", "--to", "mia.json")
        with open(self.path("mia.json")) as file:
            known = json.load(file)
        self.assertEqual(0o600, os.stat(self.path("mia.json")).st_mode & 0o777)
        main = known["vaults"][0]
        self.assertEqual([("photos", "letter one.txt", 9, True), ("photos", "letter two.txt", 9, True)],
                         [(one["bucket"], one["key"], one["size"], one["is_current"]) for one in main["stored"]])
        self.assertEqual({"mia"}, {one["by"] for one in main["changes"]})
        self.assertEqual([], known["left_out"])
        self.assertEqual(known["vaults"][0]["stored"], json.loads(self.ask("GET", "/api/v1/users/mia/export").data)["vaults"][0]["stored"])
        self.assertEqual(known, json.loads(self.atoll("user", "export", "mia").out))
        found = self.atoll("find", "by:mia", "-0").out.split(b"\0")
        self.assertEqual([b"photos/letter one.txt", b"photos/letter two.txt"], sorted(filter(None, found)))
        self.atoll("--yes", "rm", "--forever", *filter(None, found))
        self.assertEqual([], self.atoll("find", "by:mia").lines)
        self.atoll("--yes", "user", "erase", "mia")
        self.atoll("user", "export", "mia", "--to", "gone.json", code=20)
        self.assertFalse(os.path.exists(self.path("gone.json")))

    def test_every_vault_is_told_of_by_itself_through_the_server_too(self):
        self.stop()
        self.atoll("vault", "create", "archive")
        self.serve()
        self.make_bucket()
        self.json("POST", "/api/v1/users", {"name": "mia", "role": "editor"}, 201)
        owner = self.token
        self.as_user(self.json("POST", "/api/v1/tokens", {"user": "mia"}, 201)["token"])
        self.put("here", b"here")
        self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/old?vault=archive").status)
        self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/old/objects/there?vault=archive", b"there").status)
        self.token = owner
        known = json.loads(self.atoll("user", "export", "mia").out)
        self.assertEqual({"main": ["here"], "archive": ["there"], "control": []},
                         {one["vault"]: [each["key"] for each in one["stored"]] for one in known["vaults"]})
        # From another machine too, which does not see the server's folders.
        elsewhere = {"ATOLL_URL": f"http://127.0.0.1:{self.port}", "ATOLL_TOKEN_FILE": self.file("token", self.token, 0o600),
                     "ATOLL_HOME": self.path("none")}
        self.atoll("grant", "add", "everyone", "reader", "old", "--vault", "archive")
        self.assertEqual(known["vaults"][0]["stored"],
                         json.loads(self.atoll("user", "export", "mia", env=elsewhere).out)["vaults"][0]["stored"])
        self.assertIn("old", self.atoll("public", env=elsewhere).text)
        self.assertIn("Nothing is under way", self.atoll("job", "list", env=elsewhere).errors)
        # The vault of the accounts is looked after like any other.
        writes = self.atoll("--json", "--vault", "control", "audit", "show", "--writes").of_type("record")
        self.assertIn("access_change", {one["action"] for one in writes})
        self.atoll("--vault", "control", "gc")
        self.atoll("--vault", "control", "verify", "--data")

    def test_a_member_given_twice_is_refused(self):
        twice = b'{"name": "nobody-checked", "role": "reader", "role": "owner"}'
        answer = self.ask("POST", "/api/v1/users", twice, {"Content-Type": "application/json"})
        self.assertEqual((400, "json.repeated_member"), (answer.status, json.loads(answer.data)["id"]))
        self.assertEqual(404, self.ask("GET", "/api/v1/users/nobody-checked").status)

    def test_what_is_made_survives_a_restart_and_cannot_grow(self):
        self.make_bucket()
        self.json("POST", "/api/v1/users", {"name": "mia", "role": "reader", "place": {"bucket": "photos"}}, 201)
        made = self.json("POST", "/api/v1/tokens", {"user": "mia"}, 201)
        self.stop()
        self.serve()
        self.as_user(made["token"])
        self.assertEqual(200, self.ask("GET", "/api/v1/buckets/photos/objects").status)
        self.assertEqual(403, self.ask("PUT", "/api/v1/buckets/photos/objects/x", b"x").status)
        self.assertEqual(403, self.ask("POST", "/api/v1/grants", {"subject": "mia", "role": "owner"}).status)

    def test_a_link_works_and_its_secret_is_not_in_the_log(self):
        self.make_bucket()
        self.put("open/a.txt", b"hello")
        self.put("b.txt", b"closed")
        made = self.json("POST", "/api/v1/shares", {"place": {"bucket": "photos", "prefix": "open/"}}, 201)
        link = "/api/v1/shared/" + made["secret"]
        self.assertEqual(b"hello", self.ask("GET", link + "/content?key=a.txt", token=False).data)
        self.assertEqual(404, self.ask("GET", link + "/content?key=b.txt", token=False).status)
        self.assertEqual(403, self.ask("PUT", link + "/files/c.txt", b"x", token=False).status)
        self.stop()
        with open(self.path("serve.log"), encoding="utf-8") as file:
            log = file.read()
        self.assertIn("/content", log)
        self.assertNotIn(made["secret"], log)

    def test_jobs_are_listed_and_ended_by_commands(self):
        self.make_bucket()
        self.put("a", os.urandom(300_000))
        self.assertIn("Nothing is under way", self.atoll("job", "list").errors)
        job = self.json("POST", "/api/v1/verify", {"reads_data": True}, status=202)
        self.assertTrue(wait_until(lambda: [one["state"] for one in self.atoll("--json", "job", "list", "--all").of_type("job")
                                            if one["id"] == job["id"]] == ["done"], 30, 0.1))
        line = [line for line in self.atoll("job", "list", "--all").lines if line.startswith(job["id"])][0]
        self.assertIn("verify   vault main   done", line)
        self.atoll("job", "cancel", job["id"])  # it ended before: nothing happens
        self.assertIn("there is no job", self.atoll("job", "cancel", "nonsense", code=20).errors)
        self.stop()
        self.assertIn("no server runs", self.atoll("job", "list", code=21).errors)

    def test_a_job_is_watched_to_its_end(self):
        self.make_bucket()
        self.put("a", b"a" * 100_000)
        started = self.ask("POST", "/api/v1/verify", {"reads_data": True})
        self.assertEqual(202, started.status, started.data)
        job = started.getheader("Location")
        events = self.ask("GET", job + "/events").data.decode()
        last = json.loads(re.findall(r"^data: (.*)$", events, re.M)[-1])
        self.assertEqual("done", last["state"], events)
        self.assertTrue(last["result"]["is_clean"])
        self.assertIn(last["id"], [one["id"] for one in self.json("GET", "/api/v1/jobs")["jobs"]])


if __name__ == "__main__":
    unittest.main()
