"""What the runs against real hio peers share: memos that both sides can make, children that print JSON lines, cases."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

SEED = "11" * 32
HERE = os.path.dirname(os.path.abspath(__file__))


def memo_text(number, length):
    """Memo `number`: the first `length` characters of SHA-256 hex of "number:0", "number:1", … joined."""
    blocks = range((length + 63) // 64)
    return "".join(hashlib.sha256(f"{number}:{block}".encode()).hexdigest() for block in blocks)[:length]


def expected(sizes):
    return [(n, hashlib.sha256(memo_text(i, n).encode()).hexdigest()) for i, n in enumerate(sizes)]


def memo_words(folder, number, size):
    """The words that give memo `number` to memo-peer: in themselves, or in a file where they would be too long."""
    if size <= 5000:
        return ["--memo", memo_text(number, size)]
    path = os.path.join(folder, f"memo-{number}.txt")
    with open(path, "w") as file:
        file.write(memo_text(number, size))
    return ["--file", path]


class Peer:
    """A child whose standard output is JSON lines."""

    def __init__(self, *words):
        self.words = [str(w) for w in words]
        self.events, self.changed = [], threading.Condition()
        self.child = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors = []
        self.threads = [threading.Thread(target=self.read, daemon=True), threading.Thread(target=self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def read_errors(self):
        self.errors = self.child.stderr.read().splitlines()

    def wait_for(self, event, seconds=20):
        deadline = time.monotonic() + seconds
        with self.changed:
            while not any(e["event"] == event for e in self.events):
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(left) and self.child.poll() is not None:
                    raise RuntimeError(f"no {event} from {' '.join(self.words)}: {self.errors[-5:]}")
            return next(e for e in self.events if e["event"] == event)

    def end(self, seconds=60):
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = "timed out"
        for thread in self.threads:
            thread.join(5)
        return status

    def stop(self):
        self.child.kill()
        self.end()

    def memos(self):
        return [(e["length"], e["sha256"]) for e in self.events if e["event"] == "memo"]

    def vids(self):
        return {e.get("vid") for e in self.events if e["event"] == "memo"}

    def outcomes(self):
        return [e["result"] for e in self.events if e["event"] == "outcome"]


def tried(run, case):
    """What went wrong with this case, or None; it has a folder of its own for as long as it runs."""
    folder = tempfile.mkdtemp(prefix="memo-")
    began = time.monotonic()
    try:
        problem = run(case, *sys.argv[1:3], folder)
    except Exception as error:  # a peer that does not come up is a failure, not the end
        problem = repr(error)
    shutil.rmtree(folder, ignore_errors=True)
    name = " ".join([run.__name__.replace("_", " "), *(str(value) for value in case.values())])
    mark = "ok  " if problem is None else "FAIL"
    print(f"{mark} {time.monotonic() - began:5.1f} s  {name}  {problem or ''}", flush=True)
    return problem


def run_all(cases, together, alone=lambda run, case: False):
    """Runs the cases and ends the process: `together` of them at a time, and one by one those that must be alone."""
    only, started = sys.argv[4:], time.monotonic()
    cases = [(run, case) for run, case in cases
             if all(word in [*run.__name__.split("_"), *map(str, case.values())] for word in only)]
    with ThreadPoolExecutor(together) as pool:
        problems = list(pool.map(lambda one: tried(*one), [one for one in cases if not alone(*one)]))
    problems += [tried(*one) for one in cases if alone(*one)]
    failed = sum(problem is not None for problem in problems)
    print(f"{len(problems) - failed} passed, {failed} failed, in {time.monotonic() - started:.0f} s")
    sys.exit(1 if failed or not problems else 0)
