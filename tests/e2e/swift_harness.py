"""OpenStack's Swift with its S3 interface, from Debian's python3-swift (the code without the services): one disk, one copy of
everything, nothing outside of a folder, no root.

    swift = Swift(folder); swift.start() … swift.stop()       swift.port, ACCESS, SECRET
"""
import getpass
import os
import signal
import socket
import subprocess
import time

ACCESS, SECRET = "tests:writer", "a-secret/with+signs=for-swift-0123456789"
PARTS = ("account", "container", "object", "proxy")
PYTHON = "/usr/bin/python3"  # for which Debian's packages are

# Swift reads the salt of its paths from /etc, unless it is told before it is asked.
LAUNCH = """
import sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[3]
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(sys.argv[1], sys.argv[2]))
"""
SWIFT = """[swift-hash]
swift_hash_path_prefix = tests
swift_hash_path_suffix = tests
[storage-policy:0]
name = one
default = yes
"""
COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
log_address = {folder}/no-syslog
"""
STORE = """[pipeline:main]
pipeline = {part}-server
[app:{part}-server]
use = egg:swift#{part}
"""
PROXY = """[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats bulk s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_{access} = {secret} .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


RING_BUILDER = "import sys; sys.argv[0] = 'swift-ring-builder'; from swift.cli.ringbuilder import main; main()"


def is_installed():
    return os.path.exists(PYTHON) and subprocess.run([PYTHON, "-c", "import swift.proxy.server"], capture_output=True).returncode == 0


class Swift:
    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        os.makedirs(os.path.join(folder, "devices/disk"))
        ports = {part: self.free_port() for part in PARTS}
        self.port = ports["proxy"]
        self.ports = list(ports.values())
        self.write("swift.conf", SWIFT)
        self.write("launch.py", LAUNCH)
        for part in PARTS:
            rest = PROXY if part == "proxy" else STORE
            self.write(part + ".conf", (COMMON + rest).format(port=ports[part], user=getpass.getuser(), folder=folder, part=part,
                                                              access=ACCESS.replace(":", "_"), secret=SECRET))
            if part != "proxy":
                for words in (["create", "4", "1", "0"], ["add", f"r1z1-127.0.0.1:{ports[part]}/disk", "1"], ["rebalance"]):
                    subprocess.run([PYTHON, "-c", RING_BUILDER, os.path.join(folder, part + ".builder"), *words], check=True,
                                   stdout=subprocess.DEVNULL, cwd=folder)

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def log(self, part):
        return os.path.join(self.folder, part + ".log")

    def start(self):
        for part in PARTS:
            with open(self.log(part), "ab") as log:
                self.processes.append(subprocess.Popen(
                    [PYTHON, os.path.join(self.folder, "launch.py"), os.path.join(self.folder, part + ".conf"), part + "-server",
                     os.path.join(self.folder, "swift.conf")], stdout=log, stderr=log, cwd=self.folder))
        for _ in range(600):
            for part, process in zip(PARTS, self.processes):
                if process.poll() is not None:
                    with open(self.log(part), encoding="utf-8", errors="replace") as log:
                        raise RuntimeError(f"Swift's {part} server ended: {log.read()[-3000:]}")
            try:
                for port in self.ports:  # the proxy answers 404 for what lies with one that does not hear yet
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("Swift does not answer")

    def stop(self, how=signal.SIGTERM):
        for process in self.processes:
            process.send_signal(how)
        for process in self.processes:
            process.wait(60)
        self.processes = []
