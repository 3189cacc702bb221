"""`frost search`, `show`, `log` and `status`: what this node has."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import (
    ask_node,
    badge_text,
    count,
    home_option,
    json_option,
    plain,
    publisher_text,
    shorten,
    show_json,
    terminal_width,
)

_DISPUTED = "the key of this log has signed two different trees"


@click.command()
@click.argument("query", nargs=-1, required=True)
@home_option
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Hits to show.")
@click.option("--offset", type=click.IntRange(0, 10_000), default=0, help="Hits to pass over.")
@click.option("--cursor", help="Go on where an answer ended.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "newest", "oldest", "used"]),
    default="relevance",
    show_default=True,
    help="What comes first.",
)
@click.option("--facets", help="Count the hits by these fields too: publisher,format,year …")
@click.option(
    "--include",
    type=click.Choice(["unknown"]),
    help="Search also whom strangers brought and nobody vouches for.",
)
@json_option
def search(query: tuple[str, ...], home: Path, as_json: bool, **options: Any) -> None:
    """Search what is carried: words, "phrases", +must, -not, begin*, field:value (with quotes around it all).

    Fields are publisher, type, title, keyword, subject, model, variable, column, format, license, price, access, host, source, year, id;
    after:2024, before:2020-06, during:2019/2021, bbox:west,south,east,north and point:longitude,latitude narrow it too.

    \b
    Example:
      frost search sea ice concentration
      frost search '+"sea ice" -antarctic format:zarr after:2020'
      frost search --facets publisher,year 'keyword:ocean'
    """
    answer = ask_node(home, "search", {"query": " ".join(query), **options})
    if as_json:
        show_json(answer)
        return
    if answer["meant"]:
        click.secho(f"did you mean: {plain(answer['meant'])}", err=True)
    for field, values in answer["facets"].items():
        shown = ", ".join(f"{plain(one['label'])} {one['count']}" for one in values)
        click.echo(f"{field}: {shorten(shown, terminal_width())}")
    _print_hits(answer["hits"])
    left_out = (
        f", {answer['unknown']} unknown publishers left out: --include unknown" if answer["unknown"] else ""
    )
    near = f", {answer['near']} with some of the words" if answer["near"] else ""
    click.echo(f"{len(answer['hits'])} of {answer['total']}{near}{left_out}", err=True)
    if answer["next"]:
        click.echo(f"more: --cursor {answer['next']}", err=True)


def _print_hits(hits: list[dict[str, Any]]) -> None:
    """Hits, and in a column of their own those that have only some of the words."""
    width = terminal_width()
    for hit in hits:
        mark = "~ " if hit["near"] else ""
        click.secho(shorten(mark + (hit["title"] or hit["key"]), width), bold=not hit["near"])
        click.echo(f"  {hit['type']} of {publisher_text(hit)}\n  {hit['url']}")
        for source in hit["sources"]:
            if source["url"] != hit["url"]:
                click.echo(f"  also of {publisher_text(source)}\n    {source['url']}")


@click.command()
@click.argument("url")
@home_option
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Records to show.")
@json_option
def similar(url: str, home: Path, limit: int, as_json: bool) -> None:
    """Show the records that are most like the one at DID-URL.

    \b
    Example:
      frost similar did:frost:bafy…/sea-ice
    """
    answer = ask_node(home, "similar", {"url": url, "limit": limit})
    if as_json:
        show_json(answer)
        return
    _print_hits(answer["hits"])


@click.command()
@click.argument("url")
@home_option
@json_option
def show(url: str, home: Path, as_json: bool) -> None:
    """Show the record at DID-URL, its content and its history.

    \b
    Example:
      frost show did:frost:bafy…/sea-ice
    """
    answer = ask_node(home, "show", {"url": url})
    if as_json:
        show_json(answer)
        return
    print_record(answer)


def print_record(answer: dict[str, Any]) -> None:
    """One record for people."""
    click.secho(plain(answer["title"]) or answer["key"], bold=True)
    click.echo(
        f"{answer['type']} of {plain(answer['publisher']) or answer['did']}  {badge_text(answer['badge'])}"
    )
    click.echo(f"entry {answer['index']} of {answer['origin']}, {moment(answer['time_ms'])}\n")
    if answer["disputed"]:
        click.secho(f"disputed: {_DISPUTED}; frost evidence {answer['origin']}\n", bold=True)
    for line in fork_lines(answer["forks"]):
        click.secho(line, bold=True)
    content = answer["content"]
    if content["state"] == "here":
        import yaml

        click.echo(yaml.safe_dump(content["fields"], sort_keys=False, allow_unicode=True, width=100))
    else:
        click.echo(plain(content["reason"]))
    if len(answer["history"]) > 1:
        click.echo("history, newest first:")
        for item in answer["history"]:
            click.echo(f"  {moment(item['time_ms'])}  {item['op']:<8}  {item['url']}?cid={item['header']}")


@click.command()
@click.argument("did", required=False)
@home_option
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Entries to show.")
@json_option
def log(did: str | None, home: Path, limit: int, as_json: bool) -> None:
    """List a publisher's entries, newest first; without DID the one hosted here.

    \b
    Example:
      frost log did:frost:bafy…
    """
    answer = ask_node(home, "log", {"did": did, "limit": limit})
    if as_json:
        show_json(answer)
        return
    for line in fork_lines(answer["forks"]):
        click.secho(line, bold=True)
    for epoch in answer["epochs"]:
        click.echo(f"epoch {epoch['epoch']}: {count(epoch['size'], 'entry', 'entries')}  {epoch['origin']}")
        if epoch["disputed"]:
            settled = "" if epoch["frozen"] else " (settled by the end of the epoch)"
            click.secho(f"  disputed: {_DISPUTED}{settled}; frost evidence {epoch['origin']}", bold=True)
            for tree in epoch["signed"]:
                click.echo(f"    {count(tree['size'], 'entry', 'entries')}, root {tree['root']}")
        for witness in epoch["witnesses"]:
            click.echo(f"  {vouches(witness)}")
    for item in answer["entries"]:
        where = f"{item['epoch']}/{item['index']}"
        click.echo(
            f"{where:>8}  {moment(item['time_ms'])}  {item['op']:<8}  {item['type']:<12}  {item['key']}"
        )


@click.command()
@home_option
@json_option
def status(home: Path, as_json: bool) -> None:
    """Show what this node hosts, carries and follows.

    \b
    Example:
      frost status --json
    """
    from frostnode.cli.kit_nags import kit_state, nags

    answer = {**ask_node(home, "status", {}), "kits": kit_state(home)}
    if as_json:
        show_json(answer)
        return
    click.secho(plain(answer["name"]), bold=True)
    click.echo(f"carries   {count(answer['publishers'], 'publisher')}: {counts(answer['records'])}")
    for item in answer["hosted"]:
        _show_hosted(item)
    for peer in answer["peers"]:
        state = "connected" if peer["connected"] else plain(peer["error"]) or "not connected"
        click.echo(f"follows   {peer['url']}: {state}")
    for did in answer["followed"]:
        click.echo(f"follows   {did}")
    if any(answer["local"].values()):
        kept = (
            count(answer["local"]["versions"], "version"),
            count(answer["local"]["lineage"], "lineage record"),
        )
        click.echo(f"local     {', '.join(kept)}, never shown to anybody")
    for line in doubt_lines(answer):
        click.secho(line, bold=True)
    for line in offer_lines(answer):
        click.echo(line)
    for line in nags(answer["kits"]):
        click.secho(f"kits      {plain(line)}", bold=True)
    behind = max(answer["catalog_behind"], answer["search_behind"])
    click.echo(f"views     {count(behind, 'arrival') + ' behind' if behind else 'up to date'}")
    for stage, what in answer["troubles"].items():
        click.secho(f"stands    {stage}: {plain(what)}", bold=True)


def doubt_lines(answer: dict[str, Any]) -> Iterator[str]:
    """Publishers and logs that were signed two ways, and are not settled."""
    for item in answer["forked"]:
        yield f"forked    {item['did']}: two histories were signed; frost log {item['did']}"
    for item in answer["disputed"]:
        yield f"disputed  {item['origin']}: {_DISPUTED}"


def fork_lines(forks: list[dict[str, Any]]) -> Iterator[str]:
    """Both events wherever a publisher signed two histories, and whether that is settled."""
    for fork in forks:
        settled = f"settled by recovery event {fork['settled_by']}" if fork["settled_by"] else "not settled"
        yield f"two histories were signed after event {fork['after']['n']}, {settled}:"
        for rival in fork["rivals"]:
            followed = "  (followed here)" if rival["followed"] else ""
            host = plain(rival["host"]) or "no address"
            yield f"  event {rival['n']}  {moment(rival['time_ms'])}  {host}  {rival['cid']}{followed}"


def _show_hosted(item: dict[str, Any]) -> None:
    """A publisher that is hosted here, or was."""
    entries = count(item["size"], "entry", "entries")
    waiting = item["size"] - item["served"]
    entries += f", {waiting} awaiting a signature" if waiting else ""
    if item["moved_to"]:
        click.echo(f"hosted    {item['did']}: moved to {plain(item['moved_to'])}, still served")
        return
    click.echo(f"hosts     {item['did']}: epoch {item['epoch']}, {entries}")
    if item["publishing_waits"]:
        click.secho(f"          publishing waits: {item['publishing_waits']}", bold=True)
    click.echo(f"          {badge_text(item['badge'])}")
    for witness in item["witnesses"]:
        click.echo(f"          {vouches(witness)}")
    for asked in item["asked"]:
        if asked["error"]:
            click.echo(f"          {plain(asked['url'])}: {plain(asked['error'])}")


def offer_lines(answer: dict[str, Any]) -> Iterator[str]:
    """Whom this node offers to, and what others may offer; nothing while it rests."""
    offers = answer["offers"]
    if offers is None:
        return
    for node in offers["to"]:
        if node["active"]:
            waiting = f", {node['waiting']} logs waiting" if node["waiting"] else ""
            yield f"offers to {node['url']}: {node['sent']} entries sent{waiting}"
        elif node["error"]:
            yield f"offers to {node['url']}: {plain(node['error'])}"
    if offers["open"]:
        yield f"takes     offers: {offers['taken']} entries taken since it started"


def vouches(witness: dict[str, Any]) -> str:
    """What a witness says of a log."""
    whose = "this node" if witness["here"] else plain(witness["name"])
    if witness["time_s"] is None:
        return f"not vouched for by {whose} yet"
    return f"{count(witness['size'], 'entry', 'entries')} vouched for by {whose} since {moment(witness['time_s'] * 1000)}"


def counts(records: dict[str, Any]) -> str:
    """`3 dataset, 1 profile`."""
    return ", ".join(f"{number} {type_}" for type_, number in records.items()) or "no records"


def moment(time_ms: int) -> str:
    """A claimed time, UTC; times that no calendar has are shown as they are."""
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{time_ms} ms"
