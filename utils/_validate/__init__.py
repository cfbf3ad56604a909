"""
What the arguments of a function may be: said once, in its signature.

A *kind* of argument is a type with a check: `Count` is an integer from 1, `Pair` an integer or a
pair of them, `Image` a tensor that can be drawn. A public function names the kinds of its
parameters and is `checked`; its body then works on values that are right and converted::

    @checked
    def conv_parameters(in_channels: Count, out_channels: Count, kernel_size: Pair, ...):

The function behind a kind (``as_*``) returns what the body works on, or raises: `TypeError` for a
wrong type of object, `ValueError` for a wrong value. What depends on several arguments is checked
in the body, by one of the ``require_*`` functions. All messages are worded here: they name the
parameter, say what was expected and what came: ``image must have shape (H, W) or (C, H, W), got
(2, 3, 4, 5)``. No argument is ever changed. Each kind knows a few wrong values, from which
tests/test_helpers_contract.py derives what every checked function must refuse.
"""

from utils._validate._declaration import *  # noqa: F403
from utils._validate._figures import *  # noqa: F403
from utils._validate._networks import *  # noqa: F403
from utils._validate._tensors import *  # noqa: F403
from utils._validate._values import *  # noqa: F403
