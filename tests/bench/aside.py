"""Measures decoding alone, importing, and the memory of calls that are kept.

Run as ``python -m tests.bench.aside decode|keep ...`` in a fresh process for each.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .clients import LABELS
from .generated_clients import OPENAPI_GENERATOR, STOCK, pydantic_model
from .memory import memory
from .processes import Processes, WorkerError
from .results import KEEPERS
from .run import Run
from .sample import TURNS, call_id, envelope

IMPORTS = {
    "httpx, attrs and msgspec alone": "import httpx, attrs, msgspec",
    "puretalk_client": "from puretalk_client import AsyncPuretalk",  # it loads its names with the first use of one
    "stock generated client": f"import {STOCK}; from {STOCK}.api.calls import get_call",
}
EXTRA_IMPORTS = {
    LABELS["openai"]: "import openai",
    LABELS["openapi-generator"]: f"import {OPENAPI_GENERATOR}; {OPENAPI_GENERATOR}.CallsApi",
}
# After the import. VmHWM as in memory.py, which would import pathlib.
REPORT = """
import time; cpu = time.process_time()
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(cpu * 1e3, int(peak[0]) / 1024)
"""

Decode = Callable[[bytes], Any]


def bare_msgspec() -> Decode:
    """Return the decoder that is the limit: msgspec into our models, without anything around it."""
    codec = import_module("puretalk_generated.codec")
    decoder = codec.decoder(import_module("puretalk_client.models").CallEnvelope)
    decode: Decode = decoder.decode
    return decode


def ours() -> Decode:
    """Return our decoder, which also reads bodies that do not match the document."""
    decode = import_module("puretalk_client._core.decoding").decode
    model = import_module("puretalk_client.models").CallEnvelope
    return lambda content: decode(content, model)[0]


def stock() -> Decode:
    """Return the decoder of the stock generated client."""
    from_dict = import_module(f"{STOCK}.models.get_call_response_200").GetCallResponse200.from_dict
    return lambda content: from_dict(json.loads(content))


def pydantic() -> Decode:
    """Return pydantic's validation straight from JSON."""
    base = import_module("pydantic").BaseModel
    model = pydantic_model(import_module("puretalk_generated.models").GetCallResponse, base)
    decode: Decode = model.model_validate_json
    return decode


DECODERS = {
    "bare msgspec": bare_msgspec,
    "puretalk_client": ours,
    "stock from_dict(json.loads)": stock,
    "pydantic from JSON": pydantic,
}


def measure_decoding(rounds: int, seconds: float) -> dict[str, dict[int, float]]:
    """Measure microseconds of CPU time by decoder and turns, the order of the decoders rotated."""
    decoders: dict[str, Decode] = {}
    for name, make in DECODERS.items():
        try:
            decoders[name] = make()
        except ImportError:
            continue
    names = list(decoders)
    found: dict[str, dict[int, list[float]]] = {name: {turns: [] for turns in TURNS} for name in names}
    for turns in TURNS:
        body = envelope(turns, call_id(turns, 0))
        for number in range(rounds):
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                found[name][turns].append(time_decoder(decoders[name], body, seconds))
    return {name: {turns: statistics.median(times) for turns, times in rows.items()} for name, rows in found.items()}


def time_decoder(decode: Decode, body: bytes, seconds: float) -> float:
    """Decode for at least ``seconds``; return the microseconds of CPU time for one body."""
    decode(body)
    count, spent, start = 0, 0.0, time.process_time()
    while spent < seconds or not count:
        for _ in range(20):
            decode(body)
        count += 20
        spent = time.process_time() - start
    return spent / count * 1e6


def measure_keeping(decoder: str, count: int) -> float:
    """Return the MiB that ``count`` kept 40-turn calls take."""
    decode = DECODERS[decoder]()
    body = envelope(40, call_id(40, 0))
    decode(body)
    before = memory("VmRSS")
    kept = [decode(body) for _ in range(count)]
    grown = memory("VmRSS") - before
    assert len(kept) == count
    return grown


def measure_decoders(run: Run) -> None:
    """Measure decoding in several processes.

    Where a process happens to have its memory changes a decoder's time by a tenth.
    """
    count, rounds, seconds = (1, 1, 0.001) if run.quick else (7, 3, 0.05)
    runs = [run.processes.module("aside", "decode", str(rounds), str(seconds)) for _ in range(count)]
    run.results.decoding = {
        name: {int(turns): statistics.median(run[name][turns] for run in runs) for turns in times}
        for name, times in runs[0].items()
    }


def measure_kept(run: Run) -> None:
    """Measure the memory of calls that are kept."""
    run.results.kept_count = 200 if run.quick else 10_000
    for decoder in KEEPERS:
        try:
            run.results.kept[decoder] = run.processes.module("aside", "keep", decoder, str(run.results.kept_count))
        except WorkerError as error:
            run.results.notes.append(f"kept calls: {decoder}: {error}")


def measure_all_imports(run: Run) -> None:
    """Measure the imports."""
    run.results.imports = measure_imports(1 if run.quick else 7, run.processes)


def measure_imports(rounds: int, processes: Processes) -> dict[str, tuple[float, float]]:
    """Measure each import: milliseconds of CPU time beyond bare Python's, and MiB of peak memory in all."""
    extras = processes.extras
    statements = {"bare Python": "pass", **IMPORTS, **(EXTRA_IMPORTS if extras else {})}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in statements}
    for number in range(-1, rounds):  # the first round writes the byte code, and does not count
        for name, statement in list(statements.items()):
            # The development environment has click and rich, which httpx imports where it finds them.
            command = [extras or sys.executable, "-c", statement + REPORT]
            try:
                cpu, peak = processes.run(command).split()
            except WorkerError:
                del statements[name], found[name]  # not installed here
                continue
            if number >= 0:
                found[name].append((float(cpu), float(peak)))
    medians = {
        name: (statistics.median(cpu for cpu, _ in rows), statistics.median(peak for _, peak in rows))
        for name, rows in found.items()
    }
    bare = medians["bare Python"][0]
    return {name: (cpu - bare if name != "bare Python" else cpu, peak) for name, (cpu, peak) in medians.items()}


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    if task == "decode":
        result: Any = measure_decoding(int(arguments[0]), float(arguments[1]))
    else:
        result = measure_keeping(arguments[0], int(arguments[1]))
    print(json.dumps(result))
