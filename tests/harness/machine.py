# SPDX-License-Identifier: GPL-2.0-only
"""Where tests run: a guest that tests/vm/run boots and that takes one test after the other, and
this machine itself. tests/vm/serve is the other side of a Guest.

Both have run(test, log), which returns (status, problems): the test's exit status, None when it is
not known, and other errors. log is the beginning of the names of the test's files,
log + '.tap' and so on. cpu() is the processor time, in seconds, that the place has used so far.
"""
import collections
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

# To load modules, undo the changes of a test and write the log, on a busy host.
SLACK = 600
# A guest looks for leaked memory, if its kernel can, when it ends and, because that takes longer
# than most tests, at most so often before.
SCAN_SECONDS = 300

TICKS = os.sysconf('SC_CLK_TCK')


def cpu_seconds(root):
    """The processor time of a process and its descendants, with those that they waited for."""
    children = collections.defaultdict(list)
    ticks = {}
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open(f'/proc/{name}/stat', encoding='utf-8', errors='replace') as stat:
                fields = stat.read().rpartition(')')[2].split()
        except OSError:
            continue
        children[int(fields[1])].append(int(name))
        ticks[int(name)] = sum(int(field) for field in fields[11:15])
    total = 0
    todo = [root]
    while todo:
        pid = todo.pop()
        total += ticks.get(pid, 0)
        todo += children[pid]
    return total / TICKS


def run_counted(command, err):
    """Run it and add its stderr to a file; return its status and its processor time."""
    with open(err, 'ab') as target:
        place = Place()
        place.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=target)
        while not place.ended():
            time.sleep(0.05)
    return place.process.returncode, place.used


class Place:
    """A process, and the processor time of it and those before it."""

    def __init__(self):
        self.process = None
        self.fit = True
        self.used = 0           # by processes that have ended

    def cpu(self):
        if not self.process or self.ended():
            return self.used
        return self.used + cpu_seconds(self.process.pid)

    def ended(self):
        """Reap the process if it has ended. Its times can be read as long as it is a zombie."""
        if self.process.returncode is not None:
            return True
        try:
            if not os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return False
            self.used += cpu_seconds(self.process.pid)
        except ChildProcessError:
            pass                # the end of tests/run has reaped it
        self.process.wait()
        return True

    def wait(self, seconds):
        """Return whether it ended within this time."""
        deadline = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def end(self, patience=5):
        """End it at once."""
        if self.process and not self.ended():
            self.process.terminate()
            if not self.wait(patience):
                self.process.kill()
                self.wait(patience)


class Host(Place):
    """This machine."""

    def run(self, test, log):
        with open(log + '.tap', 'wb') as tap, open(log + '.err', 'ab') as err:
            try:
                self.process = subprocess.Popen(test.command, stdin=subprocess.DEVNULL,
                                                stdout=tap, stderr=err)
            except OSError as error:
                return None, [f'{test.command[0]}: {error.strerror}: run make']
            if not self.wait(test.timeout):
                self.end()
                return None, [f'not done after {test.timeout} s']
            return self.process.returncode, []


class Guest(Place):
    """A virtual machine. It is unfit for further tests once one has left a trace in it."""

    def __init__(self, options, modules):
        super().__init__()
        self.options = options
        self.modules = modules
        self.number = 0
        self.scan_at = time.monotonic() + SCAN_SECONDS
        self.scanned = False    # after the last test
        self.dir = tempfile.mkdtemp(prefix='iommuscope-serve.')
        self.messages = open(os.path.join(self.dir, 'messages'), 'wb+')
        self.process = subprocess.Popen(
            ['tests/vm/run', *options, '--serve', self.dir], stdin=subprocess.DEVNULL,
            stdout=self.messages, stderr=self.messages)

    def boot(self):
        """Wait until it takes orders, or has ended."""
        while not self.ended() and not os.path.exists(os.path.join(self.dir, 'ready')):
            time.sleep(0.05)

    def order(self, **settings):
        """Give the guest its next order; return the folder of the results."""
        self.number += 1
        folder = os.path.join(self.dir, str(self.number))
        os.mkdir(folder)
        with open(os.path.join(folder, 'order.new'), 'w', encoding='utf-8') as order:
            for key, value in settings.items():
                if isinstance(value, list):
                    order.write(f'order_{key}=({shlex.join(value)})\n')
                else:
                    order.write(f'order_{key}={shlex.quote(str(value))}\n')
        os.rename(os.path.join(folder, 'order.new'), os.path.join(folder, 'order'))
        return folder

    def run(self, test, log):
        command = [os.path.abspath(test.command[0]), *test.command[1:]]
        if not os.access(self.built(command[0]), os.X_OK):
            return None, [f'{test.command[0]} is not there or not executable: run make']
        if self.modules:
            command = ['env', f'IOMMUSCOPE_MODULES={self.modules}', *command]
        self.scanned = test.alone or time.monotonic() > self.scan_at
        folder = self.order(name=test.name, command=command, timeout=test.timeout,
                            modules=test.modules, preempt=test.preempt,
                            scan='yes' if self.scanned else '')
        done = os.path.join(folder, 'done')
        deadline = time.monotonic() + test.timeout + SLACK
        problems = []
        status = None
        while not os.path.exists(done):
            if self.ended():
                problems.append('the machine ended')
                break
            if time.monotonic() > deadline:
                problems.append(f'the guest hangs: no answer {SLACK} s after the time was up')
                break
            time.sleep(0.05)
        self.collect(folder, log)
        if problems:
            self.fit = False
            self.end()
            self.messages.seek(0)
            problems.append(self.messages.read().decode(errors='replace').rstrip())
            return None, problems
        with open(done, encoding='utf-8') as text:
            status = int(text.read())
        trouble = os.path.join(folder, 'trouble')
        if os.path.exists(trouble):
            with open(trouble, encoding='utf-8', errors='replace') as text:
                problems += text.read().splitlines()
        problems += self.complaints(folder, test.warning)
        if self.scanned:
            self.scan_at = time.monotonic() + SCAN_SECONDS
        if problems or test.alone:
            self.fit = False
        return status, problems

    def built(self, program):
        """Where the guest's file is here: a guest of arm64 has another build folder."""
        if '--kernel' not in self.options:
            return program
        kernel = os.path.realpath(self.options[self.options.index('--kernel') + 1])
        if '-arm64' not in kernel:
            return program
        tree = 'build/arm64-16k/build' if '-16k' in kernel else 'build/arm64/build'
        return os.path.abspath(re.sub('^build', tree, os.path.relpath(program)))

    @staticmethod
    def complaints(folder, warning=''):
        """Those of the guest's kernel, in the results of an order."""
        splat = subprocess.run(
            ['tests/vm/splat', folder, *(['--warning', warning] if warning else [])],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return [splat.stdout.decode(errors='replace').rstrip()] if splat.returncode else []

    @staticmethod
    def collect(folder, log):
        for name in ('tap', 'err', 'dmesg'):
            path = os.path.join(folder, name)
            with open(f'{log}.{name}', 'ab') as target:
                if os.path.exists(path):
                    with open(path, 'rb') as source:
                        shutil.copyfileobj(source, target)

    def quit(self):
        """Let the machine end by itself. Return complaints of its kernel since the last test,
        such as leaks. A machine that is unfit has been looked at."""
        problems = []
        if not self.ended():
            folder = self.order(name='quit', scan='yes' if self.fit and not self.scanned else '')
            self.wait(SLACK)
            if self.fit and os.path.exists(os.path.join(folder, 'done')):
                problems = self.complaints(folder)
        self.end()
        return problems

    def end(self, patience=60):
        """End the machine at once; tests/vm/run cleans up."""
        super().end(patience)

    def remove(self):
        self.messages.close()
        shutil.rmtree(self.dir, ignore_errors=True)
