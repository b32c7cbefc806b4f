"""Bodies and queries by chance: most are right, some wrong in one place or
several, and what is right is spelled in many ways."""

import json
from urllib.parse import quote, quote_plus

import life_words as words

# What is no JSON, and the byte at which that shows.
BROKEN = [(b'{"a":1,}', 7), (b'{', 1), (b'{"a" 1}', 5), (b'[1,]', 3),
          (b"{'a':1}", 1), (b'{} x', 3), (b'{"a":NaN}', 5), (b'x', 0),
          (b'{"a":"\x01"}', 6), (b'{"name":"n","name":}', 19)]
STRANGE = ['null', 'true', 'false', '0', '-1.5', '1e400', '[]', '{}',
           '["a"]', '{"a":1}', '"\\u0000"', '""']
LETTERS = ['a', 'b', 'Z', '7', ' ', '/', '\u00e9', '\u540d', '\U0001f511',
           '\x7f', '\\n', '\\"', '\\\\', '\\/', '\\t', '\\u0041', '\\u00e9',
           '\\ud83d\\ude00', '\\u001f', '%', '_']
OTHERS = ['n', 'cl\u00e9', 'x', '\\u0061ccess_token', 'deep', '',
          '\\u0000']


class Bodies:
    def __init__(self, rnd, now_us):
        self.rnd = rnd
        now = now_us // 1000000
        # None of them comes to its end, or near it, while this runs.
        self.moments = [
            '%d' % (now + 3 * 86400), '"%d"' % (now + 30 * 86400),
            '%d.25' % (now - 86400), '"2031-02-03T04:05:06Z"',
            '"2020-02-29t23:59:59.1234567+05:30"', '"2019-01-01 00:00-0100"',
            '%d' % ((now + 90 * 86400) * 1000), '-1', '0', 'null',
            '"0001-01-01T00:00:00+23:00"', '"9999-12-31T23:59"', '1e300']
        self.bad_moments = ['1e400', '"x"', '""', 'true', '[]',
                            '"2023-02-29T00:00:00Z"', '"2024-01-01"',
                            '"2024-01-01T24:00:00Z"', '"1e5"', '" 1"']

    def maybe(self, part):
        return self.rnd.random() < part

    def one(self, *of):
        return self.rnd.choice(of[0] if len(of) == 1 else of)

    def string(self):
        n = self.one(0, 254, 255, 256) if self.maybe(0.01) \
            else self.rnd.randrange(9)
        return '"%s"' % ''.join(self.one(LETTERS) for _ in range(n))

    def wrong(self, part=0.012):
        return self.maybe(part)

    def object(self, pairs):
        """A text of an object, spaced in one of many ways."""
        pairs = list(pairs)
        if pairs and self.maybe(0.08):
            pairs.append((self.one(pairs)[0], self.string()))
        if self.maybe(0.2):
            self.rnd.shuffle(pairs)
        colon = self.one([':'] * 5 + [' : ', ': '])
        comma = self.one([','] * 5 + [', ', ' ,\n'])
        inside = self.one([''] * 5 + [' '])
        return '{%s%s%s}' % (inside, comma.join('"%s"%s%s' % (
            self.spelled(n), colon, v) for n, v in pairs), inside)

    def spelled(self, name):
        """A name, with its first letter as it may be written, too."""
        if name[:1] not in ('', '\\') and self.maybe(0.06):
            return '\\u%04x%s' % (ord(name[0]), name[1:])
        return name

    def other(self, is_patch, level=0):
        """A member that nobody knows, as deep as it comes."""
        roll = self.rnd.random()
        if roll < 0.3 and level < 3:
            return self.object((self.one('a', 'b', 'c'),
                                self.other(is_patch, level + 1))
                               for _ in range(self.rnd.randrange(4)))
        if roll < 0.4 and level < 3:
            return '[%s]' % self.one(', ', ',').join(
                self.other(is_patch, level + 1)
                for _ in range(self.rnd.randrange(3)))
        if is_patch and roll < 0.55:
            return 'null'
        return self.one(self.string(), self.string(), '1E400', 'true', '-0',
                        '1.0', 'null', '"b"')

    def inner(self, at, is_patch):
        if self.wrong():
            return self.one(STRANGE)
        if self.maybe(0.08):
            return self.one('null', '[]', '{}')
        pairs = []
        for name in {'auth_data': words.AUTH, 'scope_data': words.SCOPE,
                     'metadata': words.META}[at]:
            if self.maybe(0.5):
                continue
            pairs.append((name, self.member(at, name, is_patch)))
        while self.maybe(0.35):
            pairs.append((self.one(OTHERS) if at != 'metadata' or
                          self.maybe(0.5) else self.one('more', 'z', 'y'),
                          self.other(is_patch)))
        return self.object(pairs)

    def member(self, at, name, is_patch):
        if self.wrong():
            return self.one(STRANGE)
        if self.maybe(0.25 if is_patch else 0.05):
            return 'null'
        if name == 'expires_at':
            return self.one(self.bad_moments if self.wrong(0.03)
                            else self.moments)
        if name == 'tags' or (name == 'scope' and self.maybe(0.3)):
            return '[%s]' % self.one(', ', ',').join(
                self.one('"prod"', '"a"', '"a\\u0000"', self.string())
                for _ in range(self.rnd.randrange(3)))
        if at == 'scope_data' and self.maybe(0.4):
            return self.one('7', '-0', '123456789012345678901', '42')
        if at == 'scope_data':
            return self.one('"acme"', '"42"', '"a b&c=d+e%41"', '""')
        return self.one(self.string(), '"tok-%d"' % self.rnd.randrange(5))

    def top(self, is_patch):
        """Members that a save and a change have in common."""
        pairs = []
        if self.maybe(0.3):
            pairs.append(('status', self.one(STRANGE) if self.wrong()
                          else '"%s"' % self.one(words.STATUS)))
        if self.maybe(0.3):
            pairs.append(('active', self.one(STRANGE) if self.wrong()
                          else self.one('true', 'false')))
        for at in 'auth_data', 'scope_data', 'metadata':
            if self.maybe(0.45):
                pairs.append((at, self.inner(at, is_patch)))
        if self.maybe(0.1):
            pairs.append((self.one('Name', 'extra', 'revision'),
                          self.other(is_patch)))
        return pairs

    def name(self):
        return self.one(STRANGE) if self.wrong() else self.one(
            self.string(), '"Prod %d"' % self.rnd.randrange(9), '"n"')

    def save(self, uid, kind):
        pairs = [('name', self.name()), ('integration_type', '"%s"' % (
            self.one('Jira', '') if self.wrong() else kind))]
        pairs += self.top(False)
        if uid is not None or self.maybe(0.2):
            pairs.append(('unique_identifier', self.one(STRANGE)
                          if self.wrong() else json.dumps(
                              uid, ensure_ascii=self.maybe(0.5))))
        if self.maybe(0.02):
            pairs.pop(self.rnd.randrange(2))
        return self.object(pairs).encode()

    def patch(self, row):
        pairs = self.top(True)
        if self.maybe(0.3):
            pairs.append(('name', self.name()))
        if self.maybe(0.06):
            pairs.append(('integration_type', '"%s"' % (
                row.type if row and self.maybe(0.7)
                else self.one(words.TYPES))))
        if self.maybe(0.06):
            pairs.append(('unique_identifier', json.dumps(
                row.unique_identifier() if row and self.maybe(0.7)
                else self.one('u-1', None, 5))))
        # The very same, or nothing of it: which is no change.
        if row and self.maybe(0.4 if row.lease else 0.1):
            pairs = [p for p in pairs if p[0] != 'auth_data']
            pairs.append(('auth_data', self.one(row.auth.decode(), '{}')
                          if row.auth else 'null'))
        if self.maybe(0.03):
            return b' ' * 65537
        return self.object(pairs).encode()

    def guess(self, row):
        pairs = []
        for _ in range(self.one(1, 1, 1, 2, 3, 8, 9 if self.wrong(0.1)
                                else 1)):
            name = self.one(words.AUTH[:3] + ['x', 'cl\u00e9'])
            node = row.auth_member(name) if row else None
            value = node.raw.decode() if node and node.kind == 'string' \
                and self.maybe(0.8) else self.one(
                    self.string(), '"tok-%d"' % self.rnd.randrange(5))
            pairs.append((name + str(len(pairs)) if any(
                n == name for n, _ in pairs) else name, self.one(
                    STRANGE) if self.wrong(0.02) else value))
        if self.maybe(0.03):
            pairs = []
        return ('{%s}' % ','.join('"%s":%s' % p for p in pairs)).encode()

    def key(self):
        pairs = [('scopes', self.one(
            '["save","read"]', '["read"]', '["admin","read"]',
            '["reveal","verify","save","save"]', '["save"]',
            '["verify"]', '["save","read","reveal","verify","admin"]',
            '[]' if self.wrong(0.1) else '["read"]',
            '["metrics"]' if self.wrong(0.1) else '["reveal"]'))]
        if self.maybe(0.4):
            pairs.append(('types', self.one(
                'null', '["jira"]', '["github","slack"]', '["jira","x"]')))
        if self.maybe(0.5):
            pairs.append(('expires_in', self.one(
                '3600', '86400', '900000', '315360000', '1', '2', 'null',
                '0', '315360001', '"1"', '1.5')))
        if self.maybe(0.5):
            pairs.append(('name', self.one('"ci"', 'null', '"caf\\u00e9"',
                                           '""', '5')))
        if self.maybe(0.1):
            pairs.append(('expire_in', '1'))
        if self.wrong(0.05):
            pairs.pop(0)
        return self.object(pairs).encode()

    def query(self, rows):
        """Pieces of a list's query."""
        row = self.one(rows) if rows else None
        q = [('limit', lambda: self.one('1', '2', '5', '200', '050'))] * 4
        q += [('integration_type', lambda: self.one(words.TYPES)),
              ('status', lambda: self.one(words.STATUS)),
              ('active', lambda: self.one('true', 'OFF', 'y', '0', 'No')),
              ('unique_identifier', lambda: row.unique_identifier()
               if row else 'u-1'),
              ('org_slug', lambda: self.one('acme', '7', '-0', '', 'no')),
              ('workspace_id', lambda: self.one('42', 'a b&c=d+e%41', '7')),
              ('tag', lambda: self.one('prod', 'a', '', '\u00e9')),
              ('q', lambda: self.one('PROD', 'n', '\u00e9', '%', ' ')),
              ('token_state', lambda: self.one(words.STATES)),
              ('expires_before', lambda: self.one(
                  '2030-01-01T00:00:00+01:00', '0', '1e5', '20000000000',
                  '2021-01-01T00:00:00Z', '1.5'))]
        out = []
        for name, value in self.rnd.sample(q, self.rnd.randrange(4)):
            text = value() if not self.wrong(0.03) else self.one(
                '', 'x', '0', '201', '\0')
            out.append('%s=%s' % (name, self.one(quote, quote_plus)(
                text, safe='')))
        if self.maybe(0.03):
            out.append(self.one('zz=1', 'aa=%ff', 'Limit=1', 'limit',
                                'cursor=x', 'cursor=', '', 'tag=%ff',
                                'q=' + 'x' * 256, '=', 'li%6dit=3'))
        return out
