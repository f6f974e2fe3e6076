# SPDX-License-Identifier: GPL-2.0-only
"""Where tests run: a guest that tests/vm/run boots and that takes one test after the other, and
this machine itself. tests/vm/serve is the other side of a Guest.

Both have run(test, log), which returns (status, problems): the test's exit status, None when it is
not known, and other errors. log is the beginning of the names of the test's files,
log + '.tap' and so on.
"""
import os
import shlex
import shutil
import subprocess
import tempfile
import time

# To load modules, undo the changes of a test and write the log, on a busy host.
SLACK = 600


class Host:
    """This machine."""
    fit = True

    def __init__(self):
        self.process = None

    def run(self, test, log):
        with open(log + '.tap', 'wb') as tap, open(log + '.err', 'ab') as err:
            try:
                self.process = subprocess.Popen(test.command, stdin=subprocess.DEVNULL,
                                                stdout=tap, stderr=err)
            except OSError as error:
                return None, [f'{test.command[0]}: {error.strerror}: run make']
            try:
                return self.process.wait(test.timeout), []
            except subprocess.TimeoutExpired:
                self.end()
                return None, [f'not done after {test.timeout} s']

    def end(self):
        """Stop the test that runs."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Guest:
    """A virtual machine. It is unfit for further tests once one has left a trace in it."""

    def __init__(self, options, modules):
        self.fit = True
        self.modules = modules
        self.number = 0
        self.dir = tempfile.mkdtemp(prefix='iommuscope-serve.')
        self.messages = open(os.path.join(self.dir, 'messages'), 'wb+')
        self.process = subprocess.Popen(
            ['tests/vm/run', *options, '--serve', self.dir], stdin=subprocess.DEVNULL,
            stdout=self.messages, stderr=self.messages)

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
        if not os.access(command[0], os.X_OK):
            return None, [f'{test.command[0]} is not there or not executable: run make']
        if self.modules:
            command = ['env', f'IOMMUSCOPE_MODULES={self.modules}', *command]
        folder = self.order(name=test.name, command=command, timeout=test.timeout,
                            modules=test.modules, preempt=test.preempt)
        done = os.path.join(folder, 'done')
        deadline = time.monotonic() + test.timeout + SLACK
        problems = []
        status = None
        while not os.path.exists(done):
            if self.process.poll() is not None:
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
        splat = subprocess.run(
            ['tests/vm/splat', folder, *(['--warning', test.warning] if test.warning else [])],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if splat.returncode:
            problems.append(splat.stdout.decode(errors='replace').rstrip())
        if problems or test.alone:
            self.fit = False
        return status, problems

    @staticmethod
    def collect(folder, log):
        for name in ('tap', 'err', 'dmesg'):
            path = os.path.join(folder, name)
            with open(f'{log}.{name}', 'ab') as target:
                if os.path.exists(path):
                    with open(path, 'rb') as source:
                        shutil.copyfileobj(source, target)

    def quit(self):
        """Let the machine end by itself."""
        if self.process.poll() is None:
            self.order(name='quit')
            try:
                self.process.wait(SLACK)
            except subprocess.TimeoutExpired:
                pass
        self.end()

    def end(self):
        """End the machine at once; tests/vm/run cleans up."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def remove(self):
        self.messages.close()
        shutil.rmtree(self.dir, ignore_errors=True)
