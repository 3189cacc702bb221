"""`scripts/demo`: NASA publishes, NOAA derives from it, a start-up derives from that, each on a node of its own.

The descriptions were written for this demonstration; the data that they point to does not exist.
"""

import shlex
import sys
import time
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryDirectory
from typing import Any

import click

from scripts.demonstration.institution import Institution

_CHAIN_S = 60
_LOOK_S = 0.2
_UPDATES = 2
_PERIOD_S = 8

SATELLITE: dict[str, Any] = {
    "type": "dataset",
    "key": "sst-daily",
    "title": "Sea surface temperature, daily",
    "description": "Gridded from infrared and microwave radiometers in orbit, 9 km, one field a day.",
    "keywords": ["sea surface temperature", "ocean", "satellite"],
    "data_model": "array",
    "license": "CC0-1.0",
    "extent": {"bbox": [[-180, -90, 180, 90]], "interval": [["2002-07-04T00:00:00Z", None]]},
}
HEATWAVES: dict[str, Any] = {
    "type": "dataset",
    "key": "marine-heatwaves",
    "title": "Marine heatwaves",
    "description": "Where the sea is warmer than nine days in ten of the same season, from daily fields.",
    "keywords": ["marine heatwave", "ocean", "climate"],
    "data_model": "array",
    "license": "CC-BY-4.0",
}
FARMS: dict[str, Any] = {
    "type": "dataset",
    "key": "salmon-stress",
    "title": "Heat stress of salmon farms",
    "description": "A daily index for 1,200 farms, from heatwaves nearby.",
    "keywords": ["aquaculture", "marine heatwave"],
    "data_model": "table",
    "license": "proprietary",
    "price": "on request",
}


class Stage:
    """Who plays, and what was heard where."""

    def __init__(self, folder: Path) -> None:
        passphrase = folder / "passphrase"
        passphrase.write_text("a demonstration needs no secret\n")
        click.echo("Three institutions are founded, each with an identity, a log and a node of its own …")
        self.nasa, self.noaa, self.farm = (
            Institution(name, folder, passphrase) for name in ("NASA", "NOAA", "Aquafarm")
        )
        self.all = (self.nasa, self.noaa, self.farm)
        self.heard: Queue[tuple[str, dict[str, Any]]] = Queue()

    def begin(self) -> None:
        """Publish, follow, subscribe and watch."""
        for who, record in zip(self.all, (SATELLITE, HEATWAVES, FARMS), strict=True):
            who.publish([record])
            who.serve()
        _link(self.noaa, "marine-heatwaves", self.nasa, "sst-daily", "detect heatwaves")
        _link(self.farm, "salmon-stress", self.noaa, "marine-heatwaves", "stress index")
        self.farm.listen(lambda event: self.heard.put((self.farm.name, event)))
        click.echo("\nPages to look at, while it runs:")
        for who, key in zip(self.all, ("sst-daily", "marine-heatwaves", "salmon-stress"), strict=True):
            click.echo(f"  {who.name:<9} {who.url}/record/{who.did}/{key}")
        click.echo(f"  lineage   {self.farm.url}/lineage/{self.farm.did}/salmon-stress\n")

    def update(self, number: int) -> None:
        """The satellite has passed: show how the news travels, until the last of the chain has made its own of it."""
        label = f"2026-11-{number:02}"
        begun = time.monotonic()
        location = f"s3://example-satellite/sst/{label}.zarr"
        note = f"field of {label} added"
        self.nasa.ask("version", "sst-daily", "--label", label, "--location", location, "--note", note)
        wanted = {f"{who.did}/{key}@{label}" for who, key in self._chain()}
        while wanted:
            try:
                _, event = self.heard.get(timeout=begun + _CHAIN_S - time.monotonic())
            except (Empty, ValueError):
                raise SystemExit(f"not within {_CHAIN_S} s: {', '.join(sorted(wanted))}") from None
            if event["subject"] in wanted:
                wanted.remove(event["subject"])
                who = next(one.name for one in self.all if one.did == event["source"])
                click.echo(f"  {time.monotonic() - begun:5.2f} s  {who:<9} {event['data']['title']}")

    def _chain(self) -> list[tuple[Institution, str]]:
        return [(self.nasa, "sst-daily"), (self.noaa, "marine-heatwaves"), (self.farm, "salmon-stress")]

    def show_lineage(self) -> None:
        """What the last of the chain says of where its data comes from."""
        edges = self._lineage()
        click.echo("\nWhere the newest salmon-stress comes from, as the start-up's node sees it:")
        for edge in edges:
            click.echo(f"  {_short(edge['generated'])}  from  {_short(edge['used'])}")

    def _lineage(self) -> list[dict[str, Any]]:
        """A version is heard of before it is said what it was made from: wait until the whole chain is linked."""
        begun = time.monotonic()
        while time.monotonic() < begun + _CHAIN_S:
            edges: list[dict[str, Any]] = self.farm.ask("lineage", "salmon-stress@latest", "--up")["edges"]
            if len(edges) >= len(self._chain()) - 1:
                return edges
            time.sleep(_LOOK_S)
        raise SystemExit(f"not within {_CHAIN_S} s: the lineage of salmon-stress")

    def close(self) -> None:
        """End all that was started."""
        for who in self.all:
            who.close()


def _link(who: Institution, own: str, source: Institution, key: str, activity: str) -> None:
    """Follow a source, subscribe to its dataset on behalf of the own one, derive at each notice."""
    target = f"{source.did}/{key}"
    who.ask("follow", source.url)
    who.ask("subscribe", target, "--for", own)
    script = Path(__file__).with_name("derive.py")
    command = shlex.join([sys.executable, str(script), own, activity])
    who.watch(target, command)
    click.echo(f"{who.name} follows {source.url}, subscribes to {key} and derives {own} from it.")


def _short(name: str) -> str:
    return name.partition("/")[2] or name


@click.command()
@click.option("--once", is_flag=True, help=f"End after {_UPDATES} updates.")
def demo(once: bool) -> None:
    """Show how an update travels through three institutions. Ctrl-C ends it."""
    with TemporaryDirectory(prefix="frost-demo-") as folder:
        stage = Stage(Path(folder))
        try:
            stage.begin()
            number = 0
            while not once or number < _UPDATES:
                number += 1
                click.echo(f"Update {number} of the satellite:")
                stage.update(number)
                if number == _UPDATES:
                    stage.show_lineage()
                    click.echo("")
                if not once:
                    time.sleep(_PERIOD_S)
        except KeyboardInterrupt:
            click.echo("\nThat was it.")
        finally:
            stage.close()


if __name__ == "__main__":
    demo.main(standalone_mode=True)
