// SPDX-License-Identifier: GPL-2.0-only
/*
 * Properties of the machine, read from files of the test.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "env.h"

static char dir[] = "/tmp/unit-env-XXXXXX";
static char file[64];

static const char *with(const char *content)
{
	FILE *out;

	snprintf(file, sizeof(file), "%s/file", dir);
	out = fopen(file, "w");
	if (!out || fputs(content, out) < 0 || fclose(out))
		exit(tap__bail("cannot write %s", file));
	return file;
}

static void test_caps(void)
{
	const __u64 wanted = ENV_CAP_BPF | ENV_CAP_PERFMON;
	char names[ENV_NAMES_MAX];
	__u64 missing = 4711;

	tap__ok(!env__missing_caps(with("Name:\tx\nCapEff:\t000001ffffffffff\nX:\n"), wanted,
				   &missing) &&
			!missing,
		"root lacks nothing");
	tap__ok(!env__missing_caps(with("Name:\tx\nCapEff:\t0000000000000000\n"), wanted,
				   &missing) &&
			missing == wanted,
		"without capabilities both are missing");
	tap__ok(!strcmp(env__cap_names(names, missing), "CAP_BPF and CAP_PERFMON"),
		"the names of both capabilities");
	tap__ok(!env__missing_caps(with("\nCapEff:\t0000008000000000\n"), wanted, &missing) &&
			missing == ENV_CAP_PERFMON,
		"with CAP_BPF alone, CAP_PERFMON is missing");
	tap__ok(!env__missing_caps(with("\nCapEff:\t000000c000000000\n"), wanted, &missing) &&
			!missing,
		"with CAP_BPF and CAP_PERFMON none is missing");
	tap__ok(!env__missing_caps(with("\nCapEff:\t0000000000200000\n"), wanted, &missing) &&
			!missing,
		"CAP_SYS_ADMIN implies both");
	tap__err(env__missing_caps(with("Name:\tx\n"), wanted, &missing), -ENODATA,
		 "a file without CapEff");
	tap__err(env__missing_caps(with("\nCapEff:\tzz\n"), wanted, &missing), -ENODATA,
		 "a CapEff that is not a number");
	tap__err(env__missing_caps("/nonexistent/status", wanted, &missing), -ENOENT,
		 "a missing file");
	tap__err(env__missing_caps(NULL, 0, &missing), 0, "the real file");
}

static void test_pid_namespace(void)
{
	char link[] = "/tmp/unit-env.XXXXXX";

	close(mkstemp(link));
	unlink(link);
	tap__ok(!env__in_pid_namespace(link),
		"without /proc, the PID namespace is the initial one");
	tap__ok(!symlink("pid:[4026531836]", link) && !env__in_pid_namespace(link),
		"the initial PID namespace");
	unlink(link);
	tap__ok(!symlink("pid:[4026532201]", link) && env__in_pid_namespace(link),
		"another PID namespace");
	unlink(link);
}

static void test_others(void)
{
	char mode[ENV_LOCKDOWN_MAX], path[64];

	tap__ok(!strcmp(env__lockdown(with("[none] integrity confidentiality\n"), mode), "none"),
		"lockdown none");
	tap__ok(!strcmp(env__lockdown(with("none integrity [confidentiality]\n"), mode),
			"confidentiality"),
		"lockdown confidentiality");
	tap__ok(!strcmp(env__lockdown(with("none\n"), mode), ""), "a lockdown file without a mode");
	tap__ok(!strcmp(env__lockdown("/nonexistent", mode), ""), "a kernel without lockdown");
	tap__ok(!env__in_user_namespace(with("         0          0 4294967295\n")),
		"the initial user namespace");
	tap__ok(env__in_user_namespace(with("         0       1000          1\n")),
		"another user namespace");
	tap__ok(!env__has_btf(with("")) && env__has_btf(with("x")) && !env__has_btf("/nonexistent"),
		"BTF that is present, empty and missing");
	snprintf(path, sizeof(path), "%s/iommufd", dir);
	tap__ok(!env__has_module(dir, "iommufd"), "the module is absent");
	if (mkdir(path, 0700))
		exit(tap__bail("cannot create %s", path));
	tap__ok(env__has_module(dir, "iommufd"), "the module is present");
	rmdir(path);
}

/* The answer depends on this machine, but must not name a capability that it has. */
static void test_refused(void)
{
	char why[ENV_WHY_MAX];
	__u64 missing;

	env__why_refused("unit-no-such-module", -EINVAL, why);
	if (env__missing_caps(NULL, ENV_CAP_SYS_ADMIN, &missing) || missing)
		tap__ok(!strncmp(why, "CAP_SYS_ADMIN is missing", 24), "why: %s", why);
	else if (!env__has_btf(NULL))
		tap__ok(!strncmp(why, "this kernel has no BTF", 22), "why: %s", why);
	else
		tap__ok(!strncmp(why, "module unit-no-such-module is not loaded", 40), "why: %s",
			why);
}

int main(void)
{
	tap__start();
	if (!mkdtemp(dir))
		return tap__bail("cannot create a folder in /tmp");
	test_caps();
	test_pid_namespace();
	test_others();
	test_refused();
	unlink(file);
	rmdir(dir);
	return tap__done();
}
