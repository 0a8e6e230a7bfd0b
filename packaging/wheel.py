#!/usr/bin/env python3
"""Writes the wheel of python/: the package, libcmemprof.so and the program cmemprof.

usage: wheel.py VERSION PROGRAM LIBRARY FOLDER; run by make wheel. Prints the wheel's path.

One for all versions of CPython 3, since what differs between them is known to libcmemprof.so. The tag is linux_MACHINE, not manylinux: the
program is linked to libraries of the system's (libcurl and what NEEDS lists), which that does not allow. The same input gives the same bytes
(SOURCE_DATE_EPOCH).
"""

import base64
import hashlib
import os
import platform
import re
import struct
import subprocess
import sys
import time
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
METADATA = """Metadata-Version: 2.1
Name: cmemprof
Version: {version}
Summary: A memory and CPU profiler for programs in Python and C
License: {license}
Requires-Python: >=3.8
Description-Content-Type: text/markdown

The program in this wheel needs glibc {glibc} or newer and, of the system, {needs}. docs/python.md of the sources is the manual.
"""
WHEEL = """Wheel-Version: 1.0
Generator: packaging/wheel.py ({version})
Root-Is-Purelib: false
Tag: {tag}
"""
ENTRY_POINTS = """[console_scripts]
cmemprof-run = cmemprof.run:main
"""


def machine_of(path):
    """The name of the machine that the program is for, as platform.machine() has it there."""
    with open(path, "rb") as file:
        return {62: "x86_64", 183: "aarch64"}[struct.unpack_from("<H", file.read(20), 18)[0]]


def tool(name, path):
    """Another machine's files are for the tools of its cross compiler."""
    return name if machine_of(path) == platform.machine() else "%s-linux-gnu-%s" % (machine_of(path), name)


def stripped(path):
    """The content without debug data."""
    out = os.path.join(os.path.dirname(path), ".wheel." + os.path.basename(path))
    try:
        subprocess.run([tool("strip", path), "--strip-debug", "-o", out, path], check=True)
        with open(out, "rb") as file:
            return file.read()
    finally:
        if os.path.exists(out):
            os.unlink(out)


def needs(path):
    """Names of the libraries that the program is linked to, but for glibc's, and the newest glibc that it asks for."""
    headers = subprocess.run([tool("objdump", path), "-p", path], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    libraries = sorted(name for name in re.findall(r"NEEDED +(\S+)", headers) if not re.match(r"lib(c|m|dl|pthread)\.so", name))
    versions = [tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([0-9.]+)", headers)]
    return libraries, ".".join(map(str, max(versions)))


def license_of():
    with open(os.path.join(ROOT, "LICENSE"), encoding="utf-8") as file:
        text = file.read()
    return "Apache-2.0" if "Apache License" in text else text.strip().splitlines()[0]


def package_files():
    """(name in the wheel, path), in order."""
    found = []
    folder = os.path.join(ROOT, "python")
    for at, _, names in os.walk(os.path.join(folder, "cmemprof")):
        found += [os.path.join(at, name) for name in names if name.endswith(".py")]
    return [(os.path.relpath(path, folder), path) for path in sorted(found)]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(version, program, library, folder):
    tag = "py3-none-linux_%s" % machine_of(program)
    info = "cmemprof-%s.dist-info/" % version
    libraries, glibc = needs(program)
    values = {"version": version, "license": license_of(), "needs": ", ".join(libraries), "glibc": glibc, "tag": tag}
    members = [(name, read(path), 0o644) for name, path in package_files()]
    members += [("cmemprof/bin/cmemprof", stripped(program), 0o755), ("cmemprof/bin/libcmemprof.so", stripped(library), 0o755)]
    members += [(info + "licenses/" + name, read(os.path.join(ROOT, name)), 0o644) for name in ("LICENSE", "THIRD_PARTY_LICENSES")]
    for name, text in (("METADATA", METADATA), ("WHEEL", WHEEL), ("entry_points.txt", ENTRY_POINTS)):
        members.append((info + name, text.format(**values).encode(), 0o644))
    record = ""
    for name, content, _ in members:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (name, digest, len(content))
    members.append((info + "RECORD", (record + info + "RECORD,,\n").encode(), 0o644))
    made = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())), 315532800))[:6]  # zip begins in 1980
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "cmemprof-%s-%s.whl" % (version, tag))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content, mode in members:
            member = zipfile.ZipInfo(name, made)
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(member, content)
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
