"""The servers of the benchmark, all started in one temporary directory, each
behind the same nginx. Nothing here measures."""

import base64
import collections
import hashlib
import http.client
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

BENCH = pathlib.Path(__file__).resolve().parent
SOURCE = BENCH.parent.parent
LIST = "/api/v2/integrations"
SAVE = LIST + "/save"

# As quickstart's nginx. A kept connection holds one of the floor's 64 threads,
# so nginx keeps half as many. A client under way takes two of its connections,
# and those of the column before may not all be closed yet.
NGINX = """
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log nginx-error.log warn;
events {{ worker_connections {connections}; }}
http {{
	log_format strongroom '$time_iso8601 $remote_addr $request_method $uri '
		'$status $request_time $request_id';
	access_log access.log strongroom;
	client_body_temp_path nginx-body;
	fastcgi_temp_path nginx-fastcgi;
	proxy_temp_path nginx-proxy;
	scgi_temp_path nginx-scgi;
	uwsgi_temp_path nginx-uwsgi;
{servers}
}}
"""
NGINX_SERVER = """
	upstream {name} {{
		server "unix:{socket}";
		{keepalive}
	}}
	server {{
		listen 127.0.0.1:{port} backlog=4096;
		{more}
		include {name}-locations.conf;
	}}
"""
KEEPALIVE = "keepalive 32; keepalive_time 2s; keepalive_timeout 2s;"

PHP_FPM = """
[global]
error_log = /proc/self/fd/2
[bench]
{user}
listen = "{socket}"
listen.backlog = 4096
pm = static
pm.max_children = 8
env[SAVE_DATABASE] = "{database}"
env[SAVE_KEY] = "{key}"
"""


class Failed(Exception):
    """The benchmark cannot go on, and why."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def switches_of(task):
    """How often a thread was put off the CPU, by itself or not."""
    return sum(map(int, re.findall(r"voluntary_ctxt_switches:\s+(\d+)",
                                   (task / "status").read_text())))


def wait_until(true, what, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise Failed(what)
        time.sleep(0.01)


Programs = collections.namedtuple("Programs", "worker admin")


def find_programs(place):
    """The two programs of a build directory, or of a prefix."""
    for found in (place, place / "sbin", place / "usr/sbin"):
        programs = Programs(str(found / "strongroom.fcgi"),
                            str(found / "strongroom"))
        if all(os.access(p, os.X_OK) and os.path.isfile(p) for p in programs):
            return programs
    raise Failed(f"{place} has no strongroom.fcgi and strongroom, nor has "
                 "its sbin")


def nginx_connections(clients):
    return max(2048, 4 * clients + 512)


def raise_file_limit(clients):
    """Each connection is a file; few others are open."""
    need = nginx_connections(clients) + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < need:
        raise Failed(f"{clients} connections need a limit of {need} open "
                     f"files, and it is {hard}: ulimit -Hn")
    if soft != resource.RLIM_INFINITY and soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))


class House:
    """The directory, the processes in it, and their names' ports."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.programs = find_programs(self.build)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bench.",
                                                 dir=self.build))
        # A socket's path has 107 bytes.
        if len(os.fsencode(self.dir / "cgi/cgid.sock.1234567")) > 107:
            self.dir.rmdir()
            raise Failed(f"{self.build} is too long a path for the sockets "
                         "in it: build elsewhere")
        self.processes = {}
        self.ports = {}
        self.servers = ""
        self.env = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
                    "HOME": str(self.dir), "LC_ALL": "C.UTF-8"}

    def close(self):
        for name in reversed(list(self.processes)):
            self.stop(name)
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def socket(self, name):
        return str(self.dir / f"{name}.sock")

    def start(self, name, *argv, **env):
        """Each is the leader of a session, by which its children are known."""
        with open(self.dir / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, cwd=self.dir, env=self.env | env, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)
        return self.processes[name]

    def stop(self, name):
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # no child has outlived it

    def run(self, *argv):
        done = subprocess.run(argv, cwd=self.dir, env=self.env,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"{argv[0]}: {done.stderr or done.stdout}")
        return done.stdout

    def log_of(self, name):
        return (self.dir / f"{name}.log").read_text(errors="replace")[-3000:]

    def wait_for_socket(self, name):
        def up():
            if self.processes[name].poll() is not None:
                raise Failed(f"{name} ended:\n{self.log_of(name)}")
            with socket.socket(socket.AF_UNIX) as s:
                return s.connect_ex(self.socket(name)) == 0
        wait_until(up, f"{name} does not listen")

    def used(self, name):
        """CPU seconds and changes of threads until now, of the process and
        its children."""
        leader, ticks, switches = self.processes[name].pid, 0, 0
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                field = (process / "stat").read_text().rpartition(")")[2]
                field = field.split()
                if int(field[3]) != leader:
                    continue
                switches += sum(switches_of(task)
                                for task in process.glob("task/*"))
            except OSError:
                continue  # it has ended
            ticks += int(field[11]) + int(field[12])
        return ticks / os.sysconf("SC_CLK_TCK"), switches

    def peak_kib(self, name):
        status = pathlib.Path(f"/proc/{self.processes[name].pid}/status")
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])

    def publish(self, name, kept=True, more="", to="fastcgi_pass {}"):
        """An nginx server for name.sock, with the project's own locations."""
        self.ports[name] = free_port()
        text = (SOURCE / "nginx/strongroom-locations.conf").read_text()
        text = text.replace("fastcgi_pass strongroom", to.format(name))
        self.write(f"{name}-locations.conf", text)
        self.servers += NGINX_SERVER.format(
            name=name, socket=self.socket(name), port=self.ports[name],
            more=more,
            keepalive=KEEPALIVE if kept else "")

    def start_nginx(self, clients):
        user = "user root;" if os.geteuid() == 0 else ""
        conf = self.write("nginx.conf", NGINX.format(
            user=user, servers=self.servers,
            connections=nginx_connections(clients)))
        nginx = self.start("nginx", "nginx", "-p", str(self.dir), "-c",
                           str(conf), "-e", "nginx-error.log")

        def up():
            if nginx.poll() is not None:
                raise Failed(f"nginx ended:\n{self.log_of('nginx')}")
            with socket.socket() as s:
                port = next(iter(self.ports.values()))
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_until(up, f"nginx does not answer:\n{self.log_of('nginx')}")

    def ask(self, name, method, path, key, body=None):
        """One request through nginx: the status and the body."""
        link = http.client.HTTPConnection("127.0.0.1", self.ports[name],
                                          timeout=20)
        typed = {"Content-Type": "application/json"} if body else {}
        link.request(method, path, body, typed | {"x-api-key": key})
        answer = link.getresponse()
        return answer.status, answer.read()


def start_responder(house, name, program=None, size=None):
    """The floor, or the bare loop: a program of t/bench with a socket. With a
    size it answers so many bytes, and was published before."""
    house.start(name, str(house.build / "t/bench" / (program or name)),
                house.socket(name), *([str(size)] if size else []))
    house.wait_for_socket(name)
    if size is None:
        house.publish(name)


def make_vault(house, name, programs=None, scopes=()):
    """Configuration, keys and an empty database; the API key comes back. What
    is configured every version knows, and without scopes the key, too."""
    conf = house.write(f"{name}.conf", f'database = "{house.dir}/{name}.db"\n'
                       f'master_key_file = "{house.dir}/{name}.key"\n')
    admin = ((programs or house.programs).admin, "--config", str(conf))
    house.run(*admin, "init")
    key = house.run(*admin, "key", "create", "--user", "bench", "--name",
                    "bench", *scopes)
    return key.strip()


def copy_vault(house, name, to):
    """The same keys with a database of its own, while no worker has it."""
    for suffix in ("db", "db-wal"):
        if (house.dir / f"{name}.{suffix}").exists():
            shutil.copy(house.dir / f"{name}.{suffix}",
                        house.dir / f"{to}.{suffix}")
    conf = (house.dir / f"{name}.conf").read_text()
    house.write(f"{to}.conf", conf.replace(f"{name}.db", f"{to}.db"))


def start_worker(house, name="strongroom", programs=None):
    house.start(name, (programs or house.programs).worker, "--config",
                str(house.dir / f"{name}.conf"), "--socket",
                house.socket(name))
    house.wait_for_socket(name)


def start_strongroom(house, also=()):
    """The worker, and for later the vaults and ports of more like it."""
    key = make_vault(house, "strongroom",
                     scopes=("--scopes", "save,read,reveal"))
    for name in also:
        copy_vault(house, "strongroom", name)
        house.publish(name)
    start_worker(house)
    house.publish("strongroom")
    return key


def start_beside(house, programs):
    """Another version, with a vault that it has made itself."""
    key = make_vault(house, "beside", programs)
    start_worker(house, "beside", programs)
    house.publish("beside")
    return key


def make_peer_database(house, name, key):
    """The project's own tables; the API key is kept as its SHA-256."""
    path = house.dir / f"{name}.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    for schema in sorted((SOURCE / "schema/sqlite").glob("*.sql")):
        db.executescript(schema.read_text())
    db.execute("INSERT INTO api_keys (key_hash, public_id, user, created_at) "
               "VALUES (?, 'bench', 'bench', '2025-01-01T00:00:00.000000')",
               (hashlib.sha256(key.encode()).digest(),))
    db.commit()
    db.close()
    return str(path)


def secret():
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def start_php(house, key):
    """Connections are not kept: each would hold a child, and few children
    save faster than many, as SQLite lets one write at a time."""
    database = make_peer_database(house, "php", key)
    user = "user = root\ngroup = root" if os.geteuid() == 0 else ""
    conf = house.write("php-fpm.conf", PHP_FPM.format(
        user=user, socket=house.socket("php"), database=database,
        key=secret().replace("-", "+").replace("_", "/")))
    house.start("php", "php-fpm8.2", "--nodaemonize", "--fpm-config",
                str(conf), *(["--allow-to-run-as-root"] if user else []))
    house.wait_for_socket("php")
    house.publish("php", kept=False, more="fastcgi_param SCRIPT_FILENAME "
                  f'"{BENCH}/save.php";')


def start_fastapi(house, key):
    house.start("fastapi", "/usr/bin/python3", "-m", "uvicorn", "app:app",
                "--app-dir", str(BENCH), "--uds", house.socket("fastapi"),
                "--workers", "2", "--loop", "uvloop", "--http", "httptools",
                "--no-access-log", "--log-level", "warning",
                SAVE_DATABASE=make_peer_database(house, "fastapi", key),
                SAVE_KEY=secret(), PYTHONDONTWRITEBYTECODE="1")
    house.wait_for_socket("fastapi")
    house.publish("fastapi", more='proxy_http_version 1.1; '
                  'proxy_set_header Connection "";',
                  to="proxy_pass http://{}")
