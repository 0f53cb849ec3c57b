"""Every benchmark, one process each: `make bench`, or `python -m bench metrics intervals` for some."""

import subprocess
import sys

LIBRARY = ("metrics", "baselines", "opening", "intervals", "pair_boosting", "models", "engine")
BOARD = ("publishing", "comparing", "reconciliation", "site")


def main() -> None:
    failed = []
    for name in sys.argv[1:] or LIBRARY + BOARD:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"could not be measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
