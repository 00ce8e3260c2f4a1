"""A real systemd, as process 1 of a container over this machine's own files: the unit of packaging/ serves, comes back
after a crash and stops cleanly; the timer that `schedule install` makes runs what is due, and goes with `uninstall`.

Nothing of it is seen outside: the container's writes go to memory, its network is its own."""
import json
import os
import shutil
import subprocess
import textwrap
import unittest

from harness import ATOLL, SOURCE, AtollTest

# Made in a mount namespace of its own, so that nothing stays behind whatever happens.
BOOT = """
set -e
memory=$1 program=$2 source=$3 steps=$4
mount -t tmpfs tmpfs "$memory"
mkdir "$memory/upper" "$memory/work" "$memory/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$memory/upper,workdir=$memory/work" "$memory/root"
root=$memory/root
install -m 0755 "$program" "$root/usr/bin/atoll"
install -m 0644 "$source/packaging/atoll.service" "$root/etc/systemd/system/atoll.service"
install -m 0755 "$steps" "$root/usr/local/bin/atoll-steps"
rm -f "$root/etc/machine-id"
printf '%s\\n' '[Unit]' 'Description=What the test does' '[Service]' 'Type=oneshot' 'TimeoutStartSec=300' \\
  'ExecStart=/usr/local/bin/atoll-steps' 'ExecStopPost=/usr/bin/systemctl --no-block poweroff --force' \\
  >"$root/etc/systemd/system/atoll-steps.service"
timeout 280 systemd-nspawn -q -D "$root" --register=no --keep-unit --private-network -b \\
  systemd.unit=atoll-steps.service systemd.log_level=warning >"$memory/boot.log" 2>&1 || true
cat "$root/result" || { tail -40 "$memory/boot.log"; exit 1; }
"""

STEPS = r"""#!/bin/bash
# Every line of /result is a fact: NAME VALUE.
say() { echo "$@" >>/result; }
ip link set lo up 2>/dev/null || true
ready() {
  for _ in $(seq 100); do
    [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:7070/readyz)" = 200 ] && { say "$1" yes; return; }
    sleep 0.2
  done
  say "$1" no
  journalctl -u atoll --no-pager | tail -20 | sed 's/^/log /' >>/result
}
systemctl start atoll
ready ready
say user "$(stat -c %U /proc/$(systemctl show -P MainPID atoll)/)"
say home_mode "$(stat -c %a /var/lib/private/atoll/home)"
kill -9 "$(systemctl show -P MainPID atoll)"
sleep 3
ready ready_again
say restarts "$(systemctl show -P NRestarts atoll)"
systemctl stop atoll
say stopped "$(systemctl show -P Result atoll)"

export HOME=/root ATOLL_HOME=/root/home XDG_CONFIG_HOME=/root/config
atoll init -q >/dev/null
echo content | atoll put -q - some-bucket/key
atoll schedule add verify --daily "$(date -u -d '+1 minute' +%H:%M)" --as check
atoll schedule install >/root/install.txt 2>&1 || say install_failed "$(cat /root/install.txt)"
timer=$(basename /etc/systemd/system/atoll-schedule-*.timer)
say timer "$(systemctl is-active "$timer")" "$(systemctl is-enabled "$timer")"
# Every five minutes is too long for a test.
mkdir -p "/etc/systemd/system/$timer.d"
printf '[Timer]\nOnCalendar=\nOnCalendar=*:*:0/3\nRandomizedDelaySec=0\nAccuracySec=1s\n' >"/etc/systemd/system/$timer.d/soon.conf"
systemctl daemon-reload
systemctl restart "$timer"
for _ in $(seq 120); do
  atoll --json schedule list >/root/list.json
  grep -q '"last_ok":true' /root/list.json && break
  sleep 1
done
say schedule "$(cat /root/list.json)"
grep -q '"last_ok":true' /root/list.json || journalctl -u "${timer%.timer}.*" --no-pager | tail -20 | sed 's/^/log /' >>/result
atoll schedule uninstall >/dev/null
say units_left "$(ls /etc/systemd/system | grep -c '^atoll-schedule-.*timer$')"
"""


class RealSystemd(AtollTest):
    makes_home = False

    def test_unit_and_timer(self):
        if os.geteuid() != 0:
            self.skipTest("a container with systemd in it needs root")
        self.assertTrue(shutil.which("systemd-nspawn"), "systemd-container is not installed: see tools/packages.sh")
        probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
        if probe.returncode != 0:
            self.skipTest(f"this machine lets nobody mount: {probe.stderr.decode().strip()}")
        steps = self.path("steps")
        with open(steps, "w") as file:
            file.write(textwrap.dedent(STEPS))
        memory = self.path("memory")
        os.mkdir(memory)
        ran = subprocess.run(["unshare", "-m", "bash", "-c", BOOT, "boot", memory, ATOLL, SOURCE, steps],
                             capture_output=True, text=True, timeout=300)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        facts = dict(line.split(" ", 1) for line in ran.stdout.splitlines() if " " in line)
        self.assertEqual(facts["ready"], "yes", ran.stdout)
        self.assertEqual(facts["user"], "atoll")
        self.assertEqual(facts["home_mode"], "700")
        self.assertEqual(facts["ready_again"], "yes", ran.stdout)
        self.assertEqual(facts["restarts"], "1")
        self.assertEqual(facts["stopped"], "success")
        self.assertEqual(facts["timer"], "active enabled", ran.stdout)
        listed = json.loads(facts["schedule"])
        self.assertTrue(listed.get("last_ok"), ran.stdout)
        self.assertEqual(facts["units_left"], "0")


if __name__ == "__main__":
    unittest.main()
