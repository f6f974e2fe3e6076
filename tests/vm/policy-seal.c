// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that seals policies, loaded by root and run by a process without CAP_SYS_ADMIN.
 * tests/vm/policy-required.t has the rest about sealed policies.
 *
 * Finds this fault: a process that got the file descriptor of such a program can seal a policy.
 *
 * vm: --mock
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/tap.h"

#define NOBODY 65534

static int run(int prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int ret = bpf_prog_test_run_opts(prog, &opts);

	return ret ? ret : (int)opts.retval;
}

/* The same in a process of another user, which has no capabilities. Returns -errno. */
static int run_as_nobody(int prog)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(setresuid(NOBODY, NOBODY, NOBODY) ? 255 : -run(prog));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int main(void)
{
	struct bpf_object *obj = bpf_object__open_file("build/tests/seal.bpf.o", NULL);
	int prog;

	tap__start();
	if (!tap__ok(obj, "open the program") ||
	    !tap__err(bpf_object__load(obj), 0, "root can load it"))
		return tap__done();
	prog = bpf_program__fd(bpf_object__find_program_by_name(obj, "seal"));
	/* No policy has the id 0. */
	tap__err(run(prog), -ENOENT, "root may ask for a policy to be sealed");
	tap__err(run_as_nobody(prog), -EPERM, "another user may not");
	bpf_object__close(obj);
	return tap__done();
}
