#!/usr/bin/python3
"""histories.py FILE...: whether histories are linearizable (Herlihy and Wing).

A history is lines of JSON, an operation each: what was asked of which
integration, when it began and when its answer had come, and what that said.
Each integration is an object of its own (the property is local), so each is
tried alone, by Wing's and Gong's search with Lowe's memory of what was tried:
some order of all operations, in which none comes before another that had ended
when it began, has to give the answers that were given.

Who was asked may have died before it answered: such an operation took place at
some moment after it began, or never.

Prints a line for each object whose history cannot be, with the fewest
operations from the beginning that cannot, and the last of them. Exit 1 then.
"""

import json
import sys
from collections import namedtuple

SHOWN = 14

# What is known of an integration between two operations; None: there is none.
# An id, or a lease, that nobody was told is a number of its own.
Row = namedtuple("Row", "id revision token lease")
UNTOLD = -1


def changed(row, **new):
    return row._replace(revision=row.revision + 1, lease=None, **new)


def is_told(row, op):
    """Whether an answer may say this id, revision and token of a row."""
    return all(name not in op or op[name] == getattr(row, name)
               for name in ("id", "revision", "token"))


def save(row, op):
    if row is None:
        return Row(UNTOLD, 1, op["sets"], None)
    if op.get("only_new"):
        return None
    return changed(row, token=op["sets"])


def change(row, op):
    return changed(row, token=op["sets"])


def delete(_row, _op):
    return None


def lease(row, op):
    return row._replace(lease=op.get("lease", UNTOLD))


def release(row, _op):
    return row._replace(lease=None)


EFFECTS = {"save": save, "change": change, "delete": delete, "lease": lease,
           "release": release, "read": lambda row, op: row,
           "reveal": lambda row, op: row}
NOTHING = object()


def refusal(row, op):
    """The status of an operation that is refused; 200: it is not."""
    if op["op"] == "save":
        return 412 if op.get("only_new") and row is not None else 200
    if row is None or row.id != op["of"]:
        return 404
    if "if_revision" in op and op["if_revision"] != row.revision:
        return 412
    if op["op"] == "lease":
        return 409 if row.lease is not None else 200
    if op["op"] == "release" or "with_lease" in op:
        return 200 if row.lease == op["with_lease"] else 409
    return 200


def told(row, after, op):
    """The row behind an operation that was answered 200, with what its answer
    says put in the place of what was unknown; NOTHING: it cannot say that."""
    if after is None:
        return after if op["op"] == "delete" else NOTHING
    if after.id == UNTOLD and op["op"] == "save":
        if op["id"] in op["seen"]:
            return NOTHING
        after = after._replace(id=op["id"])
    return after if is_told(after, op) else NOTHING


def outcomes(row, op):
    """What a row can be after an operation, given its answer."""
    status = op.get("status")
    refused = refusal(row, op)
    after = EFFECTS[op["op"]](row, op) if refused == 200 else row
    if status is None:
        # It has no answer; where it changes nothing it need not be.
        return [after] if after != row else []
    if status != refused:
        return []
    if status != 200:
        return [row]
    after = told(row, after, op)
    return [] if after is NOTHING else [after]


def is_linearizable(ops):
    """Whether there is an order, by a search in depth: what was done, as bits,
    and the row. What has an answer must be done."""
    ops = sorted(ops, key=lambda op: op["began"])
    must = sum(1 << i for i, op in enumerate(ops) if "status" in op)
    seen_before(ops)
    tried = set()
    stack = [(0, None)]
    while stack:
        done, row = stack.pop()
        if done & must == must:
            return True
        if (done, row) in tried:
            continue
        tried.add((done, row))
        stack.extend((done | 1 << i, after) for i in possible(ops, done)
                     for after in outcomes(row, ops[i]))
    return False


def possible(ops, done):
    """Which come next: those that began before any other ended."""
    found, first_end = [], float("inf")
    for i, op in enumerate(ops):
        if op["began"] > first_end:
            break
        if not done >> i & 1:
            found.append(i)
            first_end = min(first_end, op.get("ended", float("inf")))
    return found


def seen_before(ops):
    """For each save the ids that were told before it began: what it makes has
    none of them."""
    for op in ops:
        if op["op"] == "save":
            op["seen"] = {o["id"] for o in ops if "id" in o and
                          o.get("ended", float("inf")) < op["began"]}


def cut(ops, end):
    """What was known at a moment."""
    known = []
    for op in ops:
        if op["began"] > end:
            continue
        if op.get("ended", float("inf")) > end:
            op = {name: value for name, value in op.items()
                  if name not in ("ended", "status", "id", "revision",
                                  "token", "lease")}
        known.append(op)
    return known


def smallest(ops):
    """The fewest from the beginning that cannot be."""
    ends = sorted(op["ended"] for op in ops if "ended" in op)
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        if is_linearizable(cut(ops, ends[middle])):
            low = middle + 1
        else:
            high = middle
    return cut(ops, ends[low])


def shown(op):
    left = {name: value for name, value in op.items()
            if name not in ("object", "seen", "began", "ended", "client")}
    return (f"  {op['began']:.6f}-{op.get('ended', float('inf')):.6f} "
            f"client {op['client']}: {json.dumps(left)}")


def check(name):
    objects = {}
    with open(name, encoding="ascii") as file:
        for line in file:
            op = json.loads(line)
            objects.setdefault(op["object"], []).append(op)
    good = True
    for key, ops in sorted(objects.items()):
        if is_linearizable(ops):
            continue
        good = False
        window = smallest(ops)
        print(f"{name}: {key}: {len(window)} of {len(ops)} operations cannot "
              f"be; the last of them:")
        print("\n".join(map(shown, sorted(
            window, key=lambda op: op["began"])[-SHOWN:])))
    return good


if __name__ == "__main__":
    sys.exit(0 if all([check(name) for name in sys.argv[1:]]) else 1)
