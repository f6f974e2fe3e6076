// SPDX-License-Identifier: GPL-2.0-only
/*
 * --check: the requirements of iosnoop, whether this machine meets them, and a command that helps.
 * All programs are loaded and attached for a moment, so each one that is listed as ok has just
 * worked.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "check.h"
#include "env.h"
#include "source/source.h"

static void good(const char *what, const char *detail)
{
	printf("ok       %-22s %s\n", what, detail);
}

static void missing(const char *what, const char *why, const char *fix)
{
	printf("MISSING  %-22s %s\n", what, why);
	if (fix)
		printf("         %-22s -> %s\n", "", fix);
}

static int check_privileges(void)
{
	const __u64 wanted = ENV_CAP_BPF | ENV_CAP_PERFMON;
	char names[ENV_NAMES_MAX], why[128];
	__u64 lacking = 0;

	if (env__missing_caps(NULL, wanted, &lacking) || !lacking) {
		good("privileges", "CAP_BPF and CAP_PERFMON");
		return 0;
	}
	snprintf(why, sizeof(why), "this process lacks %s", env__cap_names(names, lacking));
	missing("privileges", why,
		"sudo iosnoop; or: setcap cap_bpf,cap_perfmon=ep \"$(command -v iosnoop)\"");
	return -EPERM;
}

/* Whether /proc/kallsyms shows addresses; without permission they are 0. */
static bool has_kernel_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address = 0;
	bool is_there = false;
	char line[512];
	int i;

	for (i = 0; file && i < 16 && !is_there && fgets(line, sizeof(line), file); i++)
		is_there = sscanf(line, "%llx", &address) == 1 && address;
	if (file)
		fclose(file);
	return is_there;
}

static void check_host_events(const struct session *session)
{
	char text[EXPLAIN_MAX];
	unsigned int i;

	for (i = EVENT_FIRST_HOST; i < NR_EVENTS; i++) {
		if (session->events & EVENT_MASK(i))
			good(event__short_name(i), session__target(i, text));
		else
			missing(event__short_name(i), explain__host(i, session->errors[i], text),
				NULL);
	}
}

static void check_symbols(void)
{
	if (has_kernel_symbols())
		good("names in stacks (-k)", "/proc/kallsyms");
	else
		missing("names in stacks (-k)", "/proc/kallsyms shows no addresses",
			"run iosnoop as root; or: sysctl kernel.kptr_restrict=0");
}

int check__run(void)
{
	const struct run_request request = { .events = ALL_EVENTS, .buffer_bytes = 1 << 20 };
	struct utsname system = {};
	struct session session;
	char text[64];
	int err;

	uname(&system);
	good("kernel", system.release);
	err = check_privileges();
	if (env__has_module(NULL, "iommufd"))
		good("module iommufd", "loaded");
	else
		missing("module iommufd", "not loaded, so there is nothing to trace",
			"modprobe iommufd; or, where it was built: insmod build/iommufd.ko");
	if (env__has_btf(NULL))
		good("kernel BTF", "/sys/kernel/btf/vmlinux");
	else
		missing("kernel BTF",
			"this kernel lacks it; hardware faults and type1 calls need it",
			"a kernel with CONFIG_DEBUG_INFO_BTF=y");
	if (err || !env__has_module(NULL, "iommufd"))
		return err ? err : -ENODEV;
	err = session__load(&session, &request);
	if (!err)
		err = session__attach(&session, &request);
	if (!err) {
		snprintf(text, sizeof(text), "%u of the driver", EVENT_FIRST_HOST);
		good("tracepoints", text);
		check_host_events(&session);
		check_symbols();
	} else {
		missing("tracepoints", "see the message on stderr", NULL);
	}
	session__close(&session);
	return err;
}
