"""Reports of other tools about a network, in a form that is the same on every machine."""

from typing import Any

import torch

from utils import _validate
from utils._validate import InputShape, Module, checked

try:
    import torchinfo
    from torchinfo.enums import Units
except ImportError:  # Colab does not bring it along
    torchinfo = None  # type: ignore[assignment]

__all__ = ["torchinfo_report"]

_LAYER_WIDTH, _COLUMN_WIDTH = 24, 17  # characters; 75 in all
_EVERY_LEVEL = 1000  # of nested modules


@checked
def torchinfo_report(module: Module, input_shape: InputShape) -> str:
    """
    Return what `torchinfo.summary` says about a module, for one input.

    Sums are written out (torchinfo 1.8 rounds them, and on current Python calls the unit
    ``Units.MEGABYTES``), and the table is as narrow as it can be. The counts are those of
    torchinfo: its multiply-adds include the biases. For true ones see `utils.shapes.summarise`.

    Parameters
    ----------
    module : torch.nn.Module
        It runs once, in evaluation mode, on an input of zeros, and keeps its own mode.
    input_shape : tuple of int
        One input, such as (C, H, W), without the batch axis.

    Returns
    -------
    str
        The table; one line that says how to get torchinfo where it is not installed.

    Examples
    --------
    >>> from torch import nn
    >>> report = torchinfo_report(nn.Sequential(nn.Flatten(), nn.Linear(400, 10)), (16, 5, 5))
    >>> for line in report.splitlines()[3:6]:
    ...     print(line)
    Sequential               [1, 10]           --                --
    ├─Flatten: 1-1           [1, 400]          --                --
    ├─Linear: 1-2            [1, 10]           4,010             4,010
    """
    if torchinfo is None:
        return "torchinfo is not installed; get it with: python -m pip install torchinfo"
    parameter = next(module.parameters(), torch.empty(0))
    image = torch.zeros(1, *input_shape, dtype=parameter.dtype, device=parameter.device)
    columns = ("output_size", "num_params", "mult_adds")
    mode = [(part, part.training) for part in module.modules()]
    try:
        report = torchinfo.summary(
            module,
            input_data=image,
            col_names=columns,
            col_width=_COLUMN_WIDTH,
            depth=_EVERY_LEVEL,
            verbose=0,
        )
    except RuntimeError as error:
        raise _validate.unreadable_input(input_shape, error.__cause__ or error) from error
    finally:
        for part, training in mode:
            part.training = training
    report.formatting.macs_units = Units.NONE
    report.formatting.layer_name_width = max(_LAYER_WIDTH, _longest_name(report))
    return "\n".join(line.rstrip() for line in str(report).splitlines())


def _longest_name(report: Any) -> int:
    """Return the width of the first column, in characters."""
    return max(
        len(info.get_layer_name(show_var_name=False, show_depth=True)) + 3 * info.depth + 2
        for info in report.summary_list
    )
