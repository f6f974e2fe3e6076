// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages for BPF programs that cannot be loaded or attached: failure, reason and remedy.
 *
 * Permissions are not derived from the user id. CapEff shows beforehand which capabilities are
 * missing; if the kernel refuses although they are there (in a user namespace, because of a
 * security module), the message names the likely reason.
 */
#include <errno.h>
#include <string.h>

#include "env.h"
#include "errname.h"
#include "human.h"
#include "msg.h"
#include "source/source.h"

#define MODULE "iommufd"

int explain__privileges(void)
{
	char names[ENV_NAMES_MAX];
	__u64 missing;
	int err;

	err = env__missing_caps(NULL, ENV_CAP_BPF | ENV_CAP_PERFMON, &missing);
	if (err || !missing)
		return 0; /* if unknown, let the kernel decide */
	msg("cannot load BPF programs: this process lacks %s\n"
	    "  run iosnoop with sudo, or grant it the capabilities:\n"
	    "  setcap cap_bpf,cap_perfmon=ep FILE",
	    env__cap_names(names, missing));
	return -EPERM;
}

int explain__no_module(void)
{
	msg("module " MODULE " is not loaded, so there is nothing to trace\n"
	    "  load it: modprobe iommufd, or insmod build/iommufd.ko where iommuscope was built");
	return -ENODEV;
}

static int refused_permission(const char *what)
{
	char mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	if (env__in_user_namespace(NULL))
		msg("%s: the kernel refused (EPERM): capabilities in a user namespace do not allow "
		    "BPF\n  run iosnoop outside of the container",
		    what);
	else if (mode[0] && strcmp(mode, "none"))
		msg("%s: the kernel refused (EPERM): kernel lockdown is in mode '%s'\n"
		    "  boot without lockdown= (and without Secure Boot) to trace",
		    what, mode);
	else
		msg("%s: the kernel refused (EPERM) although CAP_BPF and CAP_PERFMON are there: a "
		    "security module or seccomp forbids bpf()\n  libbpf reports: %s",
		    what, msg__libbpf_warning());
	return -EPERM;
}

int explain__load(int err, const struct run_request *request)
{
	char name[ERRNAME_MAX], size[HUMAN_MAX];

	switch (-err) {
	case EPERM:
	case EACCES:
		return refused_permission("cannot load BPF programs");
	case ENOMEM:
	case ENOSPC:
		msg("cannot allocate a buffer of %s: not enough memory (%s)\n"
		    "  choose a smaller one with --buffer-size, or raise the memory limit",
		    human__bytes(size, request->buffer_bytes), errname(-err, name));
		return err;
	case EMFILE:
	case ENFILE:
		msg("cannot load BPF programs: no file descriptors left (%s); see ulimit -n",
		    errname(-err, name));
		return err;
	}
	msg("cannot load BPF programs: this kernel refuses them (%s)%s\n"
	    "  iosnoop needs Linux 6.12 or later; -v shows the details\n"
	    "  libbpf reports: %s",
	    errname(-err, name),
	    env__has_btf(NULL) ? "" :
				 "; it lacks BTF, /sys/kernel/btf/vmlinux "
				 "(CONFIG_DEBUG_INFO_BTF)",
	    msg__libbpf_warning());
	return -ENODEV;
}

int explain__attach(enum event_id event, int err)
{
	const char *name = event_infos[event].name;
	char error[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES)
		return refused_permission("cannot attach to the iommufd_* tracepoints");
	if (!env__has_module(NULL, MODULE))
		return explain__no_module();
	if (err == -ENOENT || err == -EINVAL) {
		msg("the tracepoint iommufd_%s of module " MODULE
		    " %s: the module and this iosnoop have different versions\n"
		    "  load the module that was built with this iosnoop, or use -e without the "
		    "event",
		    name, err == -ENOENT ? "is missing" : "lacks arguments");
		return -ENODEV;
	}
	msg("cannot attach to the tracepoint iommufd_%s: %s\n  libbpf reports: %s", name,
	    errname(-err, error), msg__libbpf_warning());
	return err;
}

const char *explain__host(enum event_id event, int err, char text[EXPLAIN_MAX])
{
	bool is_type1 = EVENT_MASK(event) & TYPE1_BITS;
	char error[ERRNAME_MAX], mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	if (is_type1 && !env__has_module(NULL, "vfio_iommu_type1"))
		return "module vfio_iommu_type1 is not loaded; if you expect type1 calls, "
		       "modprobe vfio_iommu_type1";
	if (!env__has_btf(NULL) || (mode[0] && strcmp(mode, "none"))) {
		_Static_assert(EXPLAIN_MAX >= ENV_WHY_MAX, "room for the reason");
		return env__why_refused(NULL, err, text);
	}
	if (err == -ENOENT && event == EVENT_dma_fault)
		return "this kernel has no driver of an Intel IOMMU or an SMMUv3; other drivers "
		       "report io-page-fault";
	if (err == -ENOENT && event == EVENT_io_page_fault)
		return "this kernel has no IOMMU tracepoints (CONFIG_IOMMU_API)";
	snprintf(text, EXPLAIN_MAX, "the kernel refused (%s)", errname(-err, error));
	return text;
}
