"""The same program with its rows in PostgreSQL: one of the benchmark's own, on
this machine, reached by a UNIX socket alone, with fsync as it is by default."""

import glob
import os
import pathlib
import pwd
import re
import shutil
import subprocess

from servers import Failed, start_worker, wait_until


def bin_dir():
    """The newest version's programs; None without one."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    return max(map(pathlib.Path, found), default=None,
               key=lambda p: int(p.parts[4]))


def as_server():
    """The server refuses to be root: what goes before its programs."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres",
            "--init-groups"] if os.geteuid() == 0 else []


def is_missing():
    return bin_dir() is None


def start_server(house):
    home, programs = house.dir / "postgres", bin_dir().parent
    home.mkdir()
    user = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        user = "postgres"
        house.dir.chmod(0o711)
        shutil.chown(home, user, user)
    house.run(*as_server(), str(programs / "initdb"), "-A", "trust",
              "--locale=C.UTF-8", "-D", str(home / "data"))
    house.start("postgres", *as_server(), str(programs / "postgres"), "-D",
                str(home / "data"), "-c", "listen_addresses=", "-c",
                f"unix_socket_directories={home}")
    ready = [str(programs / "pg_isready"), "-q", "-h", str(home)]
    wait_until(lambda: subprocess.run(ready, check=False).returncode == 0,
               f"PostgreSQL does not answer:\n{house.log_of('postgres')}")
    house.run(str(programs / "createdb"), "-h", str(home), "-U", user, "bench")
    return f"postgresql:///bench?host={home}&user={user}"


def start_strongroom(house):
    """The worker; its API key comes back."""
    url = start_server(house)
    conf = house.write("pgsql.conf", f'database = "{url}"\n'
                       f'master_key_file = "{house.dir}/pgsql.key"\n'
                       'metrics = on\n')
    admin = (house.programs.admin, "--config", str(conf))
    house.run(*admin, "init")
    key = house.run(*admin, "key", "create", "--user", "bench", "--name",
                    "bench", "--scopes", "save,read,reveal,metrics").strip()
    start_worker(house, "pgsql")
    house.publish("pgsql")
    return key


def commits(house):
    """How many transactions there were, and changes in them."""
    status, text = house.ask("pgsql", "GET", "/metrics",
                             (house.dir / "postgres.key").read_text())
    found = [re.search(rf"^strongroom_{name}_total (\d+)", text.decode(), re.M)
             for name in ("commits", "committed_jobs")]
    if status != 200 or None in found:
        raise Failed(f"/metrics: {status} {text[:500]}")
    return [int(number[1]) for number in found]


def rows_a_commit(house, before):
    commits_then, rows_then = before
    commits_now, rows_now = commits(house)
    return (rows_now - rows_then) / max(1, commits_now - commits_then)
