"""What the benchmark found: medians and ratios, as a table, as JSON and as a
plot."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

LABELS = {"floor": "floor", "bare": "bare loop", "save": "save",
          "beside": "beside: save", "again": "save again", "401": "401",
          "beside-401": "beside: 401", "422": "422",
          "beside-422": "beside: 422", "list": "list of 50",
          "long floor": "floor, as long",
          "read": "read of one", "reveal": "reveal",
          "pgsql": "PostgreSQL", "pgsql again": "  save again",
          "php": "php",
          "fastapi": "fastapi", "list, few": "list, few",
          "list, full": "list, full", "read, few": "read, few",
          "read, full": "read, full", "empty": "save, empty",
          "full": "save, full"}
# Columns with many rows, and what each is a ratio of.
ROWS = {"list, few": "list, few", "list, full": "list, few",
        "read, few": "read, few", "read, full": "read, few",
        "empty": "empty", "full": "empty"}

# What is shown as a goal: its text, a function of Ratios, the sign, the goal.
GOALS = [
    *((f"saves at {count} connections, of the floor",
       lambda r, count=count: r.speed("save", "floor", count), ">=", goal)
      for count, goal in ((16, 0.50), (32, 0.65), (64, 0.75), (256, 0.80))),
    ("saves at 1 connection, of those beside",
     lambda r: r.speed("save", "beside", 1), ">=", 0.95),
    ("503s at 1000 connections, in all rounds",
     lambda r: r.others("503", "save", 1000), "<=", 0),
    ("p99 of saves at 1000 connections, ms",
     lambda r: r.median("p99_ms", "save", 1000), "<=", 150),
    ("p99 of saves at 32 connections, of the floor's",
     lambda r: r.ratio("p99_ms", "save", "floor", 32), "<=", 3),
    ("CPU of a save at 32 connections, of one beside",
     lambda r: r.ratio("cpu_us", "save", "beside", 32), "<=", 0.55),
    ("401s at 32 connections, of the floor",
     lambda r: r.speed("401", "floor", 32), ">=", 1.0),
    ("422s at 32 connections, of the floor",
     lambda r: r.speed("422", "floor", 32), ">=", 1.0),
    ("lists of 50 at 32 connections, of the floor",
     lambda r: r.speed("list", "floor", 32), ">=", 0.6),
    ("the same, of a floor with answers as long",
     lambda r: r.speed("list", "long floor", 32), ">=", 0.6),
    ("reads of one at 32 connections, of the floor",
     lambda r: r.speed("read", "floor", 32), ">=", 0.6),
    ("reveals at 32 connections, of saves",
     lambda r: r.speed("reveal", "save", 32), ">=", 0.9),
    ("peak memory with 64 connections, MiB",
     lambda r: r.peak(64), "<=", 12),
    ("peak memory with 1000 connections, MiB",
     lambda r: r.peak(1000), "<=", 24),
    ("saves at 32 connections, of php's",
     lambda r: r.speed("save", "php", 32), ">=", 12),
    ("saves at 32 connections, of fastapi's",
     lambda r: r.speed("save", "fastapi", 32), ">=", 12),
    ("saves into PostgreSQL at 32 connections, of SQLite",
     lambda r: r.speed("pgsql", "save", 32), ">=", 0.5),
    ("changes a commit there",
     lambda r: r.median("rows_a_commit", "pgsql", 32), ">=", 8),
    ("saves with many rows, of an empty database",
     lambda r: r.speed("full", "empty", 32), ">=", 0.8),
    ("lists of 50 of many rows, of few",
     lambda r: r.speed("list, full", "list, few", 32), ">=", 0.9),
    ("reads of one of many rows, of few",
     lambda r: r.speed("read, full", "read, few", 32), ">=", 0.9),
    ("one save by mod_cgid, of a hello-world program",
     lambda r: r.of_hello("save"), "<=", 2.5),
    ("the same by the program without libraries",
     lambda r: r.of_hello("static"), "<=", 2.5),
    ("start until the first answer, ms",
     lambda r: r.result.get("start_ms"), "<=", 50),
]


def progress(text):
    print(text, file=sys.stderr, flush=True)


def machine(options):
    return {"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "kernel": platform.release(), "cpus": os.cpu_count(),
            "load_before": os.getloadavg()[0],
            "rounds": options.rounds, "seconds": options.seconds}


class Ratios:
    """Medians of the runs, and of ratios of two runs in the same round."""

    def __init__(self, result):
        self.result = result
        self.cells = {}
        for run in result["runs"]:
            self.cells.setdefault((run["connections"], run["column"]),
                                  {})[run["round"]] = run

    def pairs(self, key, column, other, connections):
        mine = self.cells.get((connections, column), {})
        other = self.cells.get((connections, other), {})
        return [mine[n][key] / other[n][key] for n in mine if n in other]

    def ratio(self, key, column, other, connections):
        found = self.pairs(key, column, other, connections)
        return statistics.median(found) if found else None

    def speed(self, column, other, connections):
        return self.ratio("per_second", column, other, connections)

    def of_hello(self, name):
        took = self.result.get("cgi_ms")
        return took[name] / took["hello"] if took else None

    def median(self, key, column, connections):
        runs = self.cells.get((connections, column))
        return statistics.median(run[key] for run in runs.values()) \
            if runs else None

    def others(self, status, column, connections):
        """How many answers there were of a status that was not hoped for."""
        runs = self.cells.get((connections, column))
        return sum(run["other_answers"].get(status, 0)
                   for run in runs.values()) if runs else None

    def peak(self, connections):
        """The worker's memory when it had had so many connections at most, in
        MiB; where that was all, its memory at the end."""
        columns = ("save", "again", "401", "422")
        counts = {c for c, column in self.cells if column in columns}
        if connections not in counts:
            return None
        if connections == max(counts):
            return self.result["peak_rss_mib"]
        return max(self.cells[connections, column][1]["peak_mib"]
                   for column in columns
                   if (connections, column) in self.cells)

    def medians(self):
        for (connections, column), runs in self.cells.items():
            row = {"connections": connections, "column": column}
            first = ROWS.get(column, "floor")
            if "p50_ms" in runs[1]:
                row["peak_mib"] = runs[1]["peak_mib"]
            runs = runs.values()
            for key in ("per_second", "p50_ms", "p99_ms", "cpu_us",
                        "switches"):
                if all(key in run for run in runs):
                    row[key] = statistics.median(run[key] for run in runs)
            speed = self.pairs("per_second", column, first, connections)
            if speed:
                row |= {"speed_ratio": statistics.median(speed),
                        "speed_ratio_least": min(speed),
                        "speed_ratio_most": max(speed),
                        "p99_ratio": self.ratio("p99_ms", column, first,
                                                connections)}
            row["other_answers"] = {}
            for run in runs:
                for status, count in run.get("other_answers", {}).items():
                    row["other_answers"][status] = count + \
                        row["other_answers"].get(status, 0)
            yield row

    def goals(self):
        for text, value, sign, goal in GOALS:
            value = value(self)
            yield {"what": text, "is": value, "goal": f"{sign} {goal}",
                   "reached": None if value is None else
                   value >= goal if sign == ">=" else value <= goal}


def print_rows(result):
    """100 columns at most, but for many kinds of other answers."""
    title = None
    for m in result["medians"]:
        if m["connections"] == 0:
            continue
        new = f"{m['connections']} connection{'s'[m['connections'] == 1:]}" \
            if m["column"] not in ROWS else \
            f"{result['rows']} rows"
        if new != title:
            title = new
            print(f"\n{title:16}    per s ratio least-most   p50 ms  p99 ms "
                  "ratio CPU us switch   MiB other answers")
        other = " ".join(f"{count} x {status}" for status, count in
                         m["other_answers"].items())
        spread = f"{m['speed_ratio_least']:.2f}-{m['speed_ratio_most']:.2f}"
        print(f"  {LABELS[m['column']]:14} {m['per_second']:8.0f} "
              f"{m['speed_ratio']:5.2f} {spread:10} {m['p50_ms']:8.2f} "
              f"{m['p99_ms']:7.2f} {m['p99_ratio']:5.1f} {m['cpu_us']:6.1f} "
              f"{m['switches']:6.2f} {m['peak_mib']:5.1f} {other or '-'}")
    print("\nratio: of the floor's, or of the empty or small database's; CPU, "
          "switch: microseconds and\nchanges of threads of the server, for an "
          "answer; MiB: its memory at most until then, in round 1")


def print_rest(result):
    alone = [m for m in result["medians"] if m["connections"] == 0]
    if alone:
        print("\nSQLite alone, rows per s")
    for m in alone:
        print(f"  {m['column'].split('/')[1] + ' a commit':16} "
              f"{m['per_second']:6.0f}")
    if result.get("cgi_ms"):
        print(f"\nmod_cgid: {result['cgi_ms']['hello']:.1f} ms hello-world, "
              f"{result['cgi_ms']['save']:.1f} ms a save, "
              f"{result['cgi_ms']['static']:.1f} ms by the program without "
              "libraries")
    elif "cgi_ms" in result:
        print("\nmod_cgid: not measured, as www-data may not enter the build "
              "directory; run this as an ordinary user")
    print(f"\n{'goals':50}   is   goal")
    for goal in result["goals"]:
        if goal["reached"] is not None:
            print(f"  {goal['what']:48} {goal['is']:6.2f}   {goal['goal']:8}"
                  f"{'' if goal['reached'] else 'not reached'}".rstrip())
    left = sum(goal["reached"] is None for goal in result["goals"])
    if left > 0:
        print(f"  {left} more need what was not measured")


# What a plot shows: the key of a row, its name, log or not, and of whom.
PANELS = [
    ("speed_ratio", "saves per second, of the floor", False,
     ("save", "beside", "bare")),
    ("per_second", "answers per second", True, tuple(LABELS)),
    ("p99_ms", "p99, ms", True, tuple(LABELS)),
]


def panel(result, key, name, is_log, columns):
    """One diagram, a line a column, by connections."""
    rows, lines, data = result["medians"], [], ""
    for index, column in enumerate(LABELS):
        points = [m for m in rows if m["column"] == column and key in m]
        if column not in columns or column in ROWS or not points:
            continue
        block = f"${key}{index}"
        data += f"{block} << E\n" + "".join(
            f"{m['connections']} {m[key]}\n" for m in points) + "E\n"
        lines.append(f"{block} using 1:2 with linespoints linewidth 2 "
                     f"linetype {index + 1} title '{LABELS[column]}'")
    if not lines:
        return ""
    scale = "set logscale y\nset yrange [*:*]" if is_log else \
        "unset logscale y\nset yrange [0:*]"
    return (f"{data}{scale}\nset title '{name}, by connections'\n"
            f"plot {', '.join(lines)}\n")


def plot(result, path):
    if shutil.which("gnuplot") is None:
        progress("no plot: gnuplot is missing")
        return
    ticks = ", ".join(str(c) for c in sorted(
        {m["connections"] for m in result["medians"]} - {0}))
    script = f"""
set terminal pngcairo size 1600,560 font 'DejaVu Sans,10'
set output '{path.name}'
set multiplot layout 1,{len(PANELS)} title 'strongroom, {result['cpus']} CPUs, \
medians of {result['rounds']} rounds of {result['seconds']} s'
set grid
set logscale x
set xtics ({ticks})
set key bottom center outside horizontal
{''.join(panel(result, *p) for p in PANELS)}"""
    done = subprocess.run(["gnuplot"], input=script, text=True, check=False,
                          cwd=path.parent, capture_output=True)
    if done.returncode != 0:
        progress(f"no plot: {done.stderr}")


def write(result, build):
    ratios = Ratios(result)
    result["medians"] = list(ratios.medians())
    result["goals"] = list(ratios.goals())
    result["load_after"] = os.getloadavg()[0]
    (build / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    plot(result, build / "bench.png")
    print(f"{result['cpus']} CPUs, load {result['load_before']:.1f} before and "
          f"{result['load_after']:.1f} after; medians of {result['rounds']} "
          f"rounds of {result['seconds']} s;\nratios are medians of those "
          "within a round, with the least and the most")
    if "beside" in result:
        print("beside: {dir}, {version}".format(**result["beside"]))
    print_rows(result)
    print_rest(result)
    print(f"\n{build}/bench.json has every run, bench.png the plot")
