"""What the model knows: users' integrations, keys, audit, kept answers; and
what it expects of an answer, with places for what only the service can know.
Such a value is taken from an answer once, is checked, and holds from then on."""

import re

import life_words as words
from life_json import put_string

UUID = '[0-9a-f]{8}-[0-9a-f]{4}-%s[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
TIME = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}'
ANY_UUID = re.compile('[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')


class Differs(Exception):
    """An answer is not what was expected."""


class Cell:
    """A value that the first answer with it makes known."""

    def __init__(self, pattern, check=None):
        self.pattern = re.compile(pattern.encode())
        self.check = check or (lambda text: None)
        self.value = None       # as it is held
        self.seen = None        # in an answer that is being compared

    def text(self):
        return self.value if self.value is not None else self.seen

    def match(self, body, at):
        if self.text() is not None:
            end = at + len(self.text())
            if body[at:end] != self.text().encode():
                raise Differs('%r instead of %r, which it was before'
                              % (body[at:end], self.text()))
            return end
        m = self.pattern.match(body, at)
        if not m:
            raise Differs('%r instead of what is like %s' % (
                body[at:at + 40], self.pattern.pattern.decode()))
        why = self.check(m.group().decode())
        if why:
            raise Differs('%s: %s' % (m.group().decode(), why))
        self.seen = m.group().decode()
        return m.end()


class Loose(Cell):
    """A value that may be another one each time; check keeps count."""

    def match(self, body, at):
        self.value = self.seen = None
        return super().match(body, at)


class Derived:
    """Bytes that follow from what was seen before in the same answer."""

    def __init__(self, make):
        self.make = make

    def match(self, body, at):
        text = self.make()
        if body[at:at + len(text)] != text:
            raise Differs('%r instead of %r' % (
                body[at:at + len(text) + 20], text))
        return at + len(text)


def known(text):
    cell = Cell('')
    cell.value = text
    return cell


class Want:
    """An expected answer, and what has happened if it comes."""

    HEADERS = ['etag', 'allow', 'retry-after', 'idempotent-replayed',
               'accept-patch', 'accept-encoding', 'www-authenticate']

    def __init__(self, status, *parts, **headers):
        self.status, self.parts, self.then = status, list(parts), []
        self.headers = {k.replace('_', '-'): v for k, v in headers.items()}
        self.route = 'none'     # by method and pattern

    def cells(self):
        return [p for p in self.parts + [
            q for v in self.headers.values() if isinstance(v, list)
            for q in v] if isinstance(p, Cell)]

    def compare(self, got, is_head):
        """Raise Differs, or hold what was seen."""
        for cell in self.cells():
            cell.seen = None
        if got.status != self.status:
            raise Differs('status %d instead of %d' % (got.status,
                                                       self.status))
        for name in self.HEADERS:
            self._header(name, got.headers.get(name))
        self._match(self.parts if not is_head else [], got.body, 'the body')
        for cell in self.cells():
            if cell.value is None and cell.seen is not None:
                cell.value = cell.seen
        for step in self.then:
            step(got)

    def _header(self, name, got):
        want = self.headers.get(name)
        if want is None or got is None:
            if want is not got:
                raise Differs('%s: %s instead of %s' % (
                    name, got, 'one' if want else 'none'))
            return
        self._match(want if isinstance(want, list) else [want],
                    got.encode('latin-1'), name)

    @staticmethod
    def _match(parts, body, what):
        at = 0
        for part in parts:
            if hasattr(part, 'match'):
                at = part.match(body, at)
                continue
            part = part if isinstance(part, bytes) else part.encode()
            if body[at:at + len(part)] != part:
                raise Differs('%s, byte %d: %r instead of %r' % (
                    what, at, body[at:at + len(part) + 20], part))
            at += len(part)
        if at != len(body):
            raise Differs('%s goes on: %r' % (what, body[at:at + 60]))


def detail(status, text, **headers):
    return Want(status, b'{"detail":' + put_string(text) + b'}', **headers)


def faults(list_of, **headers):
    return Want(422, b'{"detail":[' + b','.join(list_of) + b']}', **headers)


def refusal(status, text, data=b'null', **headers):
    return Want(status, b'{"success":false,"data":', data, b',"error":',
                put_string(text) + b'}', **headers)


def result(*parts, **headers):
    return Want(200, b'{"success":true,"data":{', *parts,
                b'},"error":null}', **headers)


class Key:
    """An API key. expires, revoked: Cell, or None for never."""

    def __init__(self, user, text, scopes, types=None, name=None):
        self.user, self.text = user, text
        self.public_id = known(text.split('_')[1]) if text else None
        self.scopes, self.types, self.name = scopes, types, name
        self.created = self.expires = self.revoked = None
        self.term = None        # when it would have ended unrotated
        self.replaced_by = None
        self.used_at = None     # last_used_at as it was last seen
        self.was_used = False
        self.is_made = text is None     # over HTTP, not by the operator

    def sees(self, kind):
        return self.types is None or kind in self.types


class Entry:
    """A row of the audit."""

    def __init__(self, at, action, integration_id, request_id, key, fields,
                 address='127.0.0.1'):
        self.at, self.action = at, action
        self.integration_id, self.request_id = integration_id, request_id
        self.key, self.fields, self.address = key, fields, address


class World:
    def __init__(self, broken=None):
        self.broken = broken    # a rule that the control has wrong
        self.keys = {}          # text -> Key
        self.public = {}        # public id -> Key
        self.rows = {}          # user -> {id: Row}
        self.dead = {}          # user -> ids of before
        self.audit = {}         # user -> [Entry], oldest first
        self.kept = {}          # (user, route, id, key) -> Kept
        self.prints = {}        # (user, id, auth_data) -> Cell
        self.places = {}        # (user, Entry) -> Cell, a cursor
        self.ids = set()        # every id that was given
        self.t0 = self.t1 = 0   # around the request, in µs

    def user(self, name):
        for table in self.rows, self.dead, self.audit:
            table.setdefault(name, {} if table is self.rows else [])

    def add_key(self, key):
        self.user(key.user)
        self.keys[key.text] = key
        self.public[key.public_id.value] = key

    def in_time(self, text):
        """Whether a moment is that of the request under way."""
        us = words.moment(text)
        if us is None or not self.t0 <= us <= self.t1:
            return 'not the moment of the request'
        return None

    def now_cell(self):
        return Cell(TIME, self.in_time)

    def past_cell(self):
        """The moment of this request, which is told by a later one."""
        t0, t1 = self.t0, self.t1

        def check(text):
            us = words.moment(text)
            return None if us is not None and t0 <= us <= t1 \
                else 'not the moment of the request that it is of'
        return Cell(TIME, check)

    def note(self, want, key, action, integration_id=None, fields=()):
        """Let the answer have a row of the audit."""
        def step(got):
            one = integration_id
            self.audit[key.user].append(Entry(
                self.past_cell(), action,
                one.text() if isinstance(one, Cell) else one,
                got.headers['x-request-id'], key.public_id.value,
                list(fields)))
        want.then.append(step)

    def print_of(self, row):
        """The cell of a fingerprint; no two secrets of a row share one."""
        key = (row.user, row.id.text(), row.auth)
        if key not in self.prints:
            self.prints[key] = Cell('[0-9a-f]{16}')
        return self.prints[key]
