"""How the home is, as a server watches it: alarms raised, told and ended; figures; `top`; what boards and rules ask for."""
import http.server
import json
import os
import re
import stat
import threading
import time

import harness
from harness import wait_until
from rest_test import RestTest


def metric_types(text):
    """Names of all samples that a family may have, by what # TYPE says."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        names |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return names


class Health(RestTest):
    def metrics(self):
        return self.ask("GET", "/metrics").data.decode()

    def alarm(self, name, subject=None):
        found = [one for one in self.json("GET", "/api/v1/alarms")["alarms"]
                 if one["name"] == name and subject in (None, one["subject"])]
        return found[0] if found else None

    def level(self, name, subject=None):
        found = self.alarm(name, subject)
        return found["level"] if found else "none"

    def test_the_summary_says_what_is_stored_and_what_to_do(self):
        self.make_bucket()
        self.put("a", b"a" * 100_000)
        self.assertTrue(wait_until(lambda: self.json("GET", "/api/v1/health/summary")["files"] == 1, 30, 0.2))
        summary = self.json("GET", "/api/v1/health/summary")
        self.assertEqual("warning", summary["level"])
        self.assertIn("1 file stored", summary["sentence"])
        points = {one["name"]: one for one in summary["points"]}
        self.assertIn("one_copy", points)
        self.assertIn("atoll copy add", points["one_copy"]["advice"])
        self.assertIn("kit_not_saved", points)
        self.assertEqual(["never_saved"], [one["kit"] for one in summary["vaults"]])
        self.assertGreater(summary["room"]["total_bytes"], summary["room"]["available_bytes"])
        home = summary["room"]["locations"][0]
        self.assertEqual(("home", "home"), (home["name"], home["kind"]))
        self.assertGreater(home["used_bytes"], 0)
        self.assertNotIn("months", home, "three days have to be seen first")
        self.assertEqual(["hot", "warm", "cold"], [one["name"] for one in summary["room"]["tiers"]])
        self.assertNotIn("last_full_verify", summary)
        # What mends a point ends it.
        self.atoll("key", "kit", "--to", self.path("stick"))
        self.atoll("verify", "--data")
        self.assertTrue(wait_until(lambda: self.level("verify_overdue") == "good", 30, 0.2))
        self.assertIn(self.level("kit_not_saved"), ("good", "none"))
        self.assertIn("last_full_verify", self.json("GET", "/api/v1/health/summary"))
        history = self.json("GET", "/api/v1/alarms/history")["changes"]
        self.assertIn(("kit_not_saved", "warning", "good"), [(one["name"], one["from"], one["to"]) for one in history])

    def test_damage_that_a_reader_meets_is_told_and_mended_by_who_stores_it_again(self):
        self.make_bucket()
        content = os.urandom(900_000)
        self.put("one", content)
        self.stop()
        for pack in self.files_of_home(".pack"):
            with open(pack, "r+b") as file:
                broken = bytearray(file.read())
                broken[4096::7] = b"\xff" * len(broken[4096::7])
                file.seek(0)
                file.write(broken)
        self.serve()
        answer = self.ask("GET", "/api/v1/buckets/photos/objects/one", headers={"X-Request-Id": "a-reader"})
        self.assertEqual((500, "application/problem+json", "a-reader"),
                         (answer.status, answer.headers["Content-Type"], answer.headers["X-Request-Id"]))
        problem = json.loads(answer.data)
        self.assertEqual("a-reader", problem["request_id"])
        self.assertIn("is not what was written", problem["detail"])
        self.assertTrue(wait_until(lambda: self.level("damaged_read") == "critical", 30, 0.2))
        self.assertIn("damaged_read", self.atoll("alarm", "list").text)
        # Not known already: what could not be read is no content to build on.
        self.assertGreater(self.put("again", content)["new_bytes"], 0)
        self.assertEqual(content, self.ask("GET", "/api/v1/buckets/photos/objects/again").data)
        self.assertEqual(content, self.ask("GET", "/api/v1/buckets/photos/objects/one").data)

    def test_an_alarm_is_told_once_each_way(self):
        told = self.path("told")
        script = self.path("tell.sh")
        with open(script, "w") as file:
            file.write(f'#!/bin/sh\n{{ echo "$ATOLL_EVENT"; cat; echo ---; }} >> {told}\n')
        os.chmod(script, stat.S_IRWXU)
        self.atoll("alarm", "tell", f"command:{script}")
        for name in ("one_copy", "kit_not_saved", "verify_overdue", "capacity"):
            self.atoll("alarm", "set", name, "off")
        self.atoll("alarm", "test")
        self.assertTrue(os.path.exists(told))

        def heard(word):
            with open(told) as file:
                return file.read().count(word)
        self.assertEqual(1, heard("alarm.test"))
        self.assertTrue(wait_until(lambda: self.level("one_copy") == "none", 30, 0.2))
        before = heard("alarm.raised")
        self.atoll("alarm", "set", "capacity", "0:0.001")  # no disk is as empty as that
        self.assertTrue(wait_until(lambda: self.level("capacity", "home") == "critical", 30, 0.2))
        self.assertTrue(wait_until(lambda: heard("alarm.raised") == before + 1, 30, 0.2))
        self.atoll("alarm", "set", "capacity", "off")
        self.assertTrue(wait_until(lambda: self.level("capacity", "home") in ("good", "none"), 30, 0.2))
        self.assertIn("capacity (home)", self.atoll("alarm", "history").text)
        self.assertEqual(before + 1, heard("alarm.raised"))
        self.atoll("alarm", "set", "capacity", "90:80", code=2)
        self.atoll("alarm", "set", "nothing", "5", code=2)
        self.atoll("alarm", "tell", "nobody", code=2)
        self.assertIn("capacity   off (set)", self.atoll("alarm", "kinds").text)

    def test_who_is_told_is_set_and_tried_from_elsewhere(self):
        heard = []

        class Chat(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chat) as chat:
            threading.Thread(target=chat.serve_forever, daemon=True).start()
            hook = f"webhook:http://127.0.0.1:{chat.server_port}/hook"
            told = lambda: self.json("GET", "/api/v1/settings")["alarm_tell"]
            self.assertEqual([], told())
            self.json("PUT", "/api/v1/settings/alarms", {"tell": [hook]})
            self.assertEqual([hook], told())
            results = self.json("POST", "/api/v1/alarms/test")["results"]
            self.assertEqual([{"address": hook, "is_told": True}], results)
            self.assertEqual("alarm.test", heard[0]["event"])
            self.assertIn("told: " + hook, self.atoll("alarm", "kinds").text)
            chat.shutdown()
        # Nobody there: it is said for whom, and the others are tried all the same.
        mute = self.path("mute")
        with open(mute, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\ncat > /dev/null\n")
        os.chmod(mute, 0o755)
        self.atoll("alarm", "tell", hook, "command:" + mute)
        results = self.json("POST", "/api/v1/alarms/test")["results"]
        self.assertEqual([False, True], [one["is_told"] for one in results])
        self.assertTrue(results[0]["trouble"])
        # From elsewhere a program may stay, but none can be added.
        self.json("PUT", "/api/v1/settings/alarms", {"tell": ["command:" + mute]})
        self.assertEqual(["command:" + mute], told())
        for address, status in (("command:/bin/sh", 403), ("me@example.org", 400)):
            answer = self.ask("PUT", "/api/v1/settings/alarms", {"tell": [address]})
            self.assertEqual(status, answer.status, answer.data)
        self.assertEqual(["command:" + mute], told())

    def test_what_was_proven_is_told_and_a_drill_is_run_from_elsewhere(self):
        self.make_bucket()
        for i in range(5):
            self.put(f"k{i}", os.urandom(20_000))
        self.assertEqual([], self.json("GET", "/api/v1/checks")["checks"])
        self.atoll("verify")
        job = self.json("POST", "/api/v1/drill", {"objects": 3}, status=202)
        done = lambda: self.json("GET", f"/api/v1/jobs/{job['id']}")
        self.assertTrue(wait_until(lambda: done()["state"] == "done", 60, 0.2), done())
        self.assertTrue(done()["result"]["is_good"])
        drill, verify = self.json("GET", "/api/v1/checks")["checks"]
        self.assertEqual(("drill", "restore", True, 60_000), tuple(drill[one] for one in ("kind", "name", "is_ok", "bytes")))
        self.assertEqual(("verify", "structure", True), tuple(verify[one] for one in ("kind", "name", "is_ok")))

    def test_figures_say_when_a_copy_had_everything(self):
        self.make_bucket()
        self.put("a", os.urandom(50_000))
        began = int(time.time())
        self.atoll("copy", "add", self.path("copy"), "--as", "disk")

        def last():
            found = re.search(r'^atoll_last_backup_success_timestamp_seconds\{vault="main",copy="disk"\} (\d+)$', self.metrics(), re.M)
            return int(found.group(1)) if found else None
        self.assertTrue(wait_until(lambda: (last() or 0) >= began, 30, 0.2), last())
        self.assertLessEqual(last(), time.time())
        answer = self.ask("GET", "/healthz?verbose")
        self.assertEqual(200, answer.status)
        lines = answer.data.decode().splitlines()
        self.assertEqual(["[+]server ok", "[+]vault main ok"], lines[:2])
        self.assertTrue([line for line in lines if line.startswith("[!]warning kit_not_saved: ")], lines)
        self.assertEqual("healthz check passed", lines[-1])
        self.assertEqual(b"ok\n", self.ask("GET", "/healthz", token=False).data)
        self.assertEqual(401, self.ask("GET", "/healthz?verbose", token=False).status)

    def test_damage_that_a_check_finds_is_counted(self):
        self.make_bucket()
        self.put("a", os.urandom(300_000))

        def errors():
            return int(re.search(r'^atoll_scrub_errors_total\{vault="main"\} (\d+)$', self.metrics(), re.M).group(1))
        self.assertEqual(0, errors())
        self.stop()  # the pack is finished then
        self.serve()
        pack = self.files_of_home(".pack")[0]
        with open(pack, "r+b") as file:
            file.seek(100_000)
            file.write(bytes(64))
        self.atoll("verify", "--data", code=22)
        first = errors()
        self.assertGreater(first, 0)
        self.atoll("verify", "--data")  # parity mended it
        self.assertEqual(first, errors())

    def test_boards_and_rules_ask_for_what_there_is(self):
        self.make_bucket()
        self.put("a", b"a")
        self.atoll("copy", "add", self.path("copy"), "--as", "disk")
        self.assertTrue(wait_until(lambda: "atoll_copy_lag_seconds{" in self.metrics(), 30, 0.2))
        self.ask("GET", "/api/v1/nothing")
        there = metric_types(self.metrics())
        with open(os.path.join(harness.SOURCE, "packaging/grafana.json"), encoding="utf-8") as file:
            board = json.load(file)
        wanted = {}
        for panel in board["panels"]:
            for target in panel["targets"]:
                for name in re.findall(r"\batoll_\w+", target["expr"]):
                    wanted.setdefault(name, panel["title"])
        with open(os.path.join(harness.SOURCE, "packaging/alerts.yaml"), encoding="utf-8") as file:
            rules = file.read()
        expressions = re.findall(r"^ +expr: (.+)$", rules, re.M)
        self.assertEqual(rules.count("- alert:"), len(expressions))
        for expression in expressions:
            for name in re.findall(r"\batoll_\w+", expression):
                wanted.setdefault(name, expression)
        self.assertGreater(len(wanted), 20)
        self.assertEqual({}, {name: where for name, where in wanted.items() if name not in there})

    def test_top_draws_itself_without_a_terminal_and_from_elsewhere(self):
        self.make_bucket()
        self.put("a", b"a" * 1000)
        block = self.atoll("top", "--count", "1").text
        for word in ("requests/s", "vault main", "home:", "! "):
            self.assertIn(word, block)
        self.assertNotIn("\x1b", block)
        lines = self.atoll("--json", "top", "--count", "2", "--interval", "1").of_type("top")
        self.assertEqual(2, len(lines))
        self.assertIn("query_p99_seconds", lines[0]["figures"])
        self.stop()
        self.assertIn("No server runs", self.atoll("top", "--count", "1").text)
        self.assertIn("alarm", {one["message_type"] for one in self.atoll("--json", "alarm", "list").json()})
        self.assertIn("alarms", self.atoll("--json", "stat").of_type("status_report")[0])

    def test_figures_are_kept_and_survive_a_restart(self):
        self.make_bucket()
        for i in range(30):
            self.put(f"k{i}", b"x" * 5000)
            self.ask("GET", f"/api/v1/buckets/photos/objects/k{i}")

        def samples():
            return self.json("GET", "/api/v1/monitor?step=10&figures=files,requests_per_second_rest,query_p99_seconds")
        self.assertTrue(wait_until(lambda: any((one or 0) > 0 for one in samples()["series"]["requests_per_second_rest"]),
                                   40, 0.5))
        before = samples()
        self.assertEqual(len(before["times"]), len(before["series"]["files"]))
        self.assertTrue(any(one is not None and 0 < one < 10 for one in before["series"]["query_p99_seconds"]), before)
        routes = {one["route"]: one for one in self.json("GET", "/api/v1/requests")["requests"]}
        self.assertEqual(30, routes["PUT /api/v1/buckets/{bucket}/objects/{key...}"]["count"])
        self.stop()
        self.serve()
        self.assertEqual(before["times"], samples()["times"][:len(before["times"])])

    def test_the_log_says_why_a_request_failed(self):
        self.make_bucket()
        self.put("a", os.urandom(3_000_000))
        self.assertEqual(404, self.ask("GET", "/api/v1/buckets/photos/objects/none").status)
        # Damage beyond what parity mends, under a running server.
        self.stop()
        packs = self.files_of_home(".pack")
        for path in packs:
            size = os.path.getsize(path)
            with open(path, "r+b") as file:
                for at in range(4096, size - 4096, 4096):
                    file.seek(at)
                    file.write(os.urandom(512))
        self.serve()
        try:
            self.ask("GET", "/api/v1/buckets/photos/objects/a", headers={"X-Request-Id": "find-me"})
        except Exception:  # noqa: BLE001: broken off or answered with an error, as it comes
            pass
        self.stop()
        with open(self.path("serve.log"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertTrue(any("object.not_found" in line for line in lines))
        found = [json.loads(line) for line in lines if '"find-me"' in line]
        self.assertEqual(["error"], [one["level"] for one in found], lines[-5:])
        self.assertIn("error.message", found[0])


if __name__ == "__main__":
    harness.main()
