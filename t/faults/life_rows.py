"""Integrations in the model: what is stored of one, how it is told, and which
conditions hold for it."""

import copy
import re

import life_words as words
from life_json import anew, merge, parse, put_string, put_text
from life_world import Cell, Derived, UUID

DAY = 86400 * 1000000


class Row:
    """Never altered once it is stored: changes are made on a copy."""

    def __init__(self, world, user):
        self.world, self.user = world, user
        self.id = Cell(UUID % '7', self._is_new)
        self.created = Cell(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}',
                            world.in_time)
        self.tag = None
        self.revision = 0
        self.name = self.type = self.metadata = None
        self.status, self.active, self.uid = 'active', True, None
        self.auth = self.scope = None
        self.reveals, self.revealed, self.lease = 0, None, None

    def _is_new(self, text):
        return 'an id of before' if text in self.world.ids else None

    def next(self):
        """A copy with the next revision."""
        row = copy.copy(self)
        row.revision += 1
        row.tag = Cell('[0-9a-z]+', lambda text: self.world.in_time(
            words.time_text(int(text, 36))))
        return row

    def etag(self):
        return ['"%d-' % self.revision, self.tag, '"']

    def etag_text(self):
        return '%d-%s' % (self.revision, self.tag.text())

    def unique_identifier(self):
        return self.uid or '%s-%s' % (self.type, self.id.text())

    # -- what is in the three objects

    def auth_member(self, name):
        return parse(self.auth).last(name) if self.auth else None

    def scope_member(self, name):
        """As lists compare it: text, or an integer's digits; "" is none."""
        node = parse(self.scope).last(name) if self.scope else None
        if node is None or node.kind == 'null':
            return None
        return (node.string() if node.kind == 'string'
                else node.raw.decode()) or None

    def expires(self):
        """µs, or None."""
        node = self.auth_member('expires_at')
        if node is None:
            return None
        us = words.moment_of_node(node)[1]
        return (us if us is not None and words.FIRST <= us <= words.LAST
                else None)

    def token_state(self, now):
        at = self.expires()
        return ('unknown' if at is None else 'expired' if at <= now
                else 'expiring' if at < now + 7 * DAY else 'valid')

    def tags(self):
        node = parse(self.metadata).last('tags')
        return [item.string() for item in node.items]

    def live_lease(self, now):
        lease = self.lease
        return (lease if lease and now < words.moment(lease.expires.text())
                else None)

    # -- how it is told

    def members(self):
        """What a save answers."""
        token = self.auth_member('access_token')
        has_auth = token is not None and token.kind == 'string' \
            and token.string() != ''
        has_scope = any(self.scope_member(name) for name in
                        ('org_slug', 'workspace_id'))
        flag = {True: b'true', False: b'false'}
        self.has_auth = flag[has_auth]
        return [b'"integration_id":"', self.id, b'","name":'
                + put_string(self.name) + b',"integration_type":"'
                + self.type.encode() + b'","status":"' + self.status.encode()
                + b'","active":' + flag[self.active]
                + b',"unique_identifier":',
                Derived(lambda: put_string(self.unique_identifier())),
                b',"created_by":' + put_string(self.user)
                + b',"created_at":"', self.created, b'","has_auth_data":'
                + flag[has_auth] + b',"has_scope_data":' + flag[has_scope]
                + b',"metadata":' + self.metadata]

    def item(self, now):
        at = self.expires()
        return self.members() + [
            b',"updated_at":', Derived(lambda: put_string(words.time_text(
                int(self.tag.text(), 36)))),
            b',"revision":%d,"token_state":"%s","expires_at":' % (
                self.revision, self.token_state(now).encode()),
            put_text(None if at is None else words.time_text(at))]

    def whole(self, key, now):
        """What reading tells this key; an item, if it may not read."""
        parts = self.item(now)
        if 'read' not in key.scopes:
            return parts
        lease = self.live_lease(now)
        prints = self.auth is not None and (
            'verify' in key.scopes or 'reveal' in key.scopes)
        quoted = (lambda cell: [b'"', cell, b'"'] if cell else [b'null'])
        return (parts + [b',"scope_data":', self.scope or b'null',
                         b',"auth":{"has_auth_data":', self.has_auth,
                         b',"fingerprint":']
                + quoted(self.world.print_of(self) if prints else None)
                + [b',"last_revealed_at":'] + quoted(self.revealed)
                + [b',"reveal_count":%d,"refresh_lease_until":'
                   % self.reveals]
                + quoted(lease.expires if lease else None) + [b'}'])


class Lease:
    def __init__(self, lease_id, expires):
        self.id, self.expires = lease_id, expires


# -- what a body makes of a row

def object_bytes(node):
    """auth_data or scope_data of a save."""
    return None if node.kind == 'null' else \
        b'{}' if node.kind == 'array' else node.raw


def metadata_bytes(node, name):
    """With its five defaults filled, written anew. node: or None."""
    members = node if node is not None and node.kind == 'object' else None

    def given(member):
        value = members.last(member) if members else None
        return None if value is None or value.kind == 'null' else value

    out = []
    for member, default in (('instance_name', name),
                            ('created_via', 'manual'), ('version', None),
                            ('description', None)):
        value = given(member)
        empty = value is None or (default is not None
                                  and value.string() == '')
        out.append((member, put_text(default) if empty else anew(value)))
    tags = given('tags')
    out.append(('tags', anew(tags) if tags else b'[]'))
    if members:
        out += [(n, anew(members.last(n))) for n in members.names()
                if n not in words.META]
    return b'{' + b','.join(put_string(n) + b':' + v for n, v in out) + b'}'


def save_over(row, body):
    """The row that a save makes, of one that was or a new one."""
    new, is_new = row.next(), row.name is None
    new.name = body.last('name').string()
    new.type = body.last('integration_type').string()
    for name in 'status', 'active':
        node = body.last(name)
        if node is not None:
            setattr(new, name, node.string() if name == 'status'
                    else node.raw == b'true')
    auth, scope = body.last('auth_data'), body.last('scope_data')
    if auth is not None:
        new.auth = object_bytes(auth)
        new.lease = None
    if scope is not None:
        new.scope = object_bytes(scope)
    if is_new or body.last('metadata') is not None:
        new.metadata = metadata_bytes(body.last('metadata'), new.name)
    return new


def _patched(old, node):
    if node.kind == 'null':
        return None
    if node.kind == 'array':
        return b'{}'
    return merge(parse(old) if old else None, node)


def change(row, body):
    """(the row that a patch makes, names of what has changed)."""
    new = row.next()
    for name in 'name', 'status', 'active':
        node = body.last(name)
        if node is not None:
            setattr(new, name, node.raw == b'true' if name == 'active'
                    else node.string())
    auth, scope = body.last('auth_data'), body.last('scope_data')
    if auth is not None:
        new.auth = _patched(None if row.world.broken == 'merge'
                            else row.auth, auth)
    if scope is not None:
        new.scope = _patched(row.scope, scope)
    node = body.last('metadata')
    if node is not None:
        whole = parse(merge(parse(row.metadata), node)) \
            if node.kind == 'object' else None
        new.metadata = metadata_bytes(whole, new.name)
    changed = [field for field, member in (
        ('name', 'name'), ('status', 'status'), ('active', 'active'),
        ('auth_data', 'auth'), ('scope_data', 'scope'),
        ('metadata', 'metadata'))
        if getattr(new, member) != getattr(row, member)]
    if 'auth_data' in changed:
        new.lease = None
    return (new if changed else row), changed


# -- conditions

TAG = re.compile(r'(?:W/)?"([^"]*)"')


def _tags(line):
    """The opaque tags of a list, or None where it is malformed."""
    out, at = [], 0
    while True:
        while at < len(line) and line[at] in ' \t,':
            at += 1
        if at == len(line):
            return out
        m = TAG.match(line, at)
        if not m or (m.end() < len(line) and line[m.end()] not in ' \t,'):
            return None
        out.append(re.sub('(-gzip|-br|;gzip)$', '', m.group(1)))
        at = m.end()


def _holds(lines, row, malformed):
    """Whether a list of tags names the row, or all there is."""
    line = ', '.join(lines)
    if row is None or line.strip(' \t') == '*':
        return row is not None
    tags = _tags(line)
    return malformed if tags is None else row.etag_text() in tags


def condition_fails(request, row):
    match = request.lines('if-match')
    none = request.lines('if-none-match')
    if match and not _holds(match, row, False):
        return not row or row.world.broken != 'if-match'
    return bool(none) and _holds(none, row, True)
