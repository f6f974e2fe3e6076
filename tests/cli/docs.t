#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The documents: every command is tested, every file and link exists, outputs are real.

How a block of commands says how it is tested stands in tests/lib/docs.py. With --update the
outputs of replays are written into the documents.
"""

import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
os.chdir(ROOT)
sys.path.insert(0, os.path.join(ROOT, "tests/lib"))
import docs  # pylint: disable=wrong-import-position

UPDATE = sys.argv[1:] == ["--update"]
ENV = dict(os.environ, PATH=f"{ROOT}/build:{os.environ['PATH']}", LC_ALL="C.UTF-8", MAKEFLAGS="")

# Commands in the text, and their tests.
IN_TEXT = {
    r"make( (all|test|lint|help|demo|bench|setup|test-debug|test-packages))?": "make test",
    r"make (test-)?upstream( KERNEL=\S+)?|make bench PROFILE=\S.*": "by hand",
    r"make && tests/run NAME": "make test",
    r"make (install(-\w+)?( KERNEL=\S+)?|uninstall|KDIR=\S+)": "below, and tests/cli/install.t",
    r"make (SANITIZE=|fuzz-tools( SECONDS=\d+)?)|\S+/fuzz/\S+ \S+.*": "by hand",
    r"make -C \$\(KDIR\) M=\$PWD/kernel": "tests/vm/modules.t",
    r"make -C \$KDIR M=\$PWD/kernel": "tests/cli/kernels.t",
    r"make( test)? KERNEL=\S+|make (matrix|cross)|scripts/kernel (NAME|--list)":
        "downloads kernels",
    r"man \S+": "the page exists",
    r"tests/run( .*)?": "runs this file",
    r"tests/packages/run \w+": "make test-packages runs it without a release",
    r"tests/vm/run( .*)?": "runs all tests of the guest",
    r"tests/vm/bind( .*)?": "binds devices in many tests",
    r"scripts/lint( .*)?": "tests/cli/lint-faults.t",
    r"scripts/layers( .*)?": "tests/cli/lint-faults.t",
    r"clang-format-19 -i \S+": "tests/cli/lint-faults.t",
    r"modprobe -a iommufd vfio-pci": "tests/vm/run loads the modules, from build/",
    r"modprobe (-r )?vfio-pci( vfio_iommu_type1 iommufd)?": "tests/vm/serve unloads the modules",
    r"(iosnoop|iommutop|iopolicy)( -\S+| --\S+)*": "tests/cli/NAME.t knows the options",
    r"iosnoop -e all": "vm/iosnoop-events",
    r"(iosnoop|iommutop)( --?[a-z-]+( [A-Z0-9][A-Za-z0-9:./]*)*)+": "the same, with values",
    r"iopolicy \w+( .*)?": "tests/cli/iopolicy.t",
}
PROGRAMS = r"(make|man|iosnoop|iommutop|iopolicy|modprobe|insmod|git|bpftool|bpftrace|perf)( |$)|" \
           r"((tests|scripts|build)/\S+|clang\S*) \S"
# Only some commands make these.
MADE = ("build/tests/log/", "build/fuzz/", "build/conformance/", "build/lint/", "build/packages")
NOT_OURS = ("guard", "__free", "IOMMUFD_KNOB")  # of the kernel, and of the past
FOLDERS = r"(kernel|include|bpf|tools|tests|scripts|docs|man|vfio|build|\.ci)/"

points = failures = 0


def point(good, name, *why):
    """A test point."""
    global points, failures
    points += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {points} - {name}")
    if not good:
        for line in "\n".join(str(w) for w in why).split("\n"):
            print(f"# {line}")


def run(command, **options):
    """The finished process of a command of a shell."""
    return subprocess.run(["bash", "-c", command], text=True, capture_output=True, env=ENV,
                          timeout=1200, check=False, **options)


def anchors(path):
    """The anchors of a document, which follow # in a link."""
    _, text = docs.blocks(path)
    heads = (re.match(r"#+ (.*)", line) for _, line in text)
    return {re.sub(r"[^\w\- ]", "", h.group(1).lower()).replace(" ", "-") for h in heads if h}


def exists(name):
    """Whether there is a file of this name, in which NAME, * and {a,b} stand for anything."""
    name = re.sub(r"\b[A-Z]{2,}[A-Z_]*\b(?!\.md)", "*", name)
    name = re.sub(r"\{[^}]*\}", "*", name)
    return bool(glob.glob(name.rstrip("/")))


def is_function(name):
    """Whether the source has a function or macro of this name, in which NAME stands for any."""
    name = re.sub(r"[A-Z]{4,}$|(?<=_)[A-Z]{4,}(?=_)|^object|verb$", r"\\w+", name)
    return name in NOT_OURS or re.search(rf"^{name}$", words, re.M)


def check_text(path):
    """Links, file names and commands outside of blocks."""
    found, text = docs.blocks(path)
    lost, dangling, untested = [], [], []
    for number, line in text:
        for target in re.findall(r"\]\(([^)]+)\)", line):
            file, _, anchor = target.partition("#")
            if re.match(r"https?:", target):
                continue
            file = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            if not os.path.exists(file) or (anchor and anchor not in anchors(file)):
                dangling.append(f"{path}:{number}: {target}")
        for code in re.findall(r"(?<!`)`([^`]+)`", line):
            if re.match(PROGRAMS, code) and not any(re.fullmatch(p, code) for p in IN_TEXT):
                untested.append(f"{path}:{number}: {code}")
            elif re.match(FOLDERS, code) and " " not in code:
                if not code.startswith(MADE) and not exists(code):
                    lost.append(f"{path}:{number}: {code}")
            elif re.fullmatch(r"\w+\(\)", code) and not is_function(code[:-2]):
                lost.append(f"{path}:{number}: {code}")
            elif re.match(r"man ", code) and not exists(f"man/{code[4:]}.[1-9]*") and \
                    not exists(f"build/man/{code[4:]}.[1-9]"):
                lost.append(f"{path}:{number}: {code}")
    point(not dangling, f"{path}: links lead somewhere", *dangling)
    point(not lost, f"{path}: files that it names exist", *lost)
    point(not untested, f"{path}: commands in the text are known here", *untested)
    bare = [str(b) for b in found if b.language in ("sh", "console") and
            not re.match(r"test: (host|guest|replay \S+|packages \w+|none: .+)$", b.test or "")]
    point(not bare, f"{path}: each block of commands says how it is tested", *bare)
    return found


def check_replay(block):
    """Compare the outputs in a block with those of a replay."""
    recording = block.test.split()[-1]
    for command, want in block.outputs():
        words = shlex.split(command)
        replay = shlex.join([f"build/{words[0]}", "--replay", recording] + words[1:])
        got = run(replay).stdout.rstrip("\n").split("\n")
        if UPDATE:
            text = open(block.path, encoding="utf-8").read()
            old = "\n".join(["$ " + command] + want)
            new = "\n".join(["$ " + command] + got)
            assert old in text
            with open(block.path, "w", encoding="utf-8") as file:
                file.write(text.replace(old, new))
        point(got == want, f"{block}: {command}: prints the text of the document", replay, *got)


def check_excerpt(block):
    """The lines of a block stand in its file, in this order."""
    with open(block.test.split()[-1], encoding="utf-8") as file:
        lines = iter([line.strip() for line in file])
    missing = [line for line in (text.strip() for text in block.lines)
               if line not in ("", "...") and not any(line == other for other in lines)]
    point(not missing, f"{block}: is an excerpt of {block.test.split()[-1]}", *missing[:1])


words = set()  # of the source, for names of functions
for folder in ("kernel", "include", "bpf", "tools", "tests"):
    for source in glob.glob(f"{folder}/**/*.[ch]", recursive=True):
        with open(source, encoding="utf-8") as file:
            words.update(re.findall(r"\w+", file.read()))
words = "\n".join(words)

with tempfile.TemporaryDirectory() as scratch:
    ENV["DESTDIR"] = scratch
    for document in docs.DOCUMENTS:
        for one in check_text(document):
            if (one.test or "").startswith("test: replay"):
                check_replay(one)
            elif one.test == "test: host":
                for order in one.commands():
                    done = run(order)
                    point(done.returncode == 0, f"{one}: {order}", done.stderr[-2000:])
            elif (one.test or "").startswith("from "):
                check_excerpt(one)
    run("make uninstall")
    left = [name for _, _, files in os.walk(scratch) for name in files]
    point(not left, "make uninstall removes every file that make install has installed", *left)
programs = ""
for program in glob.glob("tests/packages/*"):
    with open(program, encoding="utf-8") as file:
        programs += file.read()
named = set(docs.package_blocks())
runs = set(re.findall(r"\bdocument (\w+)", programs))
point(named and named <= runs, "tests/packages runs the blocks that are for it",
      *sorted(named - runs))
with open("README.md", encoding="utf-8") as readme:
    length = len(readme.readlines())
point(length <= 150, "README.md has at most 150 lines", length)

with open("docs/layers.txt", encoding="utf-8") as file:
    layers = re.search(r"^kernel/\n((\t.*\n)+)", file.read(), re.M).group(1)
layers = [line.split()[0] for line in layers.splitlines()]
with open("docs/architecture.md", encoding="utf-8") as file:
    shown = re.findall(r"^\| \[(\w+)\]\(../kernel/", file.read(), re.M)
point(shown + ["mock"] == layers, "docs/architecture.md has the folders of docs/layers.txt", shown)

pages = {os.path.basename(p).removesuffix(".in") for p in docs.MANUALS + glob.glob("build/man/*")}
for manual in docs.MANUALS:
    with open(manual, encoding="utf-8") as file:
        refs = re.findall(r"^\.Xr (io\S+) (\d)", file.read(), re.M)
    gone = sorted({f"{name}({sec})" for name, sec in refs if f"{name}.{sec}" not in pages})
    point(not gone, f"{manual}: our pages that it refers to exist", *gone)
print(f"1..{points}")
sys.exit(failures != 0)
