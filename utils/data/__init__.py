"""
Pictures, with labels where there are classes, and their division for training and testing.

All but two data sets come with the libraries, or are drawn: no download, and the same every time.
"""

from utils.data._colour_digits import colour_digits
from utils.data._faces import faces
from utils.data._parts import LabelledImages, Split, split
from utils.data._pen_digits import pen_digits
from utils.data._portrait import portrait
from utils.data._stored import class_names, digits, load_images

__all__ = [
    "LabelledImages",
    "Split",
    "class_names",
    "colour_digits",
    "digits",
    "faces",
    "load_images",
    "pen_digits",
    "portrait",
    "split",
]
