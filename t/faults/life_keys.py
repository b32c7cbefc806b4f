"""The model's API keys over HTTP, and its audit."""

import hashlib
import re

import life_words as words
from life_json import put_string, put_text
from life_rows import DAY
from life_world import (ANY_UUID, Cell, Key, Loose, TIME, detail,
                        faults, refusal, result)

DIGITS = ('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
          'abcdefghijklmnopqrstuvwxyz')
CONTROL = re.compile('[\x01-\x1f\x7f-\x9f]')
TEN_YEARS = 315360000
LOOKS = 2000            # rows of the audit that one page reads


# -- how a key is told

def _quoted(cell):
    return [b'"', cell, b'"'] if cell is not None else [b'null']


def _words(chosen):
    return b'null' if chosen is None else b'[' + b','.join(
        put_string(w) for w in chosen) + b']'


def _used(world, key):
    """last_used_at: once a minute at most, never back, never ahead."""
    def check(text):
        if text == 'null':
            return 'it was used before' if key.used_at is not None else None
        us = words.moment(text.strip('"'))
        if us > world.t1 or us < words.moment(key.created.text()):
            return 'a use that cannot be'
        if key.used_at is not None and us != key.used_at \
                and us < key.used_at + 60 * 1000000:
            return 'twice within a minute'
        key.used_at = us
        return None
    return Loose('null|"%s"' % TIME, check)


def item(world, key):
    """A key as self, lists and changes tell it."""
    by = key.replaced_by
    return [b'"user":', put_string(key.user), b',"public_id":"',
            key.public_id, b'","name":', put_text(key.name), b',"scopes":',
            _words(key.scopes), b',"types":', _words(key.types),
            b',"created_at":"', key.created, b'","expires_at":',
            *_quoted(key.expires), b',"revoked_at":', *_quoted(key.revoked),
            b',"last_used_at":', _used(world, key), b',"replaced_by":',
            *_quoted(by.public_id if by else None)]


def _checksum(text):
    """Whether the last six of a key are what they must be."""
    n = int.from_bytes(hashlib.blake2b(text[:56].encode(), digest_size=32)
                       .digest()[:8], 'big')
    out = ''
    for _ in range(6):
        n, digit = divmod(n, 62)
        out += DIGITS[digit]
    return None if text[56:] == out else 'its checksum is wrong'


def _made(asked, key, action, fields):
    """The answer that has a new key in it, this once."""
    world = asked.world
    text = Cell('srk_[0-9a-z]{8}_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}', _checksum)
    key.public_id = Cell('[0-9a-z]{8}', lambda seen: None
                         if seen == text.text().split('_')[1]
                         and seen not in world.public
                         else 'not the id in the key, or one of before')
    key.created = world.now_cell()
    want = result(b'"api_key":"', text, b'",', *item(world, key))

    def step(got):
        key.text = text.text()
        world.add_key(key)
    want.then.append(step)
    world.note(want, asked.key, action, None, fields)
    return want


def _own(asked):
    """The key of the path, if it is the asker's user's."""
    if asked.param in (None, 'self'):
        return asked.key
    key = asked.world.public.get(asked.param)
    return key if key is not None and key.user == asked.key.user else None


def _nothing():
    return detail(404, 'API key not found')


# -- the routes

def itself(asked):
    return result(*item(asked.world, asked.key))


def listing(asked):
    keys = [k for k in asked.world.keys.values() if k.user == asked.key.user]
    keys.sort(key=lambda k: k.created.text(), reverse=True)
    parts = []
    for key in keys:
        parts += [b',{' if parts else b'{'] + item(asked.world, key) + [b'}']
    return result(b'"api_keys":[', *parts, b']')


def _array_faults(name, node, choices):
    if node.kind != 'array':
        return [words.fault(['body', name], 'list')]
    if not node.items:
        return [EMPTY % name.encode()]
    return [words.fault(['body', name, i], words.choice_kind(n, choices))
            for i, n in enumerate(node.items)
            if words.choice_kind(n, choices)]


EMPTY = (b'{"loc":["body","%s"],"msg":"ensure this value has at least 1 '
         b'items","type":"value_error.list.min_items"}')


def _create_faults(body):
    out = []
    name, types, ends = (body.last(n) for n in ('name', 'types',
                                                'expires_in'))
    scopes = body.last('scopes')
    if name is not None and name.kind != 'null':
        kind = words.text_kind(name, 1)
        if kind is None and CONTROL.search(name.string()):
            kind = 'control'
        if kind:
            out.append(words.fault(['body', 'name'], kind))
    if scopes is None:
        out.append(words.fault(['body', 'scopes'], 'missing'))
    elif scopes.kind == 'null':
        out.append(words.fault(['body', 'scopes'], 'null'))
    else:
        out += _array_faults('scopes', scopes, words.GRANTS)
    if types is not None and types.kind != 'null':
        out += _array_faults('types', types, words.TYPES)
    if ends is not None and ends.kind != 'null':
        kind = words.integer_kind(ends, 1, TEN_YEARS)
        if kind:
            out.append(words.fault(['body', 'expires_in'], kind))
    return out + _extra(body, ('name', 'scopes', 'types', 'expires_in'))


def _extra(body, there):
    return [words.fault(['body', name], 'extra') for name in body.names()
            if name not in there]


def _lacks(key, types):
    """The refusal where a key is not made for all of these types."""
    for kind in words.TYPES:
        if (types is None or kind in types) and not key.sees(kind):
            return detail(403, 'API key lacks the type: ' + kind)
    return None


def _given(body, name):
    node = body.last(name)
    return None if node is None or node.kind == 'null' else node


def create(asked):
    body = asked.body
    wrong = _create_faults(body)
    if wrong:
        return faults(wrong)
    types, name = _given(body, 'types'), _given(body, 'name')
    ends = _given(body, 'expires_in')
    chosen = {item.string() for item in types.items} if types else None
    scopes = {item.string() for item in body.last('scopes').items}
    want = _lacks(asked.key, chosen)
    if want is not None:
        return want
    key = Key(asked.key.user, None, [s for s in words.SCOPES if s in scopes],
              [t for t in words.TYPES if t in chosen] if chosen else None,
              name.string() if name else None)
    if ends:
        key.expires = ends_at(key, int(ends.raw) * 1000000)
        key.term = key.expires
    return _made(asked, key, 'key_create', [
        n for n in ('name', 'scopes', 'types', 'expires_in')
        if body.last(n) is not None])


def ends_at(key, lasts):
    """A moment that long after the key is made, which is told before it."""
    return Cell(TIME, lambda text: None if words.moment(text)
                == words.moment(key.created.text()) + lasts
                else 'not so long after created_at')


def may_rotate(key, param):
    """Rotating another key than itself takes admin."""
    if param in ('self', key.public_id.value) or 'admin' in key.scopes:
        return None
    return detail(403, 'API key lacks the scope: admin')


def _is_used(key, asker):
    """Whether what has taken the place of a key was used, or is right now."""
    key = key.replaced_by
    while key is not None:
        if key.was_used or key is asker:
            return True
        key = key.replaced_by
    return False


def _lacks_of(asked, old):
    """Nobody but itself comes by what he could not give to a new key."""
    if old is asked.key:
        return None
    if 'metrics' in old.scopes and 'metrics' not in asked.key.scopes:
        return detail(403, 'API key lacks the scope: metrics')
    return _lacks(asked.key, old.types)


def _over(key, now):
    return key.revoked is not None or (
        key.expires is not None and now >= words.moment(key.expires.text()))


def rotate(asked):
    body, world = asked.body, asked.world
    node = body.last('overlap_seconds')
    kind = words.integer_kind(node, 0, 604800) if node is not None else None
    wrong = [words.fault(['body', 'overlap_seconds'], kind)] if kind else []
    wrong += _extra(body, ('overlap_seconds',))
    if wrong:
        return faults(wrong)
    old = _own(asked)
    if old is None:
        return _nothing()
    if _over(old, asked.now):
        return refusal(409, 'API key is over')
    want = _lacks_of(asked, old)
    if want is not None:
        return want
    if _is_used(old, asked.key):
        return refusal(409, 'API key was rotated')
    key = Key(old.user, None, old.scopes, old.types, old.name)
    if old.term is not None:
        key.expires = old.term
        if 'admin' in asked.key.scopes:
            key.expires = ends_at(key, words.moment(old.term.text())
                                  - words.moment(old.created.text()))
        key.term = key.expires
    want = _made(asked, key, 'key_rotate', [])
    overlap = DAY if node is None else int(node.raw) * 1000000
    want.then.append(lambda got: step_down(world, old, key, overlap))
    return want


def step_down(world, old, key, overlap):
    """The new key is there: one before it goes, and the other ends soon."""
    if old.replaced_by is not None:
        revoke_all(old.replaced_by, world.past_cell())
    old.replaced_by = key
    ends = words.moment(key.created.text()) + overlap
    if old.expires is None or words.moment(old.expires.text()) > ends:
        old.expires = Cell(TIME)
        old.expires.value = words.time_text(ends)


def revoke_all(key, at):
    """A key and what has taken its place; at once, with one moment."""
    while key is not None:
        if key.revoked is None:
            key.revoked = at
        key = key.replaced_by


def revoke(asked):
    key, world = _own(asked), asked.world
    if key is None:
        return _nothing()
    if key.revoked is not None:
        return result(*item(world, key))
    at = world.now_cell()
    was, key.revoked = key.revoked, at
    want = result(*item(world, key))
    key.revoked = was
    want.then.append(lambda got: revoke_all(key, at))
    world.note(want, asked.key, 'key_revoke')
    return want


# -- the audit

def _place(world, user, entry):
    """The cursor behind a row, which is the same each time."""
    return world.places.setdefault((user, id(entry)),
                                   Cell('[A-Za-z0-9_-]{34}'))


def _sees(asked, entry):
    """A narrowed key sees rows of integrations of its types alone."""
    if entry.integration_id is None or asked.key.types is None:
        return True
    row = asked.world.rows[asked.key.user].get(entry.integration_id)
    return row is not None and asked.key.sees(row.type)


def _entry(entry):
    return [b'{"at":"', entry.at, b'","action":"' + entry.action.encode()
            + b'","integration_id":' + put_text(entry.integration_id)
            + b',"request_id":', put_string(entry.request_id)
            + b',"key":' + put_text(entry.key) + b',"address":'
            + put_text(entry.address) + b',"fields":'
            + _words(entry.fields) + b'}']


def audit(asked):
    world, user = asked.world, asked.key.user
    entries = world.audit[user][::-1]
    places = {cell.value: i for i, e in enumerate(entries)
              for cell in [world.places.get((user, id(e)))]
              if cell is not None and cell.value}
    q, wrong = words.query(asked.request.query, {
        'integration_id': lambda v: None if ANY_UUID.fullmatch(v)
        else 'uuid', 'limit': words.limit_kind, 'cursor': lambda v: None})
    if not wrong and 'cursor' in q and q['cursor'] not in places:
        wrong = [words.fault(['query', 'cursor'], 'cursor')]
    if wrong:
        return faults(wrong)
    if 'cursor' in q:
        entries = entries[places[q['cursor']] + 1:]
    only = q['integration_id'].lower() if 'integration_id' in q else None
    page, looked = [], 0
    for entry in entries:
        if len(page) == int(q.get('limit', 50)) or looked == LOOKS:
            break
        looked += 1
        if only in (None, entry.integration_id) and _sees(asked, entry):
            page.append(entry)
    parts = []
    for entry in page:
        parts += ([b','] if parts else []) + _entry(entry)
    more = _quoted(_place(world, user, entries[looked - 1])
                   if looked < len(entries) else None)
    return result(b'"audit":[', *parts, b'],"next_cursor":', *more)
