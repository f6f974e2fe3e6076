// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why the BPF side could not be loaded or attached: which thing, for what reason, and what helps.
 *
 * Permission is not asked of the user id. CapEff says beforehand what is missing; if the kernel
 * refuses all the same (a user namespace, a security module), the message says what was looked at.
 */
#include <errno.h>
#include <string.h>

#include "env.h"
#include "errname.h"
#include "human.h"
#include "iosnoop.h"
#include "msg.h"

#define MODULE "iommufd"

int explain__privileges(void)
{
	char names[ENV_NAMES_MAX];
	__u64 missing;
	int err;

	err = env__missing_caps(NULL, ENV_CAP_BPF | ENV_CAP_PERFMON, &missing);
	if (err || !missing)
		return 0;  /* can't tell: the kernel will */
	msg("privileges: this process lacks %s, which loading BPF programs takes\n"
	    "  run it with sudo, or give the program what it needs:\n"
	    "  setcap cap_bpf,cap_perfmon=ep FILE",
	    env__cap_names(names, missing));
	return -EPERM;
}

int explain__no_module(void)
{
	msg("module " MODULE ": not loaded, there is nothing to trace\n"
	    "  load it: modprobe iommufd, or insmod build/iommufd.ko where iommuscope was built");
	return -ENODEV;
}

static int foreign_module(void)
{
	msg("module " MODULE ": the one loaded has no tracepoints, it is not iommuscope's\n"
	    "  unload what uses it and load ours: rmmod iommufd; insmod build/iommufd.ko");
	return -ENODEV;
}

static int refused_permission(const char *what)
{
	char mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	if (env__in_user_namespace(NULL))
		msg("%s: the kernel refused (EPERM); in a user namespace capabilities don't count "
		    "for BPF\n  run it outside of the container",
		    what);
	else if (mode[0] && strcmp(mode, "none"))
		msg("%s: the kernel refused (EPERM); kernel lockdown is in mode '%s'\n"
		    "  boot without lockdown= (and without Secure Boot) to trace",
		    what, mode);
	else
		msg("%s: the kernel refused (EPERM) though CAP_BPF and CAP_PERFMON are there; a "
		    "security module or seccomp forbids bpf()\n  libbpf says: %s",
		    what, msg__libbpf_warning());
	return -EPERM;
}

int explain__load(int err, const struct options *options)
{
	char name[ERRNAME_MAX], size[HUMAN_MAX];

	switch (-err) {
	case EPERM:
	case EACCES:
		return refused_permission("loading BPF programs");
	case ENOMEM:
	case ENOSPC:
		msg("buffer of %s: not enough memory (%s)\n"
		    "  take a smaller one with --buffer-size, or raise the memory limit",
		    human__bytes(size, options->buffer_bytes), errname(-err, name));
		return err;
	case EMFILE:
	case ENFILE:
		msg("loading BPF programs: no file descriptors left (%s); see ulimit -n",
		    errname(-err, name));
		return err;
	}
	msg("loading BPF programs: this kernel does not take them (%s)%s\n"
	    "  iosnoop is made for Linux 6.12 and later; -v shows the details\n"
	    "  libbpf says: %s",
	    errname(-err, name),
	    env__has_btf(NULL) ? "" :
				 "; it offers no BTF, /sys/kernel/btf/vmlinux "
				 "(CONFIG_DEBUG_INFO_BTF)",
	    msg__libbpf_warning());
	return -ENODEV;
}

int explain__attach(enum event_id event, bool is_first, int err)
{
	const char *name = event_infos[event].name;
	char error[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES)
		return refused_permission("attaching to iommufd_* tracepoints");
	if (!env__has_module(NULL, MODULE))
		return explain__no_module();
	if (err == -ENOENT && is_first)
		return foreign_module();
	if (err == -ENOENT || err == -EINVAL) {
		msg("module " MODULE
		    ": its tracepoint iommufd_%s %s; it is of another version than "
		    "this iosnoop\n  load the one that was built with it, or leave the event out with "
		    "-e",
		    name, err == -ENOENT ? "is missing" : "lacks arguments");
		return -ENODEV;
	}
	msg("attaching to the tracepoint iommufd_%s: %s\n  libbpf says: %s", name,
	    errname(-err, error), msg__libbpf_warning());
	return err;
}

const char *explain__host(enum event_id event, int err, char text[256])
{
	bool is_type1 = event == EVENT_type1_map || event == EVENT_type1_unmap;
	char error[ERRNAME_MAX], mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	if (is_type1 && !env__has_module(NULL, "vfio_iommu_type1"))
		return "module vfio_iommu_type1 is not loaded, nobody uses it; modprobe "
		       "vfio_iommu_type1 if you expect it";
	if (!env__has_btf(NULL))
		return "this kernel offers no BTF; it takes CONFIG_DEBUG_INFO_BTF";
	if (mode[0] && strcmp(mode, "none"))
		snprintf(text, 256,
			 "kernel lockdown is in mode '%s'; boot without lockdown= (and "
			 "without Secure Boot)",
			 mode);
	else if (err == -ENOENT && event == EVENT_dma_fault)
		return "this kernel has no Intel IOMMU driver; AMD's and others report "
		       "io-page-fault";
	else if (err == -ENOENT && event == EVENT_io_page_fault)
		return "this kernel has no IOMMU tracepoints; it takes CONFIG_IOMMU_API";
	else
		snprintf(text, 256, "the kernel refused (%s)", errname(-err, error));
	return text;
}
