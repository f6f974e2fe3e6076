// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check whether the machine meets the needs of policies, and name the missing parts.
 *
 * BPF programs find the types and functions of a module through the module's BTF. Without
 * CAP_SYS_ADMIN the kernel hides the BTF of modules, and loading fails with the same errors as if
 * the module were not there. So check for both before loading.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "driver.h"
#include "env.h"
#include "kernel/kernel.h"
#include "msg.h"

#define MODULE_BTF "/sys/kernel/btf/" MODULE

int machine__check_privileges(void)
{
	char names[ENV_NAMES_MAX];
	__u64 missing;

	/* CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON. On an error, let the kernel decide. */
	if (env__missing_caps(NULL, ENV_CAP_SYS_ADMIN | ENV_CAP_BPF | ENV_CAP_PERFMON, &missing) ||
	    !missing)
		return 0;
	msg("privileges: missing %s; policies need the module's BTF, which the kernel hides "
	    "without CAP_SYS_ADMIN\n  run iopolicy as root",
	    env__cap_names(names, missing));
	return -EPERM;
}

int machine__explain_eperm(const char *what)
{
	char mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	if (env__in_user_namespace(NULL))
		msg("%s (EPERM): BPF ignores the capabilities of a user namespace\n"
		    "  run iopolicy outside the container",
		    what);
	else if (mode[0] && strcmp(mode, "none"))
		msg("%s (EPERM): kernel lockdown is in mode '%s'\n"
		    "  boot without lockdown= (and without Secure Boot) to use policies",
		    what, mode);
	else
		msg("%s (EPERM) in spite of CAP_SYS_ADMIN: a security module or seccomp forbids "
		    "bpf()\n  libbpf: %s",
		    what, msg__libbpf_warning());
	return -EPERM;
}

int machine__explain_no_policies(void)
{
	if (driver__loaded(NULL) == DRIVER_UPSTREAM) {
		msg("module " MODULE ": the loaded module is the kernel's own, and policies need "
		    "that of iommuscope");
		return -ENODEV;
	}
	msg("module " MODULE ": the loaded module does not support policies: it is not "
	    "iommuscope's, or too old\n"
	    "  unload its users and load iommuscope's: rmmod iommufd; insmod build/iommufd.ko");
	return -ENODEV;
}

static int explain_no_module(void)
{
	char mode[ENV_LOCKDOWN_MAX];
	bool locked = false;

	env__lockdown(NULL, mode);
	locked = mode[0] && strcmp(mode, "none");
	msg("module " MODULE ": not loaded, so there are no policies\n"
	    "  load it: modprobe iommufd, or insmod build/iommufd.ko where iommuscope was "
	    "built%s%s%s",
	    locked ? "\n  kernel lockdown is in mode '" : "", locked ? mode : "",
	    locked ? "', so the module must be signed" : "");
	return -ENODEV;
}

int machine__real_error(int err)
{
	const char *warning = msg__libbpf_warning_with("failed to get BTF object");
	const char *number = strrchr(warning, ' ');
	int found = number ? atoi(number) : 0;

	return found < 0 ? found : err;
}

int machine__check(void)
{
	int err;

	err = machine__check_privileges();
	if (err)
		return err;
	if (!env__has_module(NULL, MODULE))
		return explain_no_module();
	if (!env__has_btf(NULL)) {
		msg("kernel: no BTF, /sys/kernel/btf/vmlinux does not exist\n"
		    "  boot a kernel with CONFIG_DEBUG_INFO_BTF, such as Debian's");
		return -ENODEV;
	}
	if (!env__has_btf(MODULE_BTF)) {
		msg("module " MODULE ": no BTF, " MODULE_BTF " does not exist\n"
		    "  build the module where pahole and the kernel's vmlinux are available: "
		    "make KDIR=...");
		return -ENODEV;
	}
	return 0;
}

int machine__check_bpffs(void)
{
	struct statfs fs;

	if (!statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	msg("bpffs: not mounted on /sys/fs/bpf, so no policy can stay loaded\n"
	    "  mount it: mount -t bpf bpf /sys/fs/bpf (or use iopolicy run, which does not need "
	    "it)");
	return -ENODEV;
}

bool machine__has_private_bpffs(void)
{
	struct stat ours, theirs;

	return !stat("/sys/fs/bpf", &ours) && !stat("/proc/1/root/sys/fs/bpf", &theirs) &&
	       ours.st_dev != theirs.st_dev;
}
