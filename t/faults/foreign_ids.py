"""foreign_ids.py SOCKET KEY SEED COUNT FILE: COUNT pairs of requests with the
key, one with something that is another user's (an id, an identifier, a cursor,
a tag, a lease, an Idempotency-Key with the very body, a key's public id), one
with something like it that is nobody's. Both must be answered alike, but for
X-Request-Id. FILE is JSON: what the other has. Prints how many pairs differ,
and how often each status came."""

import json
import random
import sys

import life_words as words
from life_ask import ALL, KEYS, Request
from life_model import Worker

GOOD_KEY = b'{"public_key":"%s"}' % (b'CQ' + b'A' * 41)


class Pairs:
    """Each method gives what differs, and how a request is made of it."""

    def __init__(self, rnd, key, other):
        self.rnd, self.key, self.other = rnd, key, other

    def one(self, *of):
        return self.rnd.choice(of[0] if len(of) == 1 else of)

    def uuid(self):
        """Nobody's, near another's or anywhere."""
        near = self.one(self.other['rows'])['id']
        keep = self.one(0, 14, 30)
        return near[:keep] + ''.join(
            c if c == '-' or i == 14 else self.one('0123456789abcdef')
            for i, c in enumerate(near) if i >= keep)

    def request(self, method, path, body=None, query='', headers=()):
        return Request(method, path, self.key, body, query, headers)

    def headers(self, row):
        """What could tell a row of the other's: its own tag, lease, key."""
        out = []
        if self.rnd.random() < 0.4:
            out.append((self.one('if-match', 'if-none-match'), self.one(
                '"%s"' % row['tag'], '*', '"1-a"', 'x')))
        if self.rnd.random() < 0.3:
            out.append(('refresh-lease', self.one(row['lease'], 'x')))
        if self.rnd.random() < 0.5:
            out.append(('idempotency-key', self.one(row['kept'], 'new')))
        return out

    def of_row(self):
        """Every route with an id in its path."""
        row, method, tail, body = self.one(self.other['rows']), *self.one(
            ('GET', '', None), ('HEAD', '', None), ('DELETE', '', None),
            ('PATCH', '', b'{"name":"n"}'), ('PATCH', '', b'{}'),
            ('PATCH', '', None), ('PATCH', '', b'{"name":null}'),
            ('GET', '/auth_data', None), ('POST', '/auth_data/sealed',
                                          GOOD_KEY),
            ('POST', '/auth_data/sealed', b'{"public_key":"x"}'),
            ('POST', '/verify', b'{"access_token":"t"}'),
            ('POST', '/verify', b'{}'), ('POST', '/refresh-lease', b''),
            ('POST', '/refresh-lease', b'{"seconds":0}'),
            ('DELETE', '/refresh-lease', None), ('PUT', '/verify', b''))
        if method == 'PATCH' and body is None:
            # What may not be changed is told by no fault.
            body = json.dumps({self.one('unique_identifier',
                                        'integration_type'): self.one(
                row['uid'], 'jira', 'slack', None)}).encode()
        query = self.one('', 'field=access_token', 'limit=0') \
            if tail == '/auth_data' else ''
        headers = self.headers(row)
        if method in ('PATCH', 'DELETE') and self.rnd.random() < 0.2:
            headers.append(('x-http-method-override', method))
            method = 'POST'
        upper = self.rnd.random() < 0.1
        return row['id'], self.uuid(), lambda one: self.request(
            method, '%s/%s%s' % (ALL, one.upper() if upper else one, tail),
            body, query, headers)

    def of_kept(self):
        """A change that the other has made, word for word."""
        row = self.one(self.other['rows'])
        return row['id'], self.uuid(), lambda one: self.request(
            'PATCH', '%s/%s' % (ALL, one), self.other['patch'].encode(),
            headers=[('idempotency-key', row['kept'])])

    def of_list(self):
        row, more = self.one(self.other['rows']), self.one(
            '', '&limit=1', '&token_state=unknown', '&integration_type=jira')
        name = self.one('unique_identifier', 'org_slug', 'tag', 'q')
        real = row['uid'] if name == 'unique_identifier' else row['word']
        return real, 'no-' + self.uuid()[-len(real) + 3:], \
            lambda one: self.request('GET', ALL, None,
                                     '%s=%s%s' % (name, one, more))

    def of_cursor(self):
        row = self.one(self.other['rows'])
        sort = self.one(1, 2)
        at = words.moment(row['created_at'])
        query = 'limit=%d&cursor=' % self.one(1, 2, 200)
        if sort == 2:
            query = 'expires_before=2100-01-01T00:00:00Z&' + query
        method = self.one('GET', 'HEAD')
        return (words.cursor_text(sort, at, row['id']),
                words.cursor_text(sort, at, self.uuid()),
                lambda one: self.request(method, ALL, None, query + one))

    def of_audit(self):
        if self.rnd.random() < 0.5:
            return self.one(self.other['rows'])['id'], self.uuid(), \
                lambda one: self.request('GET', '/api/v2/audit', None,
                                         'limit=5&integration_id=' + one)
        real = self.one(self.other['cursors'])
        return real, ''.join(self.one(real) for _ in real), \
            lambda one: self.request('GET', '/api/v2/audit', None,
                                     'cursor=' + one)

    def of_key(self):
        method, tail, body = self.one(
            ('DELETE', '', None), ('POST', '/rotate', b''),
            ('POST', '/rotate', b'{"overlap_seconds":0}'),
            ('POST', '/rotate', b'{"x":1}'), ('GET', '', None))
        return self.one(self.other['public_ids']), ''.join(
            self.one('0123456789abcdefghijklmnopqrstuvwxyz')
            for _ in range(8)), lambda one: self.request(
                method, '%s/%s%s' % (KEYS, one, tail), body)

    def of_save(self):
        """An identifier of the other's; nothing is made for it."""
        row = self.one(self.other['rows'])
        headers = [('if-match', self.one('*', '"%s"' % row['tag'], '"1-a"'))]
        if self.rnd.random() < 0.5:
            headers.append(('idempotency-key', row['kept']))
        kind = self.one('jira', 'slack', 'github', 'x')
        return row['uid'], 'u-' + self.uuid(), lambda one: self.request(
            'POST', ALL + '/save', json.dumps({
                'name': 'n', 'integration_type': kind,
                'unique_identifier': one}).encode(), headers=headers)

    def next(self):
        return self.one([self.of_row] * 8 + [
            self.of_kept, self.of_list, self.of_list, self.of_cursor,
            self.of_audit, self.of_key, self.of_save])()


def said(got):
    headers = {k: v for k, v in got.headers.items() if k != 'x-request-id'}
    return got.status, headers, got.body


def main():
    path, key, seed, count, file = sys.argv[1:]
    worker = Worker(path)
    with open(file, encoding='utf-8') as lines:
        other = json.load(lines)
    pairs = Pairs(random.Random(int(seed)), key, other)
    differ, statuses = 0, {}
    for _ in range(int(count)):
        real, none, make = pairs.next()
        asked = []
        for one in (real, none) if pairs.rnd.random() < 0.5 \
                else (none, real):
            asked.append((make(one), one))
        answers = [said(worker.ask(request)) for request, _ in asked]
        status = answers[0][0]
        statuses[status] = statuses.get(status, 0) + 1
        if answers[0] != answers[1]:
            differ += 1
            if differ <= 3:
                for (request, one), answer in zip(asked, answers):
                    print('%s %s\n -> %s' % ("the other's:" if one is real
                                             else "nobody's:",
                                             request.text(), answer))
    print('pairs %d differ %d' % (int(count), differ))
    print('status ' + ', '.join('%d: %d' % s for s in sorted(
        statuses.items())))
    return 0


if __name__ == '__main__':
    sys.exit(main())
