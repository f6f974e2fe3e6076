#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The contents of the documents, for tests/cli/docs.t and tests/vm/docs.t.

A block of commands in a Markdown file has a comment on the line before it that says how it is
tested:

  <!-- test: host -->          each command runs on this machine, with DESTDIR set
  <!-- test: guest -->         each command runs in the guest, see tests/vm/docs.t
  <!-- test: replay FILE -->   as "guest", and the output is compared with a replay of FILE
  <!-- test: packages NAME --> the programs in tests/packages run it, by its name
  <!-- test: none: REASON -->  not run

In a block "sh" each line is a command, in a block "console" each line after "$ ". The EXAMPLES of
manual pages run in the guest; each display there is one script. A block "c" with
<!-- from FILE --> before it is an excerpt of FILE: its lines stand there in this order.

usage: tests/lib/docs.py guest          print the commands for the guest: NAME NUL SCRIPT NUL ...
       tests/lib/docs.py packages       print the names of the blocks for tests/packages
       tests/lib/docs.py packages NAME  print the lines of one of them
"""

import glob
import re
import shlex
import sys

DOCUMENTS = sorted(glob.glob("*.md") + glob.glob("docs/*.md"))
MANUALS = sorted(glob.glob("man/*.[1-9]") + glob.glob("man/*.[1-9].in"))


class Block:
    """A fenced block: its language, the annotation before it, and its lines."""

    def __init__(self, path, number, language, test):
        self.path, self.number, self.language, self.test = path, number, language, test
        self.lines = []

    def commands(self):
        """Its commands, without comments; a backslash at the end continues a command."""
        lines = self.lines
        if self.language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        text = "\n".join(lines).replace("\\\n", " ")
        commands = (re.sub(r"\s+#\s.*$", "", line).strip() for line in text.split("\n"))
        return [c for c in commands if c and not c.startswith("#")]

    def outputs(self):
        """[(command, output lines), ...] of a block "console"."""
        result = []
        for line in self.lines:
            if line.startswith("$ "):
                result.append((line[2:], []))
            elif result:
                result[-1][1].append(line)
        return result

    def __str__(self):
        return f"{self.path}:{self.number}"


def blocks(path):
    """The fenced blocks of a document, and the text outside of them as [(number, line)]."""
    found, text, current, before = [], [], None, ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("```"):
                if current:
                    found.append(current)
                    current = None
                else:
                    match = re.match(r"<!-- (.*) -->$", before)
                    current = Block(path, number, line[3:].strip(), match and match.group(1))
            elif current:
                current.lines.append(line)
            else:
                text.append((number, line))
            before = line
    return found, text


def is_whole(command):
    """Whether the command ends here: no open quote, no backslash at the end."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith("\\")


def without_output(display):
    """The commands of a display: the lines after a prompt, and their continuation lines."""
    commands = []
    for line in display:
        if re.match(r"[#$] ", line):
            commands.append(line[2:])
        elif commands and not is_whole(commands[-1]):
            commands[-1] += "\n" + line
    return "\n".join(commands)


def manual_examples(path):
    """The scripts in a manual page: one-line displays, and displays in EXAMPLES."""
    section, display, scripts = "", None, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n").replace("\\&", "").replace("\\e", "\\")
            if line.startswith(".Sh "):
                section = line[4:]
            elif line.startswith(".Dl "):
                scripts.append(re.sub(r"^[#$] ", "", line[4:]))
            elif line.startswith(".Bd "):
                display = [] if section == "EXAMPLES" else None
            elif line.startswith(".Ed"):
                scripts.append(without_output(display or []))
                display = None
            elif display is not None:
                display.append(line)
    return [script for script in scripts if script]


def guest_scripts():
    """(name, script) of all that the guest runs."""
    for path in DOCUMENTS:
        for block in blocks(path)[0]:
            if block.test and re.match(r"test: (guest|replay)", block.test):
                yield from ((str(block), command) for command in block.commands())
    for path in MANUALS:
        # tests/man-example has the commands of this page.
        if path != "man/iommufd-policy.7":
            yield from ((path, script) for script in manual_examples(path))


def package_blocks():
    """The blocks that tests/packages runs, by their names."""
    found = {}
    for path in DOCUMENTS:
        for block in blocks(path)[0]:
            match = re.match(r"test: packages (\w+)$", block.test or "")
            if match and match.group(1) in found:
                sys.exit(f"{block} and {found[match.group(1)]} have the same name")
            if match:
                found[match.group(1)] = block
    return found


def main():
    """Print what the command line says."""
    if sys.argv[1:] == ["guest"]:
        for name, script in guest_scripts():
            sys.stdout.write(f"{name}\0{script}\0")
    elif sys.argv[1:] == ["packages"]:
        print("\n".join(package_blocks()))
    elif len(sys.argv) == 3 and sys.argv[1] == "packages":
        if sys.argv[2] not in package_blocks():
            sys.exit(f"no document has a block '{sys.argv[2]}' for tests/packages")
        print("\n".join(package_blocks()[sys.argv[2]].lines))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
