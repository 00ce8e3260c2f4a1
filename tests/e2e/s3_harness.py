"""For tests of S3's clients: a home with a server over it, and programs that are run with clean settings."""
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

ACCESS, SECRET = "ATOLLTESTKEY00000000", "a-secret/with+signs=for-tests-0123456789"
server = None
starts = 0
ATOLL = []

# Settings of whoever runs this test are not the clients'.
for name in [name for name in os.environ if name.startswith(("AWS_", "RCLONE_", "RESTIC_"))]:
    del os.environ[name]


def start(home):
    global server, starts
    starts += 1
    with socket.socket() as probe:  # a free port, told to clients before the server prints it
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET)
    server = subprocess.Popen([*ATOLL, "serve", "--listen", address], env=environment, stdout=subprocess.DEVNULL,
                              stderr=open(home.parent / "server.log", "ab"))
    for _ in range(300):
        assert server.poll() is None, "the server ended: " + (home.parent / "server.log").read_text()
        try:
            urllib.request.urlopen(f"http://{address}/livez")
            # It listens a moment before the first account is made, and says so when that is done.
            if (home.parent / "server.log").read_text().count("serves") == starts:
                return "http://" + address
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the server does not answer")


def stop():
    server.terminate()
    code = server.wait(60)
    assert code in (0, 130), code  # ended by a signal, and tidily


def run(*words, env=None, expect=0, input=None):
    done = subprocess.run([str(w) for w in words], env=env, input=input, capture_output=True, timeout=300)
    if expect is not None and done.returncode != expect:
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout.decode(errors='replace')}\n"
                 f"{done.stderr.decode(errors='replace')}")
    return done.stdout


def make_home(place):
    """Settings, home and all in `place`."""
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "HOME"):
        os.environ[variable] = str(place / "user")
    home = place / "home"
    ATOLL[:] = [os.environ["ATOLL"], "--home", str(home)]
    run(*ATOLL, "init")
    return home


def fail_with_log(place):
    sys.stderr.write((place / "server.log").read_text()[-5000:])
    if server.poll() is None:
        server.kill()
