"""JSON by spans, for the model of the contract: where each value stands in a
text, how a save writes one anew, and merge patches (RFC 7396) on bytes.
Written from the contract alone."""

import json

SPACE = b' \t\n\r'
SHORT = {8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '"', 92: '\\'}


class Bad(Exception):
    """The text is no JSON."""


class Node:
    """A value: kind, the bytes it stands in, what is in it."""

    def __init__(self, kind, text, start):
        self.kind, self.text, self.start, self.end = kind, text, start, start
        self.members = []       # of an object: Member
        self.items = []         # of an array: Node

    @property
    def raw(self):
        return self.text[self.start:self.end]

    def string(self):
        return json.loads(self.raw.decode())

    def last(self, name):
        """The value of the last member of that name, or None."""
        for member in reversed(self.members):
            if member.name == name:
                return member.value
        return None

    def names(self):
        """Each name once, in the order of first appearance."""
        return list(dict.fromkeys(m.name for m in self.members))


class Member:
    def __init__(self, name_node):
        self.name_raw = name_node.raw
        self.name = name_node.string()
        self.start = name_node.start
        self.value = None

    @property
    def raw(self):
        return self.value.text[self.start:self.value.end]


def _skip(text, at):
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at


def _string(text, at):
    node = Node('string', text, at)
    at += 1
    while text[at:at + 1] != b'"':
        if at >= len(text) or text[at] < 32:
            raise Bad
        at += 2 if text[at] == 92 else 1
    node.end = at + 1
    return node


def _value(text, at):
    at = _skip(text, at)
    first = text[at:at + 1]
    if first == b'"':
        return _string(text, at)
    if first in (b'{', b'['):
        return _inside(text, at, first == b'{')
    for word, kind in ((b'null', 'null'), (b'true', 'bool'),
                       (b'false', 'bool')):
        if text.startswith(word, at):
            node = Node(kind, text, at)
            node.end = at + len(word)
            return node
    node = Node('number', text, at)
    while at < len(text) and text[at] in b'-+.eE0123456789':
        at += 1
    node.end = at
    if node.end == node.start:
        raise Bad
    return node


def _inside(text, at, is_object):
    node = Node('object' if is_object else 'array', text, at)
    end = b'}' if is_object else b']'
    at = _skip(text, at + 1)
    while text[at:at + 1] != end:
        if node.members or node.items:
            if text[at:at + 1] != b',':
                raise Bad
            at = _skip(text, at + 1)
        if is_object:
            if text[at:at + 1] != b'"':
                raise Bad
            member = Member(_string(text, at))
            at = _skip(text, at + len(member.name_raw))
            if text[at:at + 1] != b':':
                raise Bad
            member.value = _value(text, at + 1)
            node.members.append(member)
            at = _skip(text, member.value.end)
        else:
            node.items.append(_value(text, at))
            at = _skip(text, node.items[-1].end)
    node.end = at + 1
    return node


def parse(text):
    node = _value(text, 0)
    if _skip(text, node.end) != len(text):
        raise Bad
    return node


def put_string(text):
    """A string in its shortest spelling."""
    out = []
    for c in text:
        code = ord(c)
        if code in SHORT:
            out.append('\\' + SHORT[code])
        elif code < 32:
            out.append('\\u%04x' % code)
        else:
            out.append(c)
    return ('"' + ''.join(out) + '"').encode()


def put_text(text):
    return b'null' if text is None else put_string(text)


def anew(node):
    """A value as a save writes it: no space, the last of equal names."""
    if node.kind == 'string':
        return put_string(node.string())
    if node.kind == 'object':
        return b'{' + b','.join(put_string(name) + b':'
                                + anew(node.last(name))
                                for name in node.names()) + b'}'
    if node.kind == 'array':
        return b'[' + b','.join(map(anew, node.items)) + b']'
    return node.raw


def _fresh(patch):
    """The members of a patch that meets no object."""
    out = []
    for i, member in enumerate(patch.members):
        later = any(m.name == member.name for m in patch.members[i + 1:])
        if later or member.value.kind == 'null':
            continue
        out.append(member.name_raw + b':' + merge(None, member.value))
    return out


def merge(target, patch):
    """What a patch makes of a target (a Node or None), as bytes."""
    if patch.kind != 'object':
        return patch.raw
    if target is None or target.kind != 'object':
        return b'{' + b','.join(_fresh(patch)) + b'}'
    out, changed = [], False
    for i, member in enumerate(target.members):
        value = patch.last(member.name)
        later = any(m.name == member.name for m in target.members[i + 1:])
        if value is None:
            out.append(member.raw)
        elif later or value.kind == 'null':
            changed = True
        else:
            new = merge(member.value, value)
            changed = changed or new != member.value.raw
            out.append(member.name_raw + b':' + new)
    there = {member.name for member in target.members}
    for i, member in enumerate(patch.members):
        later = any(m.name == member.name for m in patch.members[i + 1:])
        if later or member.value.kind == 'null' or member.name in there:
            continue
        changed = True
        out.append(member.name_raw + b':' + merge(None, member.value))
    return b'{' + b','.join(out) + b'}' if changed else target.raw
