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

LABELS = {"floor": "floor", "save": "strongroom save",
          "again": "save again", "401": "401", "422": "422", "php": "php",
          "fastapi": "fastapi", "empty": "save, empty", "full": "save, full"}

# What is shown as a goal: its text, a function of Ratios, the sign, the goal.
GOALS = [
    ("saves at 32 connections, of the floor",
     lambda r: r.speed("save", "floor", 32), ">=", 0.65),
    ("saves at 1 connection, of the floor",
     lambda r: r.speed("save", "floor", 1), ">=", 0.40),
    ("p99 of saves at 32 connections, of the floor's",
     lambda r: r.ratio("p99_ms", "save", "floor", 32), "<=", 3),
    ("saves at 32 connections, of php's",
     lambda r: r.speed("save", "php", 32), ">=", 12),
    ("saves at 32 connections, of fastapi's",
     lambda r: r.speed("save", "fastapi", 32), ">=", 12),
    ("401s at 32 connections, of the floor",
     lambda r: r.speed("401", "floor", 32), ">=", 0.9),
    ("422s at 32 connections, of the floor",
     lambda r: r.speed("422", "floor", 32), ">=", 0.8),
    ("saves with many rows, of an empty database",
     lambda r: r.speed("full", "empty", 32), ">=", 0.8),
    ("peak memory of the worker, MiB",
     lambda r: r.result.get("peak_rss_mib"), "<=", 32),
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

    def medians(self):
        for (connections, column), runs in self.cells.items():
            runs = runs.values()
            row = {"connections": connections, "column": column}
            for key in ("per_second", "p50_ms", "p99_ms", "cpu_us"):
                if all(key in run for run in runs):
                    row[key] = statistics.median(run[key] for run in runs)
            first = "empty" if column in ("empty", "full") else "floor"
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
            if value is not None:
                yield {"what": text, "is": value, "goal": f"{sign} {goal}",
                       "reached": value >= goal if sign == ">=" else
                       value <= goal}


def print_rows(result):
    title = None
    for m in result["medians"]:
        if m["connections"] == 0:
            continue
        rows = m["column"] in ("empty", "full")
        new = f"{m['connections']} connection{'s'[m['connections'] == 1:]}" \
            if not rows else f"{result['rows']} rows"
        if new != title:
            title, of = new, "of empty" if rows else "of floor"
            print(f"\n{title:16}    per s  {of}  least-most   p50 ms   "
                  f"p99 ms  {of}  CPU us  other answers")
        spread = f"{m['speed_ratio_least']:.2f}-{m['speed_ratio_most']:.2f}"
        other = " ".join(f"{count} x {status}" for status, count in
                         m["other_answers"].items())
        print(f"  {LABELS[m['column']]:16} {m['per_second']:6.0f}  "
              f"{m['speed_ratio']:8.2f}  {spread:10} {m['p50_ms']:8.2f} "
              f"{m['p99_ms']:8.2f}  {m['p99_ratio']:8.1f} {m['cpu_us']:7.1f}"
              f"  {other or '-'}")


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
        print(f"  {goal['what']:48} {goal['is']:6.2f}   {goal['goal']:8}"
              f"{'' if goal['reached'] else 'not reached'}")


def plot(result, path):
    """Throughput and p99 by connections, one line a column."""
    if shutil.which("gnuplot") is None:
        progress("no plot: gnuplot is missing")
        return
    lines, data = {"per_second": [], "p99_ms": []}, ""
    columns = [c for c in LABELS if any(
        c == m["column"] for m in result["medians"]
        if m["column"] not in ("empty", "full"))]
    for index, column in enumerate(columns):
        data += f"${'c' + str(index)} << E\n" + "".join(
            f"{m['connections']} {m['per_second']} {m['p99_ms']}\n"
            for m in result["medians"] if m["column"] == column) + "E\n"
        for key, at in (("per_second", 2), ("p99_ms", 3)):
            lines[key].append(f"$c{index} using 1:{at} with linespoints "
                              f"linewidth 2 title '{LABELS[column]}'")
    ticks = ", ".join(str(c) for c in sorted(
        {m["connections"] for m in result["medians"]} - {0}))
    script = f"""{data}
set terminal pngcairo size 1200,520 font 'DejaVu Sans,10'
set output '{path.name}'
set multiplot layout 1,2 title 'strongroom, {result['cpus']} CPUs, \
medians of {result['rounds']} rounds of {result['seconds']} s'
set grid
set xlabel 'connections'
set xtics ({ticks})
unset key
set logscale y
set ylabel 'answers per second'
plot {', '.join(lines['per_second'])}
set key outside right
set ylabel 'p99, ms'
plot {', '.join(lines['p99_ms'])}
"""
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
    print_rows(result)
    print_rest(result)
    print(f"\n{build}/bench.json has every run, bench.png the plot")
