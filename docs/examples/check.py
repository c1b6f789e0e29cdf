"""Runs the Python blocks of docs/data.md and docs/exports.md as they stand, and compares them with what GraphQL says.

usage: check.py DATA.md EXPORTS.md PERSON…   (PULSEKEEP_URL and PULSEKEEP_TOKEN, an admin's, in the environment, and for
exports PULSEKEEP_EXPORT, the directory, and PULSEKEEP_EXPORT_COMMAND, a JSON list; the codes of the people whose first
backfill has to be through)
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from datetime import date, timedelta

WAIT_SECONDS = 600


def graphql(query, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Authorization": "Bearer " + os.environ["PULSEKEEP_TOKEN"], "Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["PULSEKEEP_URL"] + "/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    if answer.get("errors"):
        raise SystemExit(f"GraphQL: {answer['errors']}")
    return answer["data"]


def people():
    query = "{ users(first: 100) { nodes { id code summary(days: 10) { activeJobs steps lastSyncAt } } } }"
    return {node["code"]: node for node in graphql(query)["users"]["nodes"]}


def wait_for(codes):
    """Until their data rest: a job that runs would change them between two questions."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        known = people()
        read = [known[code] for code in codes if code in known]
        if len(read) == len(codes) and all(p["summary"]["activeJobs"] == 0 and p["summary"]["lastSyncAt"] for p in read):
            return dict(zip(codes, read))
        time.sleep(1)
    raise SystemExit("the demo's people have no data yet")


def series(person, metric, first, last):
    """Of each day: sums and counts of the samples, as GraphQL has them."""
    bounds = "query($id: ID!, $a: Date!, $b: Date!) { user(id: $id) { a: dayBounds(date: $a) { start } b: dayBounds(date: $b) { end } } }"
    days = graphql(bounds, id=person, a=str(first), b=str(last))["user"]
    query = (
        "query($id: ID!, $from: DateTime!, $to: DateTime!) { user(id: $id) {"
        f" series(metric: {metric}, from: $from, to: $to, maxPoints: 5000) {{ count sum mean problems {{ date }} }} }} }}"
    )
    found = graphql(query, **{"id": person, "from": days["a"]["start"], "to": days["b"]["end"]})["user"]["series"]
    assert not found["problems"], found["problems"]
    count = sum(found["count"])
    if found["sum"] is not None:
        return sum(v for v in found["sum"] if v is not None), count
    return sum(m * n for m, n in zip(found["mean"], found["count"]) if n), count


def assert_same(what, found, expected):
    for user, value in expected.items():
        assert value, f"{what}: {user} has nothing to compare"
        assert abs(found[user] - value) <= 1e-9 * abs(value), f"{what} of {user}: {found[user]}, not {value}"
    print(f"{what}: the same for {len(expected)} people")


def run_blocks(document, expected):
    """The names that each Python block of a document leaves."""
    with open(document, encoding="utf-8") as file:
        blocks = [part.split("\n```", 1)[0] for part in file.read().split("```python\n")[1:]]
    assert len(blocks) == expected, f"{document}: {len(blocks)} examples"
    return [run_block(document, block) for block in blocks]


def run_block(document, block):
    until = time.monotonic() + WAIT_SECONDS
    while True:
        names = {"__name__": "example"}
        try:
            exec(compile(block, document, "exec"), names)  # the reader runs them too
            return names
        except urllib.error.HTTPError as error:
            # Samples of others may still come in, and a file of moving samples is refused: "try again".
            if error.code != 503 or time.monotonic() > until:
                raise
            time.sleep(2)


def daily_steps(person, first, last):
    query = "query($id: ID!, $from: Date!, $to: Date!) { user(id: $id) { daily(metrics: [STEPS], from: $from, to: $to) { dates values } } }"
    series = graphql(query, id=person, **{"from": str(first), "to": str(last)})["user"]["daily"][0]
    return {(day, value) for day, value in zip(series["dates"], series["values"]) if value is not None}


def check_exports(document, known, heart):
    subprocess.run(json.loads(os.environ["PULSEKEEP_EXPORT_COMMAND"]), check=True)
    duck, arrow = run_blocks(document, 2)
    rows = duck["steps"].fetchall()
    for code, person in known.items():
        found = {(str(day), value) for user, day, value in rows if user == code}
        days = sorted(day for day, _ in found)
        assert len(days) > 20, f"DuckDB: {code} has {len(days)} days"
        assert found == daily_steps(person["id"], days[0], days[-1]), f"DuckDB: the days of {code}"
    print(f"DuckDB on the export: the same days for {len(known)} people")
    means = {row["user"]: row["value_mean"] for row in arrow["mean_heart_rate"].to_pylist()}
    assert_same("pyarrow on the export: mean heart rate", means, {c: t / n for c, (t, n) in heart.items() if n})


def main():
    document, exports, codes = sys.argv[1], sys.argv[2], sys.argv[3:]
    known = wait_for(codes)
    results = run_blocks(document, 3)

    today = date.today()
    first, last = today - timedelta(days=8), today - timedelta(days=2)
    heart = {code: series(p["id"], "HEART_RATE", first, last) for code, p in known.items()}
    steps = {code: series(p["id"], "STEPS", first, last)[0] for code, p in known.items()}
    means = {code: total / count for code, (total, count) in heart.items() if count}
    assert_same("pyarrow: mean heart rate", results[0]["mean_heart_rate"], means)
    by_person = defaultdict(float)
    for user, _, value in results[1]["by_hour"].iter_rows():
        by_person[user] += value
    assert_same("polars: steps", by_person, steps)
    by_person = defaultdict(float)
    for user, _, value in results[2]["per_day"].fetchall():
        by_person[user] += value
    assert_same("DuckDB: steps", by_person, steps)
    check_exports(exports, known, heart)


main()
