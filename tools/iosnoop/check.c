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
#include "origin.h"
#include "source/source.h"
#include "version.h"

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

/* The source of the driver's events, and the events that it does not give. */
static void check_source(const struct session *session)
{
	char what[32], text[EXPLAIN_MAX];
	unsigned int i;

	snprintf(what, sizeof(what), "source %s", driver__name(session->driver_kind));
	if (session->driver_kind == DRIVER_TYPE1) {
		good(what, "VFIO type1; there is no iommufd");
		return;
	}
	if (session->driver_kind == DRIVER_NATIVE) {
		snprintf(text, sizeof(text), "%u tracepoints of the driver", EVENT_FIRST_HOST);
		good(what, text);
		return;
	}
	snprintf(text, sizeof(text), "functions of the kernel's own iommufd, for %d events",
		 __builtin_popcountll(session->foreign_events));
	good(what, text);
	for (i = 0; i < EVENT_FIRST_HOST; i++)
		if (!(session->foreign_events & EVENT_MASK(i)))
			missing(event__short_name(i), foreign__explain(session, i, text), NULL);
}

static void check_host_events(const struct session *session)
{
	char text[EXPLAIN_MAX];
	unsigned int i;

	for (i = EVENT_FIRST_HOST; i < NR_EVENTS; i++) {
		if (session->events & EVENT_MASK(i))
			good(event__short_name(i), session__target(session, i, text));
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

#define ORIGIN_DETAIL_MAX (ORIGIN_PATH_MAX + 64)

static char *describe_origin(char text[ORIGIN_DETAIL_MAX], const struct origin *origin)
{
	static const char *const kinds[] = {
		[ORIGIN_KERNEL] = "the kernel's own",
		[ORIGIN_DKMS] = "by DKMS",
		[ORIGIN_INSTALLED] = "by make install",
		[ORIGIN_OTHER] = "by hand",
	};
	const char *kind = kinds[origin->kind];

	if (origin->is_file)
		snprintf(text, ORIGIN_DETAIL_MAX, "%s: %s", kind, origin->file);
	else if (!*origin->file)
		snprintf(text, ORIGIN_DETAIL_MAX, "%s; modprobe finds no file",
			 origin->is_loaded ? kind : "not loaded");
	else
		snprintf(text, ORIGIN_DETAIL_MAX, "%s; modprobe would load %s",
			 origin->is_loaded ? kind : "not loaded", origin->file);
	return text;
}

static const char *const names[] = { "iommufd", "vfio", "vfio_pci" };
#define NR_NAMES (sizeof(names) / sizeof(names[0]))

/* Say if a build of DKMS was interrupted: modprobe would mix its modules with others. */
static void check_dkms(const struct origin origins[NR_NAMES], const char *release)
{
	char why[128] = "", fix[256];
	bool has_some = false;
	unsigned int i;

	for (i = 0; i < NR_NAMES; i++)
		has_some |= *origins[i].file && origins[i].file_kind == ORIGIN_DKMS;
	for (i = 0; i < NR_NAMES && has_some && !*why; i++)
		if (!*origins[i].file || origins[i].file_kind != ORIGIN_DKMS)
			snprintf(why, sizeof(why),
				 "DKMS has installed only a part: %s is not there", names[i]);
	if (!*why)
		return;
	snprintf(fix, sizeof(fix), "dkms install --force iommuscope/" IOMMUSCOPE_VERSION " -k %s",
		 release);
	missing("modules of DKMS", why, fix);
}

/*
 * Say where iommufd and vfio come from, and how to go back. The vfio of a kernel without iommufd
 * does not use ours.
 */
static void check_origins(const char *release)
{
	static const char *const back[] = {
		[ORIGIN_KERNEL] = NULL,
		[ORIGIN_DKMS] = "apt-get remove iommuscope-dkms, and reboot",
		[ORIGIN_INSTALLED] = "make uninstall, and reboot",
		[ORIGIN_OTHER] = "modprobe -r vfio-pci vfio_iommu_type1 iommufd",
	};
	char what[32], text[ORIGIN_DETAIL_MAX];
	enum origin_kind iommufd = ORIGIN_KERNEL;
	struct origin origins[NR_NAMES];
	unsigned int i;

	for (i = 0; i < NR_NAMES; i++) {
		const struct origin *origin = &origins[i];

		origin__find(&origins[i], names[i], release);
		snprintf(what, sizeof(what), "origin of %s", names[i]);
		if (!i && (origin->is_loaded || *origin->file))
			iommufd = origin->kind;
		if (i && iommufd != ORIGIN_KERNEL && origin->is_loaded &&
		    origin->kind == ORIGIN_KERNEL)
			missing(what, describe_origin(text, origin),
				"it does not use iommufd; install ours (make install, or package "
				"iommuscope-dkms), and load it anew");
		else
			good(what, describe_origin(text, origin));
	}
	check_dkms(origins, release);
	if (back[iommufd])
		printf("         %-22s -> back to the kernel's own: %s\n", "", back[iommufd]);
}

/* Whether the file's text contains a word. */
static bool file_has(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[128] = "";
	bool found;

	if (!file)
		return false;
	found = fgets(line, sizeof(line), file) && strstr(line, word);
	fclose(file);
	return found;
}

static void check_module(void)
{
	if (env__has_module(NULL, "iommufd"))
		good("module iommufd", "loaded");
	else if (file_has("/sys/module/module/parameters/sig_enforce", "Y") ||
		 file_has("/sys/kernel/security/lockdown", "[integrity]") ||
		 file_has("/sys/kernel/security/lockdown", "[confidentiality]"))
		missing("module iommufd",
			"not loaded, and this kernel loads only modules that are signed with a "
			"key it knows",
			"modprobe iommufd; if it says that the key was rejected: mokutil --import "
			"/var/lib/dkms/mok.pub, and reboot");
	else
		missing("module iommufd",
			driver__loaded(NULL) == DRIVER_TYPE1 ?
				"not loaded, so there is VFIO type1 alone" :
				"not loaded, so there is nothing to trace",
			"modprobe iommufd; or, where it was built: insmod build/iommufd.ko");
}

int check__run(enum driver_kind driver)
{
	const struct run_request request = {
		.driver = driver,
		.events = ALL_EVENTS,
		.buffer_bytes = 1 << 20,
		.is_checked = true,
	};
	struct utsname system = {};
	struct session session;
	int err;

	uname(&system);
	good("kernel", system.release);
	err = check_privileges();
	check_module();
	check_origins(system.release);
	if (env__has_btf(NULL))
		good("kernel BTF", "/sys/kernel/btf/vmlinux");
	else
		missing("kernel BTF",
			"this kernel lacks it; hardware faults and type1 calls need it",
			"a kernel with CONFIG_DEBUG_INFO_BTF=y");
	if (err || driver__loaded(NULL) == DRIVER_AUTO)
		return err ? err : -ENODEV;
	err = session__load(&session, &request);
	if (!err)
		err = session__attach(&session, &request);
	if (!err) {
		check_source(&session);
		check_host_events(&session);
		check_symbols();
	} else {
		missing("source", "see the message on stderr", NULL);
	}
	session__close(&session);
	return err;
}
