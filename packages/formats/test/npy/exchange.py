"""Files made by NumPy, and files made by Chainrule as NumPy and PyTorch read them.

    python3 exchange.py make > numpy.jsonl       arrays of all types and layouts, as .npy, .npz and safetensors
    python3 exchange.py check < chainrule.jsonl  reads what Chainrule wrote, and compares

Both files have lines of { name, format, bytes (base64), arrays: [{ name, dtype, shape, values }] }. PyTorch is used where
it is installed.
"""

import base64
import io
import json
import struct
import sys
import warnings

import numpy as np

try:
    import torch
except ImportError:
    torch = None

SAFETENSORS = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4", "I32": "<i4",
    "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}


def number(value):
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not np.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value


def described(name, array):
    values = [number(value) for value in array.flatten(order="C")]
    return {"name": name, "dtype": str(array.dtype), "shape": list(array.shape), "values": values}


def case(name, kind, data, arrays):
    described_arrays = [described(key, np.asarray(array)) for key, array in arrays.items()]
    return {
        "name": name,
        "format": kind,
        "bytes": base64.b64encode(data).decode("ascii"),
        "arrays": described_arrays,
    }


def npy(array, version=None):
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(buffer, array, version=version)
    return buffer.getvalue()


class Pipe(io.BytesIO):
    """A stream that cannot go back, so that an archive's sizes come behind its entries."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


def streamed(arrays, save):
    buffer = Pipe()
    save(buffer, **arrays)
    return buffer.getvalue()


def npz(arrays, save):
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def safetensors(arrays):
    names = {np.dtype(code): name for name, code in SAFETENSORS.items()}
    header, data = {}, b""
    for name, array in arrays.items():
        content = np.ascontiguousarray(array).tobytes()
        entry = {"dtype": names[array.dtype], "shape": list(array.shape)}
        entry["data_offsets"] = [len(data), len(data) + len(content)]
        header[name] = entry
        data += content
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def sample(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([[True, False, True], [False, False, True]])
    if dtype.kind == "f":
        values = [0.5, -0.0, np.inf, -np.inf, np.nan, float(np.finfo(dtype).tiny)]
        return np.array(values, dtype=dtype).reshape(2, 3)
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**31)), min(info.max, 2**31 - 1)
    return np.array([low, low + 1, 0, 1, high - 1, high], dtype=dtype).reshape(2, 3)


def make():
    cases = []
    for code in ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
        array = sample(code)
        cases.append(case(f"{code} C", "npy", npy(array), {"": array}))
        cases.append(case(f"{code} Fortran", "npy", npy(np.asfortranarray(array)), {"": array}))
        if array.itemsize > 1:
            big = array.astype(array.dtype.newbyteorder(">"))
            cases.append(case(f"{code} big-endian", "npy", npy(big), {"": array}))
            order = npy(np.asfortranarray(big))
            cases.append(case(f"{code} big-endian Fortran", "npy", order, {"": array}))
    shapes = {
        "0-d": np.array(2.5),
        "without elements": np.zeros((3, 0, 2)),
        "one element": np.ones((1,)),
        "five dimensions": np.arange(24.0).reshape(1, 2, 3, 4, 1),
        "five dimensions, Fortran": np.asfortranarray(np.arange(24.0).reshape(1, 2, 3, 4, 1)),
        "a view": np.arange(24.0).reshape(4, 6)[::2, 1::2],
    }
    for name, array in shapes.items():
        for version in [(1, 0), (2, 0), (3, 0)]:
            title = f"{name}, version {version[0]}"
            cases.append(case(title, "npy", npy(array, version), {"": array}))
    arrays = {"x": sample("f4"), "y": np.asfortranarray(sample("i8")), "é/z": np.array(True), "": np.ones(2)}
    with_default = {**arrays, "arr_0": np.arange(3)}
    del with_default[""]
    cases.append(case("savez", "npz", npz(with_default, np.savez), with_default))
    cases.append(case("savez_compressed", "npz", npz(with_default, np.savez_compressed), with_default))
    cases.append(case("savez, streamed", "npz", streamed(with_default, np.savez), with_default))
    compressed = streamed(with_default, np.savez_compressed)
    cases.append(case("savez_compressed, streamed", "npz", compressed, with_default))
    flat = {"zeros": np.zeros(5000)}
    cases.append(case("well compressed", "npz", npz(flat, np.savez_compressed), flat))
    all_types = {code: sample(code) for code in SAFETENSORS.values()}
    cases.append(case("all types", "safetensors", safetensors(all_types), all_types))
    if torch is not None:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
        state = {name: x.numpy() for name, x in model.state_dict().items()}
        cases.append(case("a PyTorch model", "safetensors", safetensors(state), state))
    for entry in cases:
        print(json.dumps(entry, ensure_ascii=True, separators=(",", ":")))


def read_safetensors(data):
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + at for at in entry["data_offsets"])
        if entry["dtype"] == "BF16":
            if torch is None:
                continue
            flat = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.bfloat16)
            array = flat.float().numpy()
        else:
            array = np.frombuffer(data[begin:end], dtype=SAFETENSORS[entry["dtype"]])
            if torch is not None and entry["dtype"] in ("F32", "F16", "F64", "I32") and end > begin:
                dtype = getattr(torch, str(array.dtype))
                other = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).numpy()
                np.testing.assert_array_equal(other, array)
        arrays[name] = array.reshape(entry["shape"])
    return arrays


def check():
    checked = 0
    for line in sys.stdin:
        entry = json.loads(line)
        data = base64.b64decode(entry["bytes"])
        if entry["format"] == "npy":
            arrays = {"": np.load(io.BytesIO(data), allow_pickle=False)}
        elif entry["format"] == "npz":
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        else:
            arrays = read_safetensors(data)
        for expected in entry["arrays"]:
            array = arrays.pop(expected["name"])
            assert list(array.shape) == expected["shape"], (entry["name"], array.shape)
            assert str(array.dtype) == expected["dtype"], (entry["name"], array.dtype)
            values = [float(value) for value in expected["values"]]
            np.testing.assert_array_equal(
                array.flatten(order="C").astype("f8"), np.array(values), err_msg=entry["name"]
            )
            checked += 1
        assert not arrays, (entry["name"], sorted(arrays))
    version = "" if torch is None else f" and PyTorch {torch.__version__}"
    print(f"{checked} arrays read by NumPy {np.__version__}{version}")


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]]()
