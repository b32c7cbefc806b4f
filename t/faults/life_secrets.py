"""The model's reveals, in clear and sealed, verifications and leases."""

import base64
import copy
import re

import life_words as words
from life_json import put_string
from life_rows import Lease
from life_store import fits
from life_world import Cell, TIME, UUID, Want, detail, faults, refusal, result

P25519 = 2 ** 255 - 19
# Points of small order, by their u.
LOW = (0, 1, P25519 - 1,
       0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0,
       0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5f)


def _counted(asked, row, want, action):
    """The answer comes after the reveal is counted and audited."""
    new = copy.copy(row)
    new.reveals += 1
    world = asked.world
    want.then.append(
        lambda got: setattr(new, 'revealed', world.past_cell()))
    asked.store(want, new)
    world.note(want, asked.key, action, row.id)
    return want


def reveal(asked):
    q, wrong = words.query(asked.request.query,
                           {'field': lambda value: None})
    if wrong:
        return faults(wrong)
    row = asked.row()
    if row is None:
        return asked.nothing()
    told = [b'"auth_data":', row.auth or b'null']
    if 'field' in q:
        node = row.auth_member(q['field'])
        if node is None:
            return detail(404, 'Field not found')
        told = [b'"field":', put_string(q['field']), b',"value":', node.raw]
    want = result(b'"integration_id":"', row.id, b'","revision":%d,"status":'
                  b'"%s","active":%s,"token_state":"%s",' % (
                      row.revision, row.status.encode(),
                      b'true' if row.active else b'false',
                      row.token_state(asked.now).encode()), *told)
    return _counted(asked, row, want, 'reveal')


def is_public_key(text):
    """Whether a text is base64 of a key that can be sealed to."""
    if not re.fullmatch('[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9_-]*={0,2}', text):
        return False
    bare = text.rstrip('=')
    if len(bare) != 43 or len(text) - len(bare) not in (0, 1):
        return False
    raw = base64.urlsafe_b64decode(
        bare.replace('+', '-').replace('/', '_') + '=')
    if base64.urlsafe_b64encode(raw).rstrip(b'=').decode() != \
            bare.replace('+', '-').replace('/', '_'):
        return False
    n = int.from_bytes(raw, 'little')
    return n < P25519 and n not in LOW


def sealed(asked):
    node = asked.body.last('public_key')
    kind = 'missing' if node is None else 'null' if node.kind == 'null' \
        else 'str' if node.kind != 'string' \
        else None if is_public_key(node.string()) else 'public_key'
    if kind:
        return faults([words.fault(['body', 'public_key'], kind)])
    row = asked.row()
    if row is None:
        return asked.nothing()
    plain = len('{"integration_id":"","revision":,"sealed_at":"",'
                '"auth_data":}') + 36 + len(str(row.revision)) + 26 \
        + len(row.auth or b'null')
    whole = (plain + 255) // 256 * 256 + 48
    digits = (whole * 8 + 5) // 6
    want = result(b'"algorithm":"crypto_box_seal","sealed":"',
                  Cell('[A-Za-z0-9_-]{%d}' % digits), b'"')
    return _counted(asked, row, want, 'reveal_sealed')


def verify(asked):
    body = asked.body
    wrong = [] if 1 <= len(body.members) <= 8 \
        else [words.fault(['body'], 'members')]
    wrong += [words.fault(['body', m.name],
                         'null' if m.value.kind == 'null' else 'str')
             for m in body.members if m.value.kind != 'string']
    if wrong:
        return faults(wrong)
    row = asked.row()
    if row is None:
        return asked.nothing()
    said = []
    for member in body.members:
        node = row.auth_member(member.name)
        said.append((member.name, node is not None and node.kind == 'string'
                     and node.string() == member.value.string()))
    flag = {True: b'true', False: b'false'}
    good = all(is_equal for _, is_equal in said)
    want = result(b'"matches":' + flag[good] + b',"members":{' + b','.join(
        put_string(name) + b':' + flag[is_equal] for name, is_equal in said)
        + b'}')
    asked.world.note(want, asked.key, 'verify', row.id)
    return want


def lease(asked):
    node = asked.body.last('seconds')
    kind = words.integer_kind(node, 1, 300) if node is not None else None
    if kind:
        return faults([words.fault(['body', 'seconds'], kind)])
    row, world = asked.row(), asked.world
    if row is None:
        return asked.nothing()
    live = row.live_lease(asked.now)
    if live is not None:
        return held(world, live)
    us = (60 if node is None else int(node.raw)) * 1000000

    def check(text):
        at = words.moment(text)
        return None if world.t0 <= at - us <= world.t1 \
            else 'the lease ends at another moment'
    granted = Lease(Cell(UUID % '4'), Cell(TIME, check))
    new = copy.copy(row)
    new.lease = granted
    want = result(b'"lease_id":"', granted.id, b'","expires_at":"',
                  granted.expires, b'","revision":%d' % row.revision)
    asked.store(want, new)
    world.note(want, asked.key, 'lease', row.id)
    return want


def held(world, live):
    """The refusal that says when to ask again."""
    ends = words.moment(live.expires.text())

    def check(text):
        n = int(text)
        low, high = (-((t - ends) // 1000000) for t in (world.t1, world.t0))
        return None if max(low, 1) <= n <= high \
            else 'not what is left, %d to %d' % (low, high)
    after = Cell('[0-9]+', check)
    return Want(409, b'{"success":false,"data":{"retry_after":', after,
                b',"expires_at":"', live.expires,
                b'"},"error":"Refresh lease is held"}', retry_after=[after])


def release(asked):
    lines = asked.request.lines('refresh-lease')
    if not lines:
        return faults([words.fault(['header', 'refresh-lease'], 'missing')])
    row = asked.row()
    if row is None:
        return asked.nothing()
    if not fits(row.live_lease(asked.now), lines):
        return refusal(409, 'Refresh lease is lost')
    new = copy.copy(row)
    new.lease = None
    want = result(b'"revision":%d' % row.revision)
    asked.store(want, new)
    asked.world.note(want, asked.key, 'release', row.id)
    return want
