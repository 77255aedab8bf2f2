"""``abr model show PRESET``: every block of a model with its shapes and parameters; ``link-ears``."""

from __future__ import annotations

import json

import typer

from abr_model.cli.link_ears import link_ears


def register(app: typer.Typer) -> None:
    """Add ``abr model``."""
    model = typer.Typer(help="Look into a model.", no_args_is_help=True)
    model.command("show")(show)
    model.command("link-ears")(link_ears)
    app.add_typer(model, name="model")


def show(
    preset: str = typer.Argument(help="Name of a preset, or a preset's YAML file."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of a table."),
) -> None:
    """Print every block of a preset's model with its output shape and its trainable parameters."""
    from abr_model.configuration import load_preset

    description = describe(load_preset(preset))
    if as_json:
        typer.echo(json.dumps(description, indent=2, ensure_ascii=False))
    else:
        _print_table(description)


def describe(preset) -> dict:
    """The model of a preset as plain values.

    Parameters
    ----------
    preset
        :class:`~abr_model.configuration.Preset`.

    Returns
    -------
    dict
        ``preset``, ``description``, ``parameters`` (of the network), ``sampler_parameters``, ``megabytes`` (network,
        float32), ``streams``, ``blocks``, ``configuration``.
    """
    from abr_model.network import build_network, parameter_count
    from abr_model.network.summary import stream_shapes, summarise
    from abr_model.sampler import build_sampler

    network = build_network(preset.network)
    sampler = build_sampler(preset.sampler, network.latent, network.samples)
    parameters = parameter_count(network)
    return {
        "preset": preset.name,
        "description": preset.description,
        "parameters": parameters,
        "sampler_parameters": parameter_count(sampler),
        "megabytes": round(parameters * 4 / 1e6, 2),
        "streams": stream_shapes(network),
        "blocks": [block.as_dict() for block in summarise(network)],
        "configuration": preset.model_dump(mode="json"),
    }


def _print_table(description: dict) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{escape(description['preset'])}[/bold]  {escape(description['description'])}\n")
    for title, streams in description["streams"].items():
        shapes = "  ".join(f"{name} [{', '.join(str(n) for n in shape)}]" for name, shape in streams.items())
        console.print(f"{title}: {escape(shapes)}", highlight=False)
    table = Table("Block", "Kind", "Output", box=None, pad_edge=False, header_style="bold")
    table.add_column("Parameters", justify="right")
    for block in description["blocks"]:
        shape = block["output_shape"]
        output = "" if shape is None else " × ".join(str(n) for n in shape)
        table.add_row(escape(block["name"]), escape(block["kind"]), output, f"{block['parameters']:,}")
    console.print()
    console.print(table)
    console.print(
        f"\n[bold]{description['parameters']:,}[/bold] trainable parameters ({description['megabytes']} MB) "
        f"+ {description['sampler_parameters']:,} of the sampler",
        highlight=False,
    )
