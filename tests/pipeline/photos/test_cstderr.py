"""C's own stream, turned aside for the time of a call, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.running import ROOT

BEGINNING = """
import ctypes, os, sys
from pipeline.photos.cstderr import capture_c_stderr
c = ctypes.CDLL(None)
def complain(text):
    stream = ctypes.c_void_p.in_dll(c, "stderr")
    c.fputs(text, stream)
"""


def said(code: str) -> tuple[str, str]:
    """What a program prints, on both its streams."""
    command = [sys.executable, "-c", BEGINNING + code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.stdout, done.stderr


def test_each_call_is_printed_alone():
    code = """
for text in (b"a long complaint", b"", b"short", b"x" * 100_000):
    _, printed = capture_c_stderr(lambda: complain(text))
    assert printed == text, printed
print(capture_c_stderr(lambda: 5))
complain(b"printed as usual")
"""
    assert said(code) == ("(5, b'')\n", "printed as usual")


def test_what_others_print_meanwhile_is_not_taken_along():
    code = """
def call():
    complain(b"printed")
    print("a bar", end="", file=sys.stderr, flush=True)
    os.write(2, b" and a crash")
print(capture_c_stderr(call)[1])
"""
    assert said(code) == ("b'printed'\n", "a bar and a crash")


@pytest.mark.parametrize("ending", ["raise ValueError", "raise KeyboardInterrupt"])
def test_after_an_exception_all_is_as_before(ending):
    code = f"""
def call():
    complain(b"lost with the call")
    {ending}
try:
    capture_c_stderr(call)
except BaseException:
    complain(b"later")
print(capture_c_stderr(lambda: complain(b"new"))[1])
"""
    assert said(code) == ("b'new'\n", "later")


def test_a_process_that_is_forked_off_hears_for_itself():
    code = """
capture_c_stderr(lambda: complain(b"before"))
if (child := os.fork()) == 0:
    print(capture_c_stderr(lambda: complain(b"child"))[1], flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(capture_c_stderr(lambda: complain(b"parent"))[1])
"""
    assert said(code) == ("b'child'\nb'parent'\n", "")
