"""Where PyTorch's time goes on a GPU, in the work that tools/gpu-check measures: [DEVICE]

ResNet50's forward and backward under autocast (bf16 and fp16, and replayed from a CUDA graph), timm's
LAMB, BEiT-Base's forward (autocast and bf16 throughout), and the attention kernels for its shapes with
their bias. For whoever looks for what could be faster: docs/gpu.md quotes it. Takes a minute.
"""

import sys
import time

import timm
import timm.optim
import torch
import torch.nn.functional as F
import torchvision
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile

GROUP, CLASSES, TOKENS, HEADS, WIDTH = 192, 1000, 197, 12, 64


def main() -> None:
    device = torch.device(sys.argv[1] if len(sys.argv) > 1 else "cuda:0")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    print(torch.cuda.get_device_name(device), torch.__version__)
    student(device)
    teacher(device)
    attention(device)


def median(step, rounds: int = 10, warmup: int = 4) -> float:
    """The seconds of a step, until the device is done with it."""
    seconds = []
    for index in range(warmup + rounds):
        torch.cuda.synchronize()
        start = time.perf_counter()
        step()
        torch.cuda.synchronize()
        if index >= warmup:
            seconds.append(time.perf_counter() - start)
    return sorted(seconds)[rounds // 2]


def report(what: str, step, images: int = GROUP) -> None:
    seconds = median(step)
    print(f"{what}: {seconds * 1e3:.1f} ms, {images / seconds:,.0f} images/s", flush=True)


def kernels(what: str, step, count: int) -> None:
    """The kernels that take most of a step's time."""
    for _ in range(3):
        step()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as found:
        step()
        torch.cuda.synchronize()
    events = [
        event for event in found.key_averages()
        if event.device_type == torch.autograd.DeviceType.CUDA]
    events.sort(key=lambda event: -event.self_device_time_total)
    total = sum(event.self_device_time_total for event in events)
    launches = sum(event.count for event in events)
    print(f"{what}: {total / 1e3:.2f} ms in {launches} launches")
    for event in events[:count]:
        print(f"  {event.self_device_time_total / 1e3:8.3f} ms {event.count:5d} {event.key[:100]}")
    sys.stdout.flush()


def student(device: torch.device) -> None:
    network = torchvision.models.resnet50().to(device, memory_format=torch.channels_last).train()
    images = torch.randn(GROUP, 3, 224, 224, device=device)
    images = images.to(memory_format=torch.channels_last)
    targets = torch.randn(GROUP, CLASSES, device=device).softmax(-1)

    def step(dtype: torch.dtype = torch.bfloat16) -> None:
        with torch.autocast(device.type, dtype):
            logits = network(images)
        (-(targets * logits.float().log_softmax(-1)).sum(-1).mean()).backward()

    for dtype in (torch.bfloat16, torch.float16):
        report(f"ResNet50, {dtype}", lambda: step(dtype))
    kernels("ResNet50, bfloat16", step, 22)
    kernels("ResNet50, float16", lambda: step(torch.float16), 10)
    optimizer = timm.optim.Lamb(network.parameters(), lr=1e-4, weight_decay=0.02)
    print(f"timm's LAMB: {median(optimizer.step) * 1e3:.2f} ms")

    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    report("ResNet50, bfloat16, replayed from a graph", graph.replay)


def teacher(device: torch.device) -> None:
    network = timm.create_model("beit_base_patch16_224", num_classes=CLASSES).to(device).eval()
    images = torch.randn(GROUP, 3, 224, 224, device=device)

    def forward() -> None:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            network(images)

    report("BEiT-Base, autocast to bfloat16", forward)
    kernels("BEiT-Base, autocast to bfloat16", forward, 16)
    narrow, narrow_images = network.bfloat16(), images.bfloat16()

    def narrow_forward() -> None:
        with torch.inference_mode():
            narrow(narrow_images)

    report("BEiT-Base, bfloat16 throughout", narrow_forward)
    kernels("BEiT-Base, bfloat16 throughout", narrow_forward, 12)


def attention(device: torch.device) -> None:
    query, key, value = (
        torch.randn(GROUP, HEADS, TOKENS, WIDTH, device=device, dtype=torch.bfloat16)
        for _ in range(3))
    # The kernels want rows that begin at multiples of 16 bytes.
    padded = torch.randn(1, HEADS, TOKENS, 200, device=device, dtype=torch.bfloat16)[..., :TOKENS]
    for name, backend, bias in (
            ("efficient, rows of 200", SDPBackend.EFFICIENT_ATTENTION, padded),
            ("efficient, rows of 197", SDPBackend.EFFICIENT_ATTENTION, padded.contiguous()),
            ("cuDNN, rows of 200", SDPBackend.CUDNN_ATTENTION, padded),
            ("cuDNN, rows of 197", SDPBackend.CUDNN_ATTENTION, padded.contiguous()),
            ("math", SDPBackend.MATH, padded.contiguous()),
            ("flash, without a bias", SDPBackend.FLASH_ATTENTION, None)):

        def attend() -> None:
            with sdpa_kernel(backend), torch.inference_mode():
                F.scaled_dot_product_attention(query, key, value, attn_mask=bias)

        print(f"attention, {name}: {median(attend, 20) * 1e3:.3f} ms")


if __name__ == "__main__":
    main()
