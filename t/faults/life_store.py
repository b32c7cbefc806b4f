"""The model's saves, lists, reads, changes and deletions of integrations."""

import copy

import life_words as words
from life_json import put_string
from life_rows import Row, change, condition_fails, save_over
from life_world import detail, faults, refusal, result

FAILED = (412, 'Precondition Failed')


# -- what a body may say

def _field_kind(name, node):
    if name in ('status', 'integration_type'):
        return words.choice_kind(node, words.STATUS if name == 'status'
                                 else words.TYPES)
    if name == 'active':
        return {'null': 'null', 'bool': None}.get(node.kind, 'bool')
    if name == 'unique_identifier':
        return None if node.kind == 'null' else words.text_kind(node)
    return 'null' if node.kind == 'null' else words.text_kind(node, 1)


def body_faults(body, row=None, is_patch=False):
    out = []
    for name in words.FIELDS:
        node = body.last(name)
        if node is None:
            if not is_patch and name in ('name', 'integration_type'):
                out.append(words.fault(['body', name], 'missing'))
        elif name in ('auth_data', 'scope_data', 'metadata'):
            out += words.inner_faults(name, node)
        elif is_patch and name in ('unique_identifier', 'integration_type'):
            same = row is not None and node.kind == 'string' and \
                node.string() == (row.type if name == 'integration_type'
                                  else row.unique_identifier())
            if row is not None and not same:
                out.append(words.fault(['body', name], 'const'))
        else:
            kind = _field_kind(name, node)
            if kind:
                out.append(words.fault(['body', name], kind))
    return out


# -- Idempotency-Key

class Kept:
    """An answer that is given again."""

    def __init__(self, body, row, now, is_save):
        self.body, self.row, self.now = body, row, now
        self.is_save = is_save


def idempotency(asked):
    """(the key or None, faults)."""
    lines = asked.request.lines('idempotency-key')
    if not lines:
        return None, []
    text = lines[0].strip(' \t')
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if len(lines) > 1 or not 1 <= len(text) <= 255 or any(
            not '!' <= c <= '~' for c in text):
        return None, [words.fault(['header', 'idempotency-key'],
                                  'idempotency')]
    place = asked.id if asked.pattern.endswith('{}') else ''
    return (asked.key.user, asked.pattern, place, text), []


def replay(asked, name):
    """The answer of the first time, or None."""
    kept = asked.world.kept.get(name)
    if kept is None:
        return None
    if not asked.key.sees(kept.row.type):
        return detail(403, 'API key lacks the type: ' + kept.row.type) \
            if kept.is_save else asked.nothing()
    if kept.body != asked.request.body:
        return faults([words.fault(['header', 'idempotency-key'],
                                   'other_body')])
    parts = kept.row.members() if kept.is_save \
        else kept.row.whole(asked.key, kept.now)
    return result(*parts, etag=kept.row.etag(), idempotent_replayed='true')


def keep(asked, want, name, row, is_save):
    if name is not None:
        kept = Kept(asked.request.body, row, asked.now, is_save)
        want.then.append(
            lambda got: asked.world.kept.__setitem__(name, kept))


# -- the routes

def save(asked):
    body, key, world = asked.body, asked.key, asked.world
    name, wrong = idempotency(asked)
    wrong += body_faults(body)
    if wrong:
        return faults(wrong)
    kind = body.last('integration_type').string()
    if not key.sees(kind):
        return detail(403, 'API key lacks the type: ' + kind)
    want = replay(asked, name)
    if want is not None:
        return want
    node = body.last('unique_identifier')
    uid = node.string() if node is not None and node.kind != 'null' else ''
    row = next((r for r in world.rows[key.user].values()
                if uid and r.unique_identifier() == uid), None)
    if condition_fails(asked.request, row):
        return detail(*FAILED)
    if row is not None and row.type != kind:
        whose = 'a %s' % row.type if key.sees(row.type) else 'another'
        return refusal(409, 'Failed to save integration: unique_identifier '
                       'already belongs to %s integration' % whose)
    was = row
    if row is None:
        was = Row(world, key.user)
        was.uid = uid or None
    new = save_over(was, body)
    want = result(*new.members(), etag=new.etag())
    asked.store(want, new)
    world.note(want, key, 'save', new.id,
               [f for f in words.FIELDS if body.last(f) is not None])
    keep(asked, want, name, new, True)
    return want


def read(asked):
    row = asked.row()
    if row is None:
        return asked.nothing()
    return result(*row.whole(asked.key, asked.now), etag=row.etag())


def patch(asked):
    row, world = asked.row(), asked.world
    name, wrong = idempotency(asked)
    wrong += body_faults(asked.body, row, True)
    if wrong:
        return faults(wrong)
    want = replay(asked, name)
    if want is not None:
        return want
    if row is None:
        return asked.nothing()
    if condition_fails(asked.request, row):
        return detail(*FAILED)
    lines = asked.request.lines('refresh-lease')
    lease = row.live_lease(asked.now)
    if lines and not fits(lease, lines):
        return refusal(409, 'Refresh lease is lost')
    new, changed = change(row, asked.body)
    if lines and asked.body.last('auth_data') is not None:
        new = copy.copy(new)
        new.lease = None
    want = result(*new.whole(asked.key, asked.now), etag=new.etag())
    asked.store(want, new)
    if changed:
        world.note(want, asked.key, 'change', new.id, [
            f for f in words.FIELDS if f in changed])
    keep(asked, want, name, new, False)
    return want


def fits(lease, lines):
    """Whether the header's one line is the lease's id."""
    return lease is not None and len(lines) == 1 and \
        lines[0].strip(' \t').lower() == lease.id.text()


def delete(asked):
    row = asked.row()
    if row is None:
        return asked.nothing()
    if condition_fails(asked.request, row):
        return detail(*FAILED)
    want = result(*row.whole(asked.key, asked.now), b',"deleted":true')
    rows, dead = (t[row.user] for t in (asked.world.rows, asked.world.dead))

    def step(got):
        del rows[row.id.text()]
        dead.append(row.id.text())
    want.then.append(step)
    asked.world.note(want, asked.key, 'delete', row.id)
    return want


# -- lists

def one_of(choices):
    return lambda value: None if value in choices else 'enum'


def _judges(sort):
    anything = (lambda value: None)
    return {
        'limit': words.limit_kind,
        'cursor': lambda v: None if words.cursor_read(v, sort)
        else 'cursor',
        'integration_type': one_of(words.TYPES),
        'status': one_of(words.STATUS),
        'active': lambda v: None if v.lower() in words.TRUE + words.FALSE
        else 'bool',
        'unique_identifier': anything, 'org_slug': anything,
        'workspace_id': anything, 'tag': anything, 'q': words.part_kind,
        'expires_before': lambda v: None if words.moment(v) is not None
        else 'moment',
        'token_state': one_of(words.STATES),
    }


def _lower(text):
    return ''.join(c.lower() if c < '\x80' else c for c in text)


def _fits(row, q, now):
    """Whether a row that is looked at is told."""
    if q.get('status', row.status) != row.status:
        return False
    if 'active' in q and (q['active'].lower() in words.TRUE) != row.active:
        return False
    for name in 'org_slug', 'workspace_id':
        if name in q and row.scope_member(name) != q[name]:
            return False
    if 'tag' in q and q['tag'] not in row.tags():
        return False
    if 'q' in q and _lower(q['q']) not in _lower(row.name):
        return False
    return q.get('token_state') in (None, row.token_state(now))


def by_expiry(q):
    return 'expires_before' in q or q.get('token_state',
                                          'unknown') != 'unknown'


def listing(asked):
    text, key, now = asked.request.query, asked.key, asked.now
    q, _ = words.query(text, _judges(1))
    sort = 2 if by_expiry(q) else 1
    q, wrong = words.query(text, _judges(sort))
    if wrong:
        return faults(wrong)
    rows = [r for r in asked.world.rows[key.user].values()
            if key.sees(r.type)
            and q.get('integration_type') in (None, r.type)
            and q.get('unique_identifier') in (None, r.unique_identifier())]
    place = (lambda r: (words.moment(r.created.text()), r.id.text()))
    if sort == 2:
        before = words.moment(q['expires_before']) \
            if 'expires_before' in q else words.LAST + 1
        rows = [r for r in rows if r.expires() is not None
                and r.expires() < before and q.get('token_state') in (
                    None, 'unknown', r.token_state(now))]
        place = (lambda r: (r.expires(), r.id.text()))
    rows.sort(key=place, reverse=sort == 1)
    if 'cursor' in q:
        at = words.cursor_read(q['cursor'], sort)
        rows = [r for r in rows if (place(r) < at if sort == 1
                                    else place(r) > at)]
    page, looked = [], 0
    for row in rows:
        if len(page) == int(q.get('limit', 50)):
            break
        looked += 1
        if _fits(row, q, now):
            page.append(row)
    last = words.cursor_text(sort, *place(rows[looked - 1])) \
        if looked < len(rows) else None
    parts = []
    for row in page:
        parts += [b',{' if parts else b'{'] + row.item(now) + [b'}']
    return result(b'"integrations":[', *parts, b'],"next_cursor":',
                  b'null' if last is None else put_string(last))
