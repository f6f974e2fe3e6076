# SPDX-License-Identifier: GPL-2.0-only
"""Read the output of a test (TAP) and judge it."""
import re

PLAN = re.compile(r'^1\.\.(\d+)(?:\s*#\s*skip\b\s*(.*))?', re.IGNORECASE)
POINT = re.compile(r'^(not )?ok\b(?: +(\d+))?(.*)')
SKIP = re.compile(r'# *skip\b', re.IGNORECASE)
TODO = re.compile(r'# *todo\b', re.IGNORECASE)


class Outcome:
    """How many points passed, failed and were skipped, and errors of the whole output."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.wrong = []         # reasons why the test fails as such
        self.notes = []         # lines of failed points, and of skipped ones
        self.skips = []

    @property
    def failures(self):
        return self.failed + bool(self.wrong)


def judge(text, status):
    """Judge the output of a test that ended with this exit status (None: unknown)."""
    out = Outcome()
    plan = None
    number = 0
    all_skipped = False
    failing = False
    for line in text.splitlines():
        point = POINT.match(line)
        if line.startswith('#'):
            if failing:
                out.notes.append(line)
            continue
        failing = False
        if point:
            number += 1
            if point[2] and int(point[2]) != number and not out.wrong:
                out.wrong.append(f'test {point[2]} where test {number} was due')
            if SKIP.search(point[3]) or (point[1] and TODO.search(point[3])):
                out.skipped += 1
                out.skips.append(line)
            elif point[1]:
                out.failed += 1
                out.notes.append(line)
                failing = True
            else:
                out.passed += 1
        elif PLAN.match(line):
            if plan is not None:
                out.wrong.append('two plans')
            plan = int(PLAN.match(line)[1])
            reason = PLAN.match(line)[2]
            if reason is not None and plan == 0:
                all_skipped = True
                out.skips.append(line)
        elif line.startswith('Bail out!'):
            out.wrong.append(line)
    if all_skipped:
        out.skipped += 1
    if not out.wrong:
        if plan is None:
            out.wrong.append('no plan: the test ended early')
        elif plan != number:
            out.wrong.append(f'planned {plan} tests, {number} came')
        elif number == 0 and not all_skipped:
            out.wrong.append('no tests in it')
    if status and (status > 1 or not out.failed):
        out.wrong.append(f'ended with status {status}')
    return out
