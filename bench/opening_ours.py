"""Open one source and split of a release with two feature tables, as a process of its own; see opening.py."""

import sys

from benchmark_data.manifest import Entity, Scheme
from benchmark_data.release import Release


def main() -> None:
    release = Release.open(sys.argv[1])
    split = release.split("CTRPv2", Scheme.RANDOM_ROWS, 0)
    for entity, name, listed in (
        (Entity.CELL, "expression", release.cells),
        (Entity.DRUG, "mordred", release.drugs),
    ):
        table = release.table(entity, name)
        assert (table.row_of(listed) >= 0).all()
        assert table.values.shape == (len(listed), len(table.columns))
    print(sum(map(len, split.parts().values())), "rows")


if __name__ == "__main__":
    main()
