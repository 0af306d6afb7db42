"""Kill processes while they write. The folder keeps the tally, so a run goes on where one ended.

With `--savers` members of one server save at once instead, and nothing is killed.
"""

import argparse
import tempfile
from pathlib import Path

from tests.torture.importing import ROWS, kill_imports
from tests.torture.killing import Torture
from tests.torture.saving import save_together
from tests.torture.upgrading import kill_upgrades


def main() -> None:
    options = argparse.ArgumentParser("just torture", description=__doc__)
    options.add_argument("--kills", type=int, default=1_000, help="how many, with those before")
    options.add_argument("--processes", type=int, default=1, help="above 1 it needs PostgreSQL")
    options.add_argument("--url", help="a database of its own; by default SQLite in the folder")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "torture")
    options.add_argument("--upgrades", type=int, help="kill so many upgrades instead")
    options.add_argument("--imports", type=int, help="kill an import and its undo so often instead")
    options.add_argument("--rows", type=int, default=ROWS, help="the rows of that import")
    options.add_argument("--savers", type=int, help="let so many members save at once instead")
    options.add_argument("--minutes", type=float, default=10.0, help="how long they do")
    given = options.parse_args()
    if given.savers:
        said = save_together(given.savers, 60 * given.minutes)
        print(f"{given.savers} savers: {said.report()}")
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    url = given.url or f"sqlite:///{given.folder / 'torture.sqlite3'}"
    if given.imports:
        kills = kill_imports(given.folder, given.imports, given.rows)
        print(f"{kills} kills of an import and of its undo: the same as without.")
        return
    if given.upgrades:
        cut_off = kill_upgrades(given.folder, url, given.upgrades)
        print(f"{given.upgrades} upgrades, {cut_off} killed before their end: no row is lost.")
        return
    tally = Torture(given.folder, url, given.processes).run(given.kills)
    print(
        f"{tally.kills:,} kills: {tally.acknowledged:,} acknowledged writes,"
        f" {tally.rows:,} in the database; none lost, none half, search as from the database."
    )


main()
