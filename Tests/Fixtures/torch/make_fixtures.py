#!/usr/bin/env python3
"""Makes ops.safetensors and python.safetensors, which TorchTests reads.

    python Tests/Fixtures/torch/make_fixtures.py

Needs torch 2.11.0, timm 1.0.31, numpy and safetensors. The numbers are PyTorch's own; batch 2 or
more and odd sizes throughout. The files are deterministic: a second run changes nothing.
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from timm.layers import trunc_normal_

HERE = Path(__file__).parent
torch.set_num_threads(1)


def operations():
    g = torch.Generator().manual_seed(2)
    out = {}

    def keep(name, *inputs, result=None, **named):
        for i, tensor in enumerate(inputs):
            out[f"{name}.{i}"] = tensor.detach().contiguous().clone()
        if result is not None:
            out[f"{name}.result"] = result.detach().contiguous().clone()
        for key, tensor in named.items():
            out[f"{name}.{key}"] = tensor.detach().contiguous().clone()

    def draw(*shape):
        return torch.randn(*shape, generator=g)

    def gradients(result, *inputs):
        """Of the sum of squares, so that the gradient depends on the values."""
        return torch.autograd.grad(result.square().sum(), inputs)

    x, w, b = draw(2, 3, 9, 7).requires_grad_(), draw(5, 3, 3, 3).requires_grad_(), draw(5)
    y = F.conv2d(x, w, b, stride=2, padding=1)
    dx, dw = gradients(y, x, w)
    keep("conv2d", x, w, b, result=y, dx=dx, dw=dw)

    x, w, b = draw(2, 5, 7).requires_grad_(), draw(3, 7).requires_grad_(), draw(3)
    y = F.linear(x, w, b)
    dx, dw = gradients(y, x, w)
    keep("linear", x, w, b, result=y, dx=dx, dw=dw)

    x, w, b = draw(3, 5, 3, 7).requires_grad_(), draw(5).requires_grad_(), draw(5)
    mean, var = draw(5), draw(5).abs() + 0.5
    keep("batch_norm", x, w, b, mean, var, eval=F.batch_norm(x, mean, var, w, b, False, 0.1, 1e-5))
    y = F.batch_norm(x, mean, var, w, b, True, 0.1, 1e-5)
    dx, dw = gradients(y, x, w)
    keep("batch_norm", result=y, dx=dx, dw=dw, mean=mean, variance=var)

    x, w, b = draw(2, 3, 7).requires_grad_(), draw(7).requires_grad_(), draw(7)
    y = F.layer_norm(x, (7,), w, b, 1e-6)
    dx, dw = gradients(y, x, w)
    keep("layer_norm", x, w, b, result=y, dx=dx, dw=dw)

    q, k, v = (draw(2, 3, 5, 7).requires_grad_() for _ in range(3))
    bias = draw(1, 3, 5, 5).requires_grad_()
    y = F.scaled_dot_product_attention(q, k, v, bias)
    dx, dbias = gradients(y, q, bias)
    keep("attention", q, k, v, bias, result=y, dx=dx, dbias=dbias,
         scaled=F.scaled_dot_product_attention(q, k, v, scale=0.5))

    x = draw(2, 3, 7, 9)
    keep("pool", x, max=F.max_pool2d(x, 3, 2, 1), average=F.adaptive_avg_pool2d(x, (2, 3)))

    x = draw(3, 7)
    keep("unary", x, relu=F.relu(x), gelu=F.gelu(x), log=x.abs().log(),
         sqrt=x.abs().sqrt(), square=x.square(), clamp=x.clamp(-0.5, 0.75), neg=-x,
         softmax=x.softmax(-1), softmax0=x.softmax(0), log_softmax=x.log_softmax(-1),
         top3=x.topk(3).values, top3_indices=x.topk(3).indices, sum1=x.sum(1, keepdim=True), mean=x.mean(), rsub=2 - x, rdiv=2 / x)

    # Draws: the numbers depend on the generator's algorithm, not on this file's seed above.
    def seeded(fill, *shape):
        return fill(torch.empty(*shape), torch.Generator().manual_seed(7))

    def timms(std, *shape):
        """timm's takes no generator; torch's own, which does, differs in the last steps."""
        torch.manual_seed(7)
        return trunc_normal_(torch.empty(*shape), std=std)

    keep("draws", uniform=seeded(lambda t, s: t.uniform_(-0.25, 0.5, generator=s), 3, 7),
         normal=seeded(lambda t, s: t.normal_(1.0, 2.0, generator=s), 5, 7),
         truncated=timms(1.5, 7, 11), small=timms(0.02, 3, 5))

    x, w, b = draw(2, 4, 9, 7).requires_grad_(), draw(6, 2, 3, 3).requires_grad_(), draw(6)
    y = F.conv2d(x, w, b, stride=2, padding=2, dilation=2, groups=2)
    dx, dw = gradients(y, x, w)
    keep("grouped", x, w, b, result=y, dx=dx, dw=dw)

    x = draw(2, 3, 5, 7)
    keep("spatial", x, padded=F.pad(x, (1, 2, 0, 3)), cut=F.pad(x, (-1, 0, 2, -2)),
         ceil=F.avg_pool2d(x, 2, 2, ceil_mode=True, count_include_pad=False),
         counted=F.avg_pool2d(x, 3, 2, 1), uncounted=F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
         larger=F.interpolate(x, (9, 8), mode="bicubic"),
         smaller=F.interpolate(x, (3, 4), mode="bicubic", antialias=True),
         widened=F.interpolate(x, (9, 8), mode="bicubic", antialias=True))

    x = 4 * draw(3, 7)
    keep("clipped", x, relu6=F.relu6(x), hard_swish=F.hardswish(x), hard_sigmoid=F.hardsigmoid(x))
    save_file(out, HERE / "ops.safetensors")


def every_dtype():
    """One tensor of each dtype that Understudy reads, as the reference package writes them."""
    values = torch.arange(6).reshape(2, 3)
    save_file({
        "a.float": values.float() / 4,
        "b.brain": (values.float() / 4).bfloat16(),
        "c.half": (values.float() / 4).half(),
        "d.long": values - 2**40,
        "e.byte": (values * 50).byte(),
        "f.mask": values % 2 == 1,
        "g.scalar": torch.tensor(2.5),
        "h.empty": torch.zeros(0, 3),
        "ключ \"q\" \\ \n": torch.tensor([7], dtype=torch.uint8),
    }, HERE / "python.safetensors", metadata={"format": "pt"})


operations()
every_dtype()
