"""Requests by chance, put together so that they meet what the model knows:
identifiers that are there and were there, tags that hold and do not, answers
to be given again. Judges nothing."""

import base64
import copy

import life_bodies
from life_words import TYPES

ALL = '/api/v2/integrations'
KEYS = '/api/v2/api-keys'
ROWS_MAX = 60           # of a user, about
KEYS_MAX = 6            # of a user, made over HTTP and in use
OWN = (KEYS + '/self', KEYS + '/self/rotate')
HOUSEKEEPING = ['delete'] * 6


class Request:
    def __init__(self, method, path, key, body=None, query='', headers=(),
                 by=None):
        self.method, self.path, self.query = method, path, query
        self.key, self.body = key, body if body is not None else b''
        self.headers = list(headers)
        self.type = None if body is None else 'application/json'
        self.length = None if body is None else str(len(body))
        self.max_body = 65536
        self.offset = None      # of what is no JSON in the body
        self.keys = 1           # how often the key is sent
        self.by = by            # whose it has to be

    def lines(self, name):
        found = [v for n, v in self.headers if n == name]
        if name == 'x-api-key' and self.key is not None:
            found = [self.key] * self.keys + found
        return found

    def text(self):
        head = '%s %s%s' % (self.method, self.path, self.query
                            and '?' + self.query)
        for name, value in self.headers:
            head += '\n    %s: %s' % (name, value)
        if self.type not in (None, 'application/json'):
            head += '\n    content-type: ' + self.type
        return head + ('\n    %s' % self.body.decode('utf-8', 'replace')
                       if self.body else '')


class Chance:
    def __init__(self, rnd, world, now):
        self.rnd, self.world = rnd, world
        self.bodies = life_bodies.Bodies(rnd, now)
        self.sent = []          # requests with an Idempotency-Key
        self.cursors = {}       # user -> cursors that were told
        self.count = 0

    def maybe(self, part):
        return self.rnd.random() < part

    def one(self, *of):
        return self.rnd.choice(of[0] if len(of) == 1 else of)

    def next(self):
        """A request, with what it is about: a user and a word."""
        self.count += 1
        if self.sent and self.maybe(0.05):
            return self.again()
        user = self.one(sorted(self.world.rows))
        keys = [k for k in self.world.keys.values() if k.user == user]
        live = [k for k in keys if k.revoked is None]
        key = self.one(live if self.maybe(0.97) else keys)
        if self.maybe(0.5):
            key = live[0]
        op = self.one(OPS)
        if len(self.world.rows[user]) > ROWS_MAX:
            op = self.one([op] + HOUSEKEEPING)
        made = getattr(self, op)(user)
        # What the operator has made is to last.
        if made.path in OWN and made.method not in ('GET', 'HEAD'):
            key = self.one([k for k in live if k.is_made])
        key = made.by or key
        made.key, made.by = key.text, None
        if made.body in (b'{', b'{"x":'):
            made.offset = str(len(made.body))
        self.spoil(made)
        if made.path.rstrip('/') in OWN and not key.is_made:
            made.method = 'GET'
        if made.lines('idempotency-key'):
            self.sent = self.sent[-40:] + [made]
        return made

    def again(self):
        """A request of before, perhaps with another key or body."""
        made = copy.deepcopy(self.one(self.sent))
        if self.maybe(0.4):
            made.key = self.one(list(self.world.keys))
        if self.maybe(0.1) and made.offset is None:
            made.body += b' '
            made.length = str(len(made.body))
        return made

    def spoil(self, made):
        """Something about the request that is another matter."""
        roll = self.rnd.random()
        if roll < 0.01:
            made.key = self.one(None, '', 'x', made.key[:-1] + '!',
                                made.key + 'a', made.key[:13] + 'A' * 49)
        elif roll < 0.015:
            made.keys = 2
        elif roll < 0.02:
            made.key = self.one(' %s', '\t%s \t', '%s ') % made.key
        elif roll < 0.03:
            made.method = self.one('PUT', 'OPTIONS', 'PATCH', 'POST',
                                   'DELETE', 'HEAD', 'GET')
        elif roll < 0.04:
            made.headers.append(('x-http-method-override', self.one(
                'PATCH', 'DELETE', 'patch', 'GET', '')))
        elif roll < 0.05 and made.type:
            made.type = self.one('text/plain', 'application/x-json; a=b',
                                 'Application/JSON; charset=latin1', '',
                                 'application/merge-patch+json',
                                 'application/vnd.x+json')
        elif roll < 0.065 and made.body:
            made.headers.append(('content-encoding', self.one(
                'gzip', 'identity', 'br')))
        elif roll < 0.08 and made.body:
            made.length = self.one('1', str(len(made.body) + 1), 'x', '+1')
        elif roll < 0.09:
            made.path += self.one('/', '//', '/x', '%00')
        elif roll < 0.1 and made.type:
            text, at = self.one(life_bodies.BROKEN)
            made.body, made.length = text, str(len(text))
            made.offset = str(at)
        if made.method in ('PATCH', 'DELETE') and self.maybe(0.1) and \
                not made.lines('x-http-method-override'):
            made.headers.append(('x-http-method-override', made.method))
            made.method = 'POST'

    # -- integrations

    def id(self, user):
        rows, dead = self.world.rows[user], self.world.dead[user]
        roll = self.rnd.random()
        if roll < 0.86 and rows:
            return self.one(sorted(rows))
        if roll < 0.9 and rows:
            return self.one(sorted(rows)).upper()
        if roll < 0.93 and dead:
            return self.one(dead)
        other = self.one(sorted(self.world.rows))
        if roll < 0.97 and self.world.rows[other]:
            return self.one(sorted(self.world.rows[other]))
        return self.one('x', '01890a5d-ac96-7abc-8def-0123456789ab',
                        '01890a5d-ac96-7abc-8def-0123456789abc', 'g' * 36,
                        'self', '0')

    def row(self, user, one):
        return self.world.rows[user].get(one.lower())

    def tags(self, user, row):
        """Conditions, now and then."""
        if not self.maybe(0.2):
            return []
        tag = '"%s"' % row.etag_text() if row else '"1-abc"'
        bare = tag[1:-1]
        name = self.one('if-match', 'if-match', 'if-none-match')
        lines = [self.one(tag, tag, '*', '"0-0"', 'W/' + tag,
                          '"%s-gzip"' % bare, '"%s;gzip"' % bare,
                          '"0-0" ,\t%s' % tag, bare, tag + 'x', '',
                          '"%s-zip"' % bare, '*, "1-0"', ', %s,' % tag)]
        if self.maybe(0.1):
            lines.append(self.one('"0-0"', tag))
        return [(name, line) for line in lines]

    def idempotency(self):
        if not self.maybe(0.15):
            return []
        if self.maybe(0.1):
            return [('idempotency-key', bad) for bad in self.one(
                [[''], ['a b'], ['x' * 256], ['a', 'a'], ['""'], ['\u00e9']])]
        name = self.one('k%d' % self.count, 'k%d' % self.rnd.randrange(9))
        return [('idempotency-key', self.one('%s', '"%s"', ' %s\t') % name)]

    def save(self, user):
        rows = sorted(self.world.rows[user].items())
        row = self.one(rows)[1] if rows and self.maybe(0.4) else None
        uid = row.unique_identifier() if row else self.one(
            None, '', 'u-%d' % self.rnd.randrange(400))
        kind = row.type if row and self.maybe(0.9) else self.one(TYPES)
        body = self.bodies.save(uid, kind)
        path = ALL + '/save' if self.maybe(0.9) \
            else '/api/v1/integrations/save'
        return Request('POST', path, None, body, headers=self.tags(user, row)
                       + self.idempotency())

    def read(self, user):
        return Request(self.one('GET', 'GET', 'HEAD'),
                       '%s/%s' % (ALL, self.id(user)), None,
                       self.one(None, None, None, b'{'),
                       self.one('', '', 'x=1'), self.tags(user, None))

    def lease_line(self, row):
        lease = row.lease if row else None
        if lease is not None and self.maybe(0.8):
            one = lease.id.text()
            return self.one(one, one, one.upper(), ' %s\t' % one)
        return self.one('x', '', '01890a5d-ac96-4abc-8def-0123456789ab')

    def patch(self, user):
        held = self.held(user)
        one = self.one(held) if held and self.maybe(0.1) else self.id(user)
        row = self.row(user, one)
        headers = self.tags(user, row) + self.idempotency()
        if self.maybe(0.5 if row and row.lease else 0.03):
            headers.append(('refresh-lease', self.lease_line(row)))
            if self.maybe(0.15):
                headers.append(headers[-1])
        made = Request('PATCH', '%s/%s' % (ALL, one), None,
                       self.bodies.patch(row), headers=headers)
        if self.maybe(0.5):
            made.type = 'application/merge-patch+json'
        return made

    def delete(self, user):
        one = self.id(user)
        return Request('DELETE', '%s/%s' % (ALL, one), None, self.one(
            None, None, b'{"x":'), headers=self.tags(
                user, self.row(user, one)))

    def listing(self, user):
        rows = list(self.world.rows[user].values())
        query = self.bodies.query(rows)
        if self.cursors.get(user) and self.maybe(0.4):
            query.insert(0, 'cursor=' + self.one(self.cursors[user]))
        return Request(self.one('GET', 'GET', 'GET', 'HEAD'), ALL, None,
                       query='&'.join(query))

    # -- secrets

    def reveal(self, user):
        query = self.one('', '', 'field=access_token', 'field=refresh_token',
                         'field=n', 'field=cl%C3%A9', 'field=', 'field=%ff',
                         'fields=n', 'field=x&field=scope', 'field')
        return Request('GET', '%s/%s/auth_data' % (ALL, self.id(user)),
                       None, query=query)

    def sealed(self, user):
        raw = self.rnd.randbytes(31) + bytes([self.rnd.randrange(127)])
        text = self.one(base64.b64encode, base64.urlsafe_b64encode)(
            raw).decode()
        text = self.one(text, text.rstrip('='), text, text[1:], 'A' * 43, '',
                        base64.b64encode(b'\xff' * 32).decode(),
                        base64.b64encode(raw[:31] + b'\x80').decode())
        body = self.one(*[b'{"public_key":"%s"}' % text.encode()] * 8,
                        b'{}', b'{"public_key":null}', b'{"public_key":5}')
        return Request('POST', '%s/%s/auth_data/sealed' % (
            ALL, self.id(user)), None, body)

    def verify(self, user):
        one = self.id(user)
        return Request('POST', '%s/%s/verify' % (ALL, one), None,
                       self.bodies.guess(self.row(user, one)))

    def lease(self, user):
        body = self.one(None, b'', b'{}', b'{"seconds":300}',
                        b'{"seconds":%d}' % self.rnd.randrange(1, 9),
                        b'{"seconds":1,"x":2}', b'{"seconds":0}',
                        b'{"seconds":301}', b'{"seconds":null}',
                        b'{"seconds":"5"}', b'{"seconds":1.0}', b'null')
        if self.maybe(0.5):
            body = b'{"seconds":300}'
        one = self.one(self.held(user)) if self.held(user) and \
            self.maybe(0.3) else self.id(user)
        return Request('POST', '%s/%s/refresh-lease' % (ALL, one), None,
                       body)

    def held(self, user):
        return [r.id.text() for r in self.world.rows[user].values()
                if r.lease]

    def release(self, user):
        held = self.held(user)
        one = self.one(held) if held and self.maybe(0.8) else self.id(user)
        headers = [('refresh-lease', self.lease_line(self.row(user, one)))]
        return Request('DELETE', '%s/%s/refresh-lease' % (ALL, one), None,
                       headers=headers if self.maybe(0.9) else [])

    # -- keys and the audit

    def made_keys(self, user):
        """Live ones that were made over HTTP."""
        return [k for k in self.world.keys.values()
                if k.user == user and k.is_made and k.revoked is None]

    def key_id(self, user):
        keys = self.made_keys(user)
        if keys and self.maybe(0.7):
            return self.one(keys).public_id.text()
        if keys and self.maybe(0.4):
            return 'self'
        made = [k for k in self.world.keys.values() if k.is_made]
        if made and self.maybe(0.5):
            return self.one(made[-20:]).public_id.text()
        return self.one('zzzzzzzz', 'x', 'SELF')

    def itself(self, user):
        return Request(self.one('GET', 'GET', 'HEAD'), KEYS + '/self', None)

    def key_list(self, user):
        return Request('GET', KEYS, None)

    def create(self, user):
        if len(self.made_keys(user)) >= KEYS_MAX:
            return self.revoke(user)
        return Request('POST', KEYS, None, self.bodies.key())

    def rotate(self, user):
        one = self.key_id(user)
        rotated = [k for k in self.made_keys(user) if k.replaced_by]
        if rotated and self.maybe(0.5):
            key = self.in_a_row(self.one(rotated))
            if not key.was_used and not key.replaced_by and self.maybe(0.5):
                return Request('GET', KEYS + '/self', None, by=key)
            one = key.public_id.text()
        body = self.one(None, b'', b'{}', b'{"overlap_seconds":604800}',
                        b'{"overlap_seconds":1}', b'{"overlap_seconds":0}',
                        b'{"overlap_seconds":-1}', b'{"overlap":1}',
                        b'{"overlap_seconds":604801}')
        ending = [k for k in self.made_keys(user) if k.term is not None]
        if ending and self.maybe(0.3):
            return Request('POST', OWN[1], None, body, by=self.one(ending))
        return Request('POST', '%s/%s/rotate' % (KEYS, one), None, body)

    def in_a_row(self, key):
        """A key, or one of those that have taken its place."""
        while key.replaced_by and self.maybe(0.6):
            key = key.replaced_by
        return key

    def revoke(self, user):
        return Request('DELETE', '%s/%s' % (KEYS, self.key_id(user)), None)

    def audit(self, user):
        query = [self.one(['limit=%d' % self.rnd.randrange(1, 201)] * 5
                          + ['limit=0', 'limit=x', 'x=1'])]
        if self.maybe(0.4):
            query.append('integration_id=' + self.id(user))
        if self.cursors.get(user) and self.maybe(0.6):
            query.append('cursor=' + self.one(self.cursors[user]))
        return Request(self.one('GET', 'GET', 'GET', 'HEAD'),
                       '/api/v2/audit', None, query='&'.join(query))

    def elsewhere(self, user):
        path = self.one('/', '/api', '/api/v2', ALL + '/save/x', ALL + '//',
                        '/api/v2/audit/x', KEYS + '/self/rotate/x',
                        ALL + '/%s/auth_data/x' % self.id(user), KEYS + '//',
                        ALL + '/save', '/API/v2/audit', ALL + '/%s/nothing'
                        % self.id(user), '/healthz', '/healthz', '/healthz/')
        return Request(self.one('GET', 'POST', 'DELETE', 'PATCH', 'HEAD',
                                'TRACE', 'get'), path, None,
                       self.one(None, b'{}'))


OPS = [name for name, weight in (
    ('save', 44), ('patch', 44), ('read', 20), ('listing', 16),
    ('delete', 8), ('reveal', 14), ('sealed', 5), ('verify', 10),
    ('lease', 9), ('release', 8), ('itself', 4), ('key_list', 1),
    ('create', 5), ('rotate', 9), ('revoke', 2), ('audit', 5),
    ('elsewhere', 3)) for _ in range(weight)]
