"""The reference workloads on PyTorch's CPU, for bench/peers: a line of JSON in, a line of JSON out."""

import base64
import json
import math
import os
import resource
import sys
import time

start = time.perf_counter()
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

import_time = (time.perf_counter() - start) * 1000
torch.set_num_threads(int(os.environ.get("CHAINRULE_THREADS") or 2))


def tensor(numbers):
    kind = torch.float32 if numbers["type"] == "float32" else torch.int32
    raw = bytearray(base64.b64decode(numbers["data"]))
    x = torch.frombuffer(raw, dtype=kind).reshape(numbers["shape"]).clone()
    return x if kind == torch.float32 else x.long()


def mlp(problem, p, data):
    x = data["x"]
    for i in range(0, len(p), 2):
        x = F.linear(x if i == 0 else F.relu(x), p[i], p[i + 1])
    if problem["settings"]["loss"] == "hinge":
        return F.relu(1 - data["labels"] * x).mean()
    return F.cross_entropy(x, data["labels"])


def cnn(_problem, p, data):
    x = F.max_pool2d(F.relu(F.conv2d(data["x"], p[0], p[1], padding=1)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p[2], p[3], padding=1)), 2)
    return F.cross_entropy(F.linear(x.flatten(1), p[4], p[5]), data["labels"])


def gpt(problem, p, data):
    settings = problem["settings"]
    width, heads, context = settings["width"], settings["heads"], settings["context"]
    mask = data.setdefault(
        "mask", torch.triu(torch.ones(context, context, dtype=torch.bool), diagonal=1)
    )
    size = (width,)

    def split(x):
        return x.view(-1, context, heads, width // heads).transpose(1, 2)

    x = F.embedding(data["text"], p[0]) + p[1]
    for block in range(settings["blocks"]):
        w = p[2 + 12 * block : 14 + 12 * block]
        y = F.layer_norm(x, size, w[8], w[9])
        q, k, v = (split(part) for part in F.linear(y, w[0], w[1]).split(width, dim=-1))
        scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(width // heads))
        weights = F.softmax(scores.masked_fill(mask, -math.inf), dim=-1)
        y = (weights @ v).transpose(1, 2).reshape(-1, context, width)
        x = x + F.linear(y, w[2], w[3])
        y = F.layer_norm(x, size, w[10], w[11])
        x = x + F.linear(F.gelu(F.linear(y, w[4], w[5])), w[6], w[7])
    x = F.linear(F.layer_norm(x, size, p[-3], p[-2]), p[-1])
    return F.cross_entropy(x.view(-1, settings["vocabulary"]), data["next"].view(-1))


def lstm(problem, p, data):
    layers, width = problem["settings"]["layers"], problem["settings"]["width"]
    zero = torch.zeros(layers, data["x"].shape[1], width)
    output, _, _ = torch._VF.lstm(
        data["x"], (zero, zero), p[: 4 * layers], True, layers, 0.0, True, False, False
    )
    return F.cross_entropy(F.linear(output[-1], p[-2], p[-1]), data["labels"])


MODELS = {"mlp": mlp, "cnn": cnn, "gpt": gpt, "lstm": lstm}


def train(problem, parameters, data):
    for p in parameters:
        p.requires_grad_(True)
    model = MODELS[problem["kind"]]
    make = getattr(torch.optim, problem["training"]["optimizer"])
    optimizer = make(parameters, lr=problem["training"]["lr"])

    def step():
        optimizer.zero_grad()
        loss = model(problem, parameters, data)
        loss.backward()
        optimizer.step()
        return loss

    return step, lambda: [step().item() for _ in range(5)]


def matmul(problem, _parameters, data):
    transposed = problem["settings"]["transposed"]
    a = data["a"].mT if transposed == "A" else data["a"]
    b = data["b"].mT if transposed == "B" else data["b"]
    return lambda: a @ b, lambda: [(a @ b).square().mean().item()]


def chain(problem, _parameters, _data):
    def step():
        x = torch.tensor(1.0, requires_grad=True)
        y = x
        for _ in range(0, problem["settings"]["nodes"], 2):
            y = y * 1.0001 + 0.0001
        y.backward()
        return x.grad

    return step, lambda: [step().item()]


def pointwise(_problem, _parameters, data):
    x = data["x"].requires_grad_(True)

    def step():
        x.grad = None
        total = (torch.tanh(2 * x + 1) * torch.sigmoid(x)).sum()
        total.backward()
        return total

    return step, lambda: [step().item(), x.grad.square().mean().item()]


PROGRAMS = {"matmul": matmul, "chain": chain, "pointwise": pointwise}


def main():
    step = results = None

    def answer(request):
        nonlocal step, results
        if request["ask"] == "prepare":
            problem = request["problem"]
            parameters = [tensor(numbers) for numbers in request["parameters"]]
            data = {name: tensor(numbers) for name, numbers in request["data"].items()}
            step, results = PROGRAMS.get(problem["kind"], train)(problem, parameters, data)
            return {"results": results()}
        if request["ask"] == "time":
            begin = time.perf_counter()
            for _ in range(request["repeats"]):
                step()
            return {"milliseconds": (time.perf_counter() - begin) * 1000}
        return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}

    print(json.dumps({"version": torch.__version__, "importTime": import_time}), flush=True)
    for line in sys.stdin:
        try:
            print(json.dumps(answer(json.loads(line))), flush=True)
        except Exception as error:  # What fails is a result, too.
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)


main()
