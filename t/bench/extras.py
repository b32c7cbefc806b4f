"""What is measured beside the load: SQLite alone, the start of the worker, and
one save by CGI; and what databases are filled with."""

import http.client
import os
import pathlib
import pwd
import random
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import time

from report import progress
from servers import (LIST, SAVE, SOURCE, Failed, free_port, make_vault,
                     wait_until)

BATCHES = (1, 8, 64)
STARTS = 9
CGI_REQUESTS = 200

APACHE = """
ServerRoot "{dir}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile apache.pid
Mutex "file:{dir}"
ErrorLog apache-error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule env_module {modules}/mod_env.so
LoadModule cgid_module {modules}/mod_cgid.so
{user}
ScriptSock "{dir}/cgid.sock"
StartServers 1
KeepAlive Off
<Directory "/">
	Require all granted
</Directory>
ScriptAlias "/hello" "{dir}/hello_cgi"
ScriptAlias "/" "{dir}/strongroom.fcgi/"
SetEnv STRONGROOM_DATABASE "{dir}/save.db"
SetEnv STRONGROOM_MASTER_KEY_FILE "{dir}/save.key"
Listen 127.0.0.1:{static_port}
<VirtualHost 127.0.0.1:{static_port}>
	ScriptAlias "/" "{dir}/static.fcgi/"
</VirtualHost>
"""

# A source that is configured in place can be built nowhere else, and neither
# may have a path with spaces.
STATIC = """
mkdir tree && tree=$PWD/tree && cd "$SOURCE"
find src -name '*.[ch]' -exec cp --parents -t "$tree" {} +
cd "$tree"
for name in configure configure.ac aclocal.m4 Makefile.am Makefile.in \
    config.h.in build-aux doc schema t; do
	ln -s "$SOURCE/$name" .
done
mkdir ../made && cd ../made
../tree/configure --quiet --enable-static-binary --disable-dependency-tracking
make -s -j2 strongroom.fcgi
mv strongroom.fcgi ../static.fcgi
"""


def sqlite_loop(house, batch, seconds):
    """Rows a second that SQLite makes durable, batch in a transaction."""
    rows = house.run(str(house.build / "t/bench/sqlite_loop"), "loop.db",
                     str(batch), str(seconds),
                     *map(str, sorted((SOURCE / "schema/sqlite").glob("*"))))
    for file in house.dir.glob("loop.db*"):
        file.unlink()
    return float(rows)


def record(kind, content=b""):
    """A record of FastCGI, request 1."""
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def health_request():
    params = b""
    for name, value in ((b"REQUEST_METHOD", b"GET"),
                        (b"SCRIPT_NAME", b"/healthz")):
        params += bytes((len(name), len(value))) + name + value
    begin = struct.pack(">HB5x", 1, 0)
    return (record(1, begin) + record(4, params) + record(4) + record(5))


def first_answer(path):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as link:
            if link.connect_ex(path) == 0:
                link.settimeout(10)
                link.sendall(health_request())
                return link.recv(4096)
        time.sleep(0.0002)
    raise Failed("the worker does not answer")


def start_ms(house):
    """From the worker's exec to its first answer, the median of a few."""
    make_vault(house, "start")
    took = []
    for _ in range(STARTS):
        before = time.monotonic()
        house.start("start", house.programs.worker, "--config",
                    str(house.dir / "start.conf"), "--socket",
                    house.socket("start"))
        answer = first_answer(house.socket("start"))
        took.append((time.monotonic() - before) * 1e3)
        if b"Status: 200" not in answer:
            raise Failed(f"/healthz: {answer!r}\n{house.log_of('start')}")
        house.stop("start")
    return statistics.median(took)


def start_apache(house):
    """As www-data where this is root: apache refuses to be root itself."""
    home = house.dir / "cgi"
    home.mkdir()
    progress("building what shared hosts get, one file without libraries")
    subprocess.run(["/bin/sh", "-euc", STATIC], cwd=home, check=True,
                   env=house.env | {"SOURCE": str(SOURCE)},
                   stdout=subprocess.DEVNULL)
    for program in ("strongroom.fcgi", "t/bench/hello_cgi"):
        shutil.copy(house.build / program, home)
    key = make_vault(house, "cgi/save")
    user = ""
    if os.geteuid() == 0:
        user = "User www-data\nGroup www-data"
        house.dir.chmod(0o711)
        www = pwd.getpwnam("www-data")
        for path in (home, *home.iterdir()):
            os.chown(path, www.pw_uid, www.pw_gid)
        if any(not p.stat().st_mode & 0o001 for p in home.parents):
            return None, key
    ports = [free_port(), free_port()]
    modules = next(m for m in map(pathlib.Path, (
        "/usr/lib/apache2/modules", "/usr/libexec/apache2")) if m.is_dir())
    conf = house.write("cgi/apache.conf", APACHE.format(
        dir=home, port=ports[0], static_port=ports[1], modules=modules,
        user=user))
    house.start("apache", "apache2", "-f", str(conf), "-DFOREGROUND")

    def up():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", ports[0])) == 0
    wait_until(up, "apache2 does not answer")
    return ports, key


def cgi_ms(house):
    """One save under mod_cgid, by the program and by the one without
    libraries, beside a program that says hello: medians of requests in turn,
    one at a time."""
    ports, key = start_apache(house)
    if ports is None:
        return None
    body = (house.dir / "save.body").read_bytes()
    took = {"hello": [], "save": [], "static": []}
    doors = {"hello": (ports[0], "/hello"), "save": (ports[0], SAVE),
             "static": (ports[1], SAVE)}
    for _ in range(CGI_REQUESTS):
        for name, (port, path) in doors.items():
            # A new connection each: on a kept one mod_cgid waits 10 ms for the
            # end of the program before the next request.
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            before = time.monotonic()
            link.request("POST", path, body, {
                "Content-Type": "application/json", "x-api-key": key})
            answer = link.getresponse()
            text = answer.read()
            took[name].append((time.monotonic() - before) * 1e3)
            link.close()
            if answer.status != 200:
                log = house.dir / "cgi/apache-error.log"
                raise Failed(f"{name}: {answer.status} {text[:500]}\n"
                             f"{log.read_text()}")
    house.stop("apache")
    return {name: statistics.median(times) for name, times in took.items()}


def fill(house, name, template, rows):
    """Rows like one that the worker has saved, under older identifiers."""
    old = template["integration_id"]
    columns = [c for c in template if c != "id"]
    template = template | {"created_at": "2020-01-01T00:00:00.000000"}

    def new_rows():
        row = [template[c] for c in columns]
        at = columns.index("integration_id")
        named = columns.index("unique_identifier")
        for n in range(rows):
            ms = 1_600_000_000_000 + n
            row[at] = (f"{ms >> 16:08x}-{ms & 0xffff:04x}-7000-8000-"
                       f"{n:012x}")
            row[named] = template["unique_identifier"].replace(old, row[at])
            yield row

    db = sqlite3.connect(house.dir / f"{name}.db", isolation_level=None)
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    for pragma in ("journal_mode=OFF", "synchronous=OFF",
                   "cache_size=-262144"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    db.execute("BEGIN")
    db.executemany(f"INSERT INTO integrations ({', '.join(columns)}) VALUES "
                   f"({', '.join('?' * len(columns))})", new_rows())
    db.execute("COMMIT")
    db.execute("PRAGMA journal_mode=WAL").fetchall()
    db.close()
    with open(house.dir / f"{name}.db", "rb+") as file:
        os.fsync(file.fileno())


def save_some(house, name, key, rows):
    """Rows that the worker itself saves."""
    body = (house.dir / "save.body").read_bytes()
    for _ in range(rows):
        status, answer = house.ask(name, "POST", SAVE, key, body)
        if status != 200:
            raise Failed(f"{name}: {status} {answer[:500]}")


def write_paths(house, name, count):
    """Where some of its integrations are read, and revealed, in no order."""
    db = sqlite3.connect(f"file:{house.dir}/{name}.db?mode=ro", uri=True)
    (last,) = db.execute("SELECT max(id) FROM integrations").fetchone()
    ids = [db.execute("SELECT integration_id FROM integrations WHERE id >= ? "
                      "LIMIT 1", (random.randint(1, last),)).fetchone()[0]
           for _ in range(count)]
    db.close()
    house.write(f"{name}.read.paths",
                "".join(f"{LIST}/{id}\n" for id in ids))
    house.write(f"{name}.reveal.paths",
                "".join(f"{LIST}/{id}/auth_data\n" for id in ids))


def a_row(house, name):
    db = sqlite3.connect(f"file:{house.dir}/{name}.db?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    row = dict(db.execute("SELECT * FROM integrations WHERE unique_identifier "
                          "LIKE '%' || integration_id LIMIT 1").fetchone())
    db.close()
    return row
