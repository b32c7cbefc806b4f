"""life_model.py SOCKET SEED COUNT KEYS [RULE]: COUNT requests by chance, one
after the other, to the worker at the socket, each answer beside what the model
of the contract expects. KEYS is a file with a line for each key of the command
line: user, key, scopes, types or "all". With RULE the model has that rule
wrong. Prints how often what was answered, and of the first difference the
requests that lead to it."""

import random
import re
import socket
import struct
import sys
import time

import life_ask
import life_routes
from life_world import Cell, Differs, Entry, Key, TIME, World, known

REQUEST_ID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')


def now_us():
    return time.time_ns() // 1000


# -- FastCGI

class Got:
    def __init__(self, text, t1):
        head, _, self.body = text.partition(b'\r\n\r\n')
        self.status, self.headers, self.t1 = 200, {}, t1
        for line in head.decode('latin-1').split('\r\n'):
            name, _, value = line.partition(':')
            self.headers[name.lower()] = value.strip()
        if 'status' in self.headers:
            self.status = int(self.headers.pop('status')[:3])


class Worker:
    def __init__(self, path):
        self.path, self.sock, self.held = path, None, b''

    @staticmethod
    def record(kind, content):
        return struct.pack('>BBHHBB', 1, kind, 1, len(content), 0, 0) \
            + content

    @staticmethod
    def pair(name, value):
        def length(n):
            return struct.pack('>I', n | 0x80000000) if n > 127 \
                else bytes([n])
        name, value = name.encode(), value.encode()
        return length(len(name)) + length(len(value)) + name + value

    def params(self, r):
        out = [('REQUEST_METHOD', r.method), ('SCRIPT_NAME', r.path),
               ('QUERY_STRING', r.query), ('REMOTE_ADDR', '127.0.0.1'),
               ('SERVER_PROTOCOL', 'HTTP/1.1'),
               ('GATEWAY_INTERFACE', 'CGI/1.1')]
        if r.type is not None:
            out.append(('CONTENT_TYPE', r.type))
        if r.length is not None:
            out.append(('CONTENT_LENGTH', r.length))
        if r.key is not None:
            out += [('HTTP_X_API_KEY', r.key)] * r.keys
        out += [('HTTP_' + n.upper().replace('-', '_'), v)
                for n, v in r.headers]
        return b''.join(self.pair(n, v) for n, v in out)

    def ask(self, r):
        if self.sock is None:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(120)
            self.sock.connect(self.path)
        text = self.record(1, struct.pack('>HB5x', 1, 1)) \
            + self.record(4, self.params(r)) + self.record(4, b'')
        for at in range(0, len(r.body), 65535):
            text += self.record(5, r.body[at:at + 65535])
        self.sock.sendall(text + self.record(5, b''))
        out, errors = b'', b''
        while True:
            kind, content = self.read()
            if kind == 6:
                out += content
            elif kind == 7:
                errors += content
            elif kind == 3:
                return Got(out, now_us())

    def read(self):
        head = self.take(8)
        _, kind, _, length, padding = struct.unpack('>BBHHBx', head)
        return kind, self.take(length + padding)[:length]

    def take(self, n):
        while len(self.held) < n:
            more = self.sock.recv(65536)
            if not more:
                raise Differs('the worker has closed the connection')
            self.held += more
        taken, self.held = self.held[:n], self.held[n:]
        return taken


# -- one request beside the model

class Beside:
    def __init__(self, worker, world):
        self.worker, self.world = worker, world
        self.request_ids = set()
        self.history = []
        self.statuses = {}
        self.seen = {}          # (route, status, what else) -> how often

    def ask(self, request):
        world = self.world
        world.t0 = now_us()
        got = self.worker.ask(request)
        world.t1 = got.t1
        self.history.append((request, got))
        self.statuses[got.status] = self.statuses.get(got.status, 0) + 1
        self.common(got)
        try:
            want = life_routes.answer(world, request, world.t0)
            want.compare(got, request.method == 'HEAD')
        except Differs:
            # Something has come to its end meanwhile.
            want = life_routes.answer(world, request, world.t1)
            want.compare(got, request.method == 'HEAD')
        replayed = ' again' if 'idempotent-replayed' in got.headers else ''
        what = '%s %d%s' % (want.route, got.status, replayed)
        self.seen[what] = self.seen.get(what, 0) + 1
        return got

    def common(self, got):
        """What every answer has."""
        for name, value in (('content-type', 'application/json'),
                            ('cache-control', 'no-store')):
            if got.headers.get(name) != value:
                raise Differs('%s: %s' % (name, got.headers.get(name)))
        one = got.headers.get('x-request-id', '')
        if not REQUEST_ID.fullmatch(one) or one in self.request_ids:
            raise Differs('X-Request-Id is %s' % one)
        self.request_ids.add(one)

    def tell(self, why):
        """The last request, and those before it that have to do with it."""
        request, got = self.history[-1]
        marks = set(re.findall('[0-9a-f]{8}-[0-9a-f-]{27}|(?<=api-keys/)'
                               '[0-9a-z]{8}', request.path.lower())) \
            or set(re.findall('[0-9a-f]{8}-[0-9a-f-]{27}|"u-[0-9]+"',
                              request.text()))
        before = [(r, g) for r, g in self.history[:-1] if g.status < 400
                  and (r.method not in ('GET', 'HEAD') or 'api-keys' in
                       request.path) and any(
                      mark in r.text() + (r.key or '')
                      or mark.encode() in g.body for mark in marks)]
        for r, g in before[-12:] + [(request, got)]:
            print('%s: %s' % (self.whose(r), r.text()))
            print('  -> %d %s\n' % (g.status, g.body.decode(
                'utf-8', 'replace')[:1500]))
        print('request %d: %s' % (sum(self.statuses.values()), why))

    def whose(self, request):
        key = self.world.keys.get((request.key or '').strip())
        return '%s (%s%s)' % (key.user, ','.join(key.scopes), ' for '
                              + ','.join(key.types) if key.types else '') \
            if key else 'nobody'


def learn(beside, file):
    """The keys of the command line, and what the audit has of them."""
    world = beside.world
    with open(file, encoding='ascii') as lines:
        for line in lines:
            user, text, scopes, types = line.split()
            key = Key(user, text, scopes.split(','), None if types == 'all'
                      else types.split(','))
            key.created, key.is_made = Cell(TIME), False
            world.add_key(key)
    for key in list(world.keys.values()):
        beside.ask(life_ask.Request('GET', '/api/v2/api-keys/self',
                                    key.text))
    for user in world.rows:
        admin = next(k for k in world.keys.values() if k.user == user)
        got = beside.worker.ask(life_ask.Request(
            'GET', '/api/v2/audit', admin.text, query='limit=200'))
        rows = re.findall(rb'\{"at":"([^"]+)","action":"key_create",'
                          rb'"integration_id":null,"request_id":"([^"]+)",'
                          rb'"key":null,"address":null,"fields":'
                          rb'\[([^]]*)\]\}', got.body)
        for at, request_id, fields in reversed(rows):
            world.audit[user].append(Entry(
                known(at.decode()), 'key_create', None, request_id.decode(),
                None, re.findall('"([^"]+)"', fields.decode()), None))


def take_cursors(chance, request, got, world):
    """Cursors are asked for again, by whoever comes."""
    found = re.findall(rb'"next_cursor":"([^"]+)"', got.body)
    key = world.keys.get(request.key or '')
    if found and key:
        chance.cursors.setdefault(key.user, []).append(found[0].decode())
        del chance.cursors[key.user][:-12]


def run(beside, chance, count):
    for _ in range(count):
        request = chance.next()
        got = beside.ask(request)
        take_cursors(chance, request, got, beside.world)
        if len(beside.history) > 3000:
            del beside.history[:1000]


def main():
    path, seed, count, file, *broken = sys.argv[1:]
    world = World(broken[0] if broken else None)
    beside = Beside(Worker(path), world)
    began = time.monotonic()
    different = 0
    learn(beside, file)
    chance = life_ask.Chance(random.Random(int(seed)), world, now_us())
    try:
        run(beside, chance, int(count))
    except Differs as why:
        different = 1
        beside.tell(why)
    print('asked %d differ %d' % (sum(beside.statuses.values()), different))
    print('status ' + ', '.join('%d: %d' % s for s in sorted(
        beside.statuses.items())))
    for what, count in sorted(beside.seen.items()):
        print('seen %d %s' % (count, what))
    print('took %.1f s' % (time.monotonic() - began))
    return 0


if __name__ == '__main__':
    sys.exit(main())
