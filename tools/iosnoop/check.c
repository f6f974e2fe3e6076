// SPDX-License-Identifier: GPL-2.0-only
/*
 * --check: what iosnoop needs, whether it is there, and the command that mends it. All programs are
 * loaded and attached for this, and let go again: what is said to work has just worked.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "env.h"
#include "iosnoop.h"

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

/* Kernel addresses are zeros for those who may not see them. */
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

static void check_rest(const struct session *session)
{
	char text[256];
	unsigned int i;

	for (i = EVENT_FIRST_HOST; i < NR_EVENTS; i++) {
		if (session->events & EVENT_MASK(i))
			good(event__short_name(i), session__target(i, text));
		else
			missing(event__short_name(i), explain__host(i, session->errors[i], text),
				NULL);
	}
	if (has_kernel_symbols())
		good("names in stacks (-k)", "/proc/kallsyms");
	else
		missing("names in stacks (-k)", "/proc/kallsyms shows no addresses",
			"run it as root; or: sysctl kernel.kptr_restrict=0");
}

int check__run(void)
{
	struct options options = { .events = ~0ULL >> (64 - NR_EVENTS), .buffer_bytes = 1 << 20 };
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
		missing("module iommufd", "not loaded, there is nothing to trace",
			"modprobe iommufd; or, where it was built: insmod build/iommufd.ko");
	if (env__has_btf(NULL))
		good("kernel BTF", "/sys/kernel/btf/vmlinux");
	else
		missing("kernel BTF", "not offered; events of hardware faults take it",
			"a kernel with CONFIG_DEBUG_INFO_BTF=y");
	if (err || !env__has_module(NULL, "iommufd"))
		return err ? err : -ENODEV;
	err = session__load(&session, &options);
	if (!err)
		err = session__attach(&session, &options);
	if (!err) {
		snprintf(text, sizeof(text), "%u of the driver", EVENT_FIRST_HOST);
		good("tracepoints", text);
		check_rest(&session);
	} else {
		missing("tracepoints", "see the message on stderr", NULL);
	}
	session__close(&session);
	return err;
}
