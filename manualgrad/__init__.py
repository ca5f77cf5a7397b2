"""Convolutional networks with backward passes written by hand, in NumPy alone."""

from manualgrad.activations import *  # noqa: F403
from manualgrad.activations import __all__ as _activations
from manualgrad.convolution import (
    conv1d,
    conv1d_backward,
    conv1d_double_backward,
    conv2d,
    conv2d_backward,
    conv2d_double_backward,
    conv3d,
    conv3d_backward,
    conv3d_double_backward,
)
from manualgrad.dense import dense, dense_backward, dense_double_backward
from manualgrad.gradients import Gradients, SecondDerivative, SecondGradients
from manualgrad.losses import (
    cross_entropy,
    cross_entropy_backward,
    cross_entropy_double_backward,
    half_squared_error,
    half_squared_error_backward,
    half_squared_error_double_backward,
    mse_loss,
    mse_loss_backward,
    mse_loss_double_backward,
)
from manualgrad.network import (
    Layer,
    Sequential,
    flatten,
    flatten_backward,
    flatten_double_backward,
    layer,
)
from manualgrad.second_order import double_backward, hessian_vector_product
from manualgrad.transposed_convolution import (
    conv_transpose1d,
    conv_transpose1d_backward,
    conv_transpose1d_double_backward,
    conv_transpose2d,
    conv_transpose2d_backward,
    conv_transpose2d_double_backward,
    conv_transpose3d,
    conv_transpose3d_backward,
    conv_transpose3d_double_backward,
)

__all__ = [  # noqa: PLE0604 - the activations list their own names
    *_activations,
    "Gradients",
    "Layer",
    "SecondDerivative",
    "SecondGradients",
    "Sequential",
    "conv1d",
    "conv1d_backward",
    "conv1d_double_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_double_backward",
    "conv3d",
    "conv3d_backward",
    "conv3d_double_backward",
    "conv_transpose1d",
    "conv_transpose1d_backward",
    "conv_transpose1d_double_backward",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "conv_transpose2d_double_backward",
    "conv_transpose3d",
    "conv_transpose3d_backward",
    "conv_transpose3d_double_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "cross_entropy_double_backward",
    "dense",
    "dense_backward",
    "dense_double_backward",
    "flatten",
    "double_backward",
    "flatten_backward",
    "flatten_double_backward",
    "half_squared_error",
    "half_squared_error_backward",
    "half_squared_error_double_backward",
    "hessian_vector_product",
    "layer",
    "mse_loss",
    "mse_loss_backward",
    "mse_loss_double_backward",
]
