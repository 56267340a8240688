"""Imported first by the scripts in this folder: lets torch load without NVIDIA's libraries."""

import ctypes
import os
import pathlib
import sys

# Functions are then looked up when they are called, and the stand-ins' never are.
sys.setdlopenflags(os.RTLD_LAZY)
for path in sorted(pathlib.Path(os.environ["UNDERSTUDY_STAND_INS"]).iterdir()):
    # The loader takes a library that is loaded already for every later one of its name.
    ctypes.CDLL(str(path), mode=os.RTLD_LAZY)
