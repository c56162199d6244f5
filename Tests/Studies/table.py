"""The table of `run`, from what `simulate federate -o json` says of each study, one JSON a line."""
import json, sys

HEAD = [
    "study", "strategy", "compression", "poisoned", "base", "accuracy", "pooled", "joules",
    "of it learning", "MB up", "MB of updates",
]


def row(found):
    pooled = found.get("pooledAccuracy")
    return [
        found["case"], found["strategy"], found["compression"], str(len(found["poisoned"])),
        f"{found['baseAccuracy']:.2f}", f"{found['accuracy']:.2f}",
        f"{pooled:.2f}" if pooled is not None else "-", f"{found['joules']:.3f}",
        f"{found['learningJoules']:.3f}", f"{found['bytesUp'] / 1e6:.1f}",
        f"{found['updateBytes'] / 1e6:.1f}",
    ]


def faults(studies):
    """What was promised of ten nodes with a Dirichlet partition of 0.3, after 50 rounds."""
    def accuracy(name):
        return studies[name]["accuracy"] if name in studies else None

    clean, sparse, plain = accuracy("clean"), accuracy("top-k"), accuracy("clean fedavg")
    if clean is not None and clean < studies["clean"]["pooledAccuracy"] - 1.5:
        yield "`clean` is more than 1.5 points below the same learning on pooled samples"
    if clean is not None and sparse is not None:
        if sparse < clean - 1:
            yield "`top-k` is more than a point below `clean`"
        if 10 * studies["top-k"]["bytesUp"] > studies["clean"]["bytesUp"]:
            yield "`top-k` sends more than a tenth of the bytes of `clean`"
    robust = [accuracy(f"poisoned {rule}") for rule in ("median", "multi-krum")]
    robust = [found for found in robust if found is not None]
    if plain is not None and robust and max(robust) < plain - 2:
        yield "no robust rule comes within 2 points of `clean fedavg` with two poisoned nodes"


if sys.argv[1] == "--head":
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
elif sys.argv[1] == "--row":
    print("| " + " | ".join(row(json.loads(sys.stdin.read()))) + " |", flush=True)
else:
    missed = list(faults({found["case"]: found for found in map(json.loads, sys.stdin)}))
    print("\n".join(f"studies: {fault}" for fault in missed), end="\n" if missed else "")
    sys.exit(1 if missed else 0)
