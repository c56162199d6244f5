"""The table of `run`, from what `rollout rehearse -o json` says of each case, one JSON a line."""
import json, sys

GOOD = ("same", "as good", "as good, no shadow")


def row(found):
    present, new = found["models"]["present"], found["models"]["new"]
    points = new["accuracyPercent"] - present["accuracyPercent"]
    joules = new["joulesPerInference"] / present["joulesPerInference"]
    spikes = new["spikesPerInference"] / max(present["spikesPerInference"], 1e-9)
    stopped = sum(found.get("stoppedBy", {}).values())
    by = ", ".join(
        f"{count} {bound}"
        for bound, count in sorted(found.get("stoppedBy", {}).items(), key=lambda e: -e[1]))

    def spread(key):
        value = found.get(key)
        return f"{value['median']:.0f} ({value['p95']:.0f})" if value else "-"

    return [
        found["case"], f"{points:+.2f}", f"{joules:.2f}", f"{spikes:.2f}",
        str(found["pastFirstWave"]), str(found["states"].get("completed", 0)), str(stopped),
        str(found["insufficient"]), by or "-", str(found["mostServing"]),
        spread("inputsToDecision"), spread("secondsToDecision"),
    ]


HEAD = [
    "model", "points", "joules", "spikes", "past wave 1", "completed", "stopped", "insufficient",
    "broken bounds", "served at once", "inputs to decide", "seconds to decide",
]
if sys.argv[1] == "--head":
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
elif sys.argv[1] == "--row":
    print("| " + " | ".join(row(json.loads(sys.stdin.read()))) + " |", flush=True)
else:
    faults = []
    for found in map(json.loads, sys.stdin):
        stopped = sum(found.get("stoppedBy", {}).values())
        if found["case"] in GOOD and 20 * stopped >= found["seeds"]:
            faults.append(f"`{found['case']}` was stopped in {stopped} of {found['seeds']} seeds")
        if found["case"] not in GOOD and found["pastFirstWave"]:
            faults.append(f"`{found['case']}` passed the first wave in {found['pastFirstWave']} seeds")
    print("\n".join(f"gates: {fault}" for fault in faults))
    sys.exit(1 if faults else 0)
