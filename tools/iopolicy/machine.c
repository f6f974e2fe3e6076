// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine must offer for policies, and one sentence for each thing that it does not.
 *
 * Types and functions of a module can be used by BPF programs only through the module's BTF, and
 * who has not CAP_SYS_ADMIN gets no BTF of modules from the kernel; the errors are then the same as
 * if the module were not there. So this is asked before.
 */
#include <errno.h>
#include <string.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "env.h"
#include "iopolicy.h"
#include "msg.h"

#define MODULE_BTF "/sys/kernel/btf/" MODULE

int machine__check_privileges(void)
{
	char names[ENV_NAMES_MAX];
	__u64 missing;

	/* CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON. */
	if (env__missing_caps(NULL, ENV_CAP_SYS_ADMIN | ENV_CAP_BPF | ENV_CAP_PERFMON, &missing) ||
	    !missing)
		return 0;  /* can't tell: the kernel will */
	msg("privileges: this process lacks %s; the kernel gives the BTF of a module, which "
	    "policies need, to nobody without CAP_SYS_ADMIN\n  run it as root",
	    env__cap_names(names, missing));
	return -EPERM;
}

int machine__refused(const char *what)
{
	char mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	if (env__in_user_namespace(NULL))
		msg("%s: the kernel refused (EPERM); in a user namespace capabilities don't count "
		    "for BPF\n  run it outside of the container",
		    what);
	else if (mode[0] && strcmp(mode, "none"))
		msg("%s: the kernel refused (EPERM); kernel lockdown is in mode '%s'\n"
		    "  boot without lockdown= (and without Secure Boot) to use policies",
		    what, mode);
	else
		msg("%s: the kernel refused (EPERM) though CAP_SYS_ADMIN is there; a security "
		    "module or seccomp forbids bpf()\n  libbpf says: %s",
		    what, msg__libbpf_warning());
	return -EPERM;
}

int machine__no_module(void)
{
	char mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	msg("module " MODULE ": not loaded, so there are no policies\n"
	    "  load it: modprobe iommufd, or insmod build/iommufd.ko where iommuscope was "
	    "built%s%s%s",
	    mode[0] && strcmp(mode, "none") ? "\n  kernel lockdown is in mode '" : "",
	    mode[0] && strcmp(mode, "none") ? mode : "",
	    mode[0] && strcmp(mode, "none") ? "': it has to be signed" : "");
	return -ENODEV;
}

int machine__foreign(void)
{
	msg("module " MODULE ": the one loaded has no policies, it is not iommuscope's, or an "
	    "older one\n"
	    "  unload what uses it and load ours: rmmod iommufd; insmod build/iommufd.ko");
	return -ENODEV;
}

int machine__check(void)
{
	int err;

	err = machine__check_privileges();
	if (err)
		return err;
	if (!env__has_module(NULL, MODULE))
		return machine__no_module();
	if (!env__has_btf(NULL)) {
		msg("kernel: it offers no BTF, /sys/kernel/btf/vmlinux is not there\n"
		    "  boot one with CONFIG_DEBUG_INFO_BTF, as Debian's have it");
		return -ENODEV;
	}
	if (!env__has_btf(MODULE_BTF)) {
		msg("module " MODULE ": it has no BTF, " MODULE_BTF " is not there\n"
		    "  build it where pahole and the kernel's vmlinux are: make KDIR=...");
		return -ENODEV;
	}
	return 0;
}

int machine__check_bpffs(void)
{
	struct statfs fs;

	if (!statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	msg("bpffs: not mounted on /sys/fs/bpf, so nothing can stay in force\n"
	    "  mount it: mount -t bpf bpf /sys/fs/bpf (or use iopolicy run, which needs none)");
	return -ENODEV;
}
