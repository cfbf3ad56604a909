"""Calculations in steps, one for each value of the output: how a step looks, what it says."""

from utils.diagrams.steps._base import Steps
from utils.diagrams.steps._channels import ChannelSteps
from utils.diagrams.steps._conv import ConvSteps
from utils.diagrams.steps._pool import POOL_MODES, PoolSteps

__all__ = ["POOL_MODES", "ChannelSteps", "ConvSteps", "PoolSteps", "Steps"]
