# SPDX-License-Identifier: GPL-2.0-only
"""The tests, and the settings of each in its opening comment.

    vm: OPTIONS         the machine of a guest test: options for tests/vm/run; can be repeated
    also NAME: OPTIONS  run the program in a second machine, too, as the test PROGRAM-NAME
    alone: REASON       a guest test that must not share its boot with others
    before: COMMAND     run this on the host first; status 77 skips the test, with the last line
                        of stderr as the reason
    timeout: SECONDS    when to give up (default: TIMEOUT, or that of tests/run --timeout)
    takes: SECONDS      about how long it takes on an idle machine, to start long ones first

In C the lines begin with " * ", in scripts with "# ".
"""
import fnmatch
import glob
import os
import re
import shlex

TIMEOUT = 1800
LINE = re.compile(r'^(?: \*|#) (vm|also [a-z0-9-]+|alone|before|timeout|takes): *(.*)$')


class Test:
    """A test: a command, and where and how it is run."""

    def __init__(self, area, name, command):
        self.area = area            # unit, cli or vm
        self.name = name
        self.command = command
        self.timeout = TIMEOUT
        self.takes = {'unit': 1, 'cli': 1, 'vm': 2}[area]
        self.before = []
        self.alone = ''
        # Of guest tests:
        self.machine = ()           # options for tests/vm/run
        self.modules = 'nomock'     # all, nomock or none
        self.preempt = ''
        self.warning = ''

    def __str__(self):
        return f'{self.area}/{self.name}'

    def apply(self, options):
        """Take the options that a running machine can change, keep the rest."""
        words = shlex.split(' '.join(options))
        rest = []
        while words:
            word = words.pop(0)
            value = words[0] if words else ''
            if word == '--mock':
                self.modules = 'all'
            elif word == '--no-load':
                self.modules = 'none'
            elif word == '--append' and value.startswith('preempt='):
                self.preempt = words.pop(0).split('=')[1]
            elif word == '--warning':
                self.warning = words.pop(0)
            elif word == '--timeout':
                self.timeout = int(words.pop(0))
            else:
                rest.append(word)
        self.machine = tuple(rest)


def header(path):
    """The lines of the opening comment as (key, value)."""
    found = []
    with open(path, encoding='utf-8') as source:
        for line in source:
            if not line.startswith(('#!', '//', '/*', ' *', '#', '\n')) or ' */' in line:
                break
            match = LINE.match(line)
            if match:
                found.append((match[1], match[2].strip()))
    return found


def describe(area, name, command, path):
    """The tests of one source file: one, and one more for each "also" line."""
    lines = header(path)
    variants = {'': [value for key, value in lines if key == 'vm']}
    for key, value in lines:
        if key.startswith('also '):
            variants.setdefault(key[5:], []).append(value)
    tests = []
    for variant, options in variants.items():
        test = Test(area, f'{name}-{variant}' if variant else name, command)
        test.before = [value for key, value in lines if key == 'before']
        for key, value in lines:
            if key == 'alone':
                test.alone = value
            elif key == 'timeout':
                test.timeout = int(value)
            elif key == 'takes':
                test.takes = int(value)
        test.apply(options)
        tests.append(test)
    return tests


def all_tests():
    """Every test in the tree. Unit tests exist when they are built."""
    tests = []
    for path in sorted(glob.glob('tests/unit/unit-*.c')):
        name = os.path.basename(path)[:-2]
        program = f'build/tests/{name}'
        if os.path.exists(program):
            tests += describe('unit', name, [program], path)
    for path in sorted(glob.glob('tests/cli/*.t')):
        tests += describe('cli', os.path.basename(path)[:-2], [path], path)
    for path in sorted(glob.glob('tests/vm/*.[ct]') + glob.glob('tests/fuzz/*.c')):
        prefix = 'fuzz-' if path.startswith('tests/fuzz/') else ''
        name = prefix + os.path.basename(path)[:-2]
        command = [path if path.endswith('.t') else f'build/tests/{name}']
        tests += describe('vm', name, command, path)
    return tests


def faulty_tests():
    """Tests that fail, to test tests/run with."""
    tests = []
    for path in sorted(glob.glob('tests/harness/faults/*.t')):
        tests += describe('vm', os.path.basename(path)[:-2], [path], path)
    return tests


def select(tests, wanted):
    """The tests that a command line names: by name, AREA/NAME, file or pattern."""
    chosen = []
    for word in wanted:
        short = re.sub(r'^(\./)?(tests|build/tests)/', '', word)
        short = re.sub(r'\.[ct]$', '', short)
        hits = [t for t in tests if short in (t.name, str(t)) or
                fnmatch.fnmatch(t.name, word) or fnmatch.fnmatch(str(t), word)]
        if not hits:
            raise LookupError(word)
        chosen += [t for t in hits if t not in chosen]
    return chosen
