// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports of refusals: for each reason one line in the kernel's log, which names the limit, the
 * need, the present use and the remedy; and the event iommufd_refused with the figures.
 *
 * On a machine that remaps interrupts the test goes through all reasons with mock devices, on
 * one that does not through the one reason that this makes.
 *
 * The lines of each reason are limited to 10 in 5 s, so no reason is tried more often than that
 * before the storm and the flood at the end.
 *
 * vm: --mock
 * takes: 24
 * also interrupts: --append intremap=off
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/klog.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define LIMIT 64	 /* pages that an unprivileged user may lock */
#define PAGES 128
#define STORM 40	 /* processes; more than the driver's log keeps for a reason */
#define BASE ((uint64_t)MOCK_APERTURE_START)
#define RESV (BASE + 0x100000) /* a device's reserved region, of 4 pages */
#define MSI 0xfee00000ull
#define MSI_END 0xfeefffffull
#define NONE UINT32_MAX

/* As the event has them: enum iommufd_refusal of the driver. */
enum { REFUSED_MEMLOCK = 1, REFUSED_COHERENCY, REFUSED_INTERRUPTS, REFUSED_RESERVED };

static int fd, klog;
static char *mem;
static char name[16];  /* of this process */

struct figures {
	uint32_t reason, sbdf;
	uint64_t limit, need, present;
	int ret;
};

/* The last event of the trace has these figures, and there is one. */
static void check_event(const char *what, const struct figures *want)
{
	const struct {
		const char *key;
		uint64_t want;
		bool is_u32;
	} fields[] = {
		{ "tgid", getpid(), true },
		{ "reason", want->reason, true },
		{ "sbdf", want->sbdf, true },
		{ "limit", want->limit, false },
		{ "need", want->need, false },
		{ "present", want->present, false },
		{ "ret", (uint64_t)(int64_t)want->ret, false },
	};
	char line[512];
	uint64_t val;

	tap__is(trace__find("refused", line, sizeof(line)), 1, "%s: one event", what);
	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!trace__value(line, fields[i].key, &val))
			val = ~fields[i].want;
		if (fields[i].is_u32)
			val = (uint32_t)val;
		tap__hex(val, fields[i].want, "%s: its %s", what, fields[i].key);
	}
}

/*
 * The line is there once, with these words. The driver logs a refusal once for each process, reason
 * and device, so a repeated one need not be there.
 */
static void check_line(const char *what, const char *text, bool repeated)
{
	char line[1024];
	int lines = klog__find(klog, text, line, sizeof(line));

	if (repeated)
		tap__ok(lines <= 1, "%s: at most one line says \"%s\"", what, text);
	else
		tap__is(lines, 1, "%s: one line says \"%s\"", what, text);
}

static bool memlock_seen, map_seen, attach_seen, bind_seen;

static void refuse_memlock(const char *what, uint32_t ioas, unsigned int need, unsigned int present,
			   const char *whose)
{
	const struct figures want = {
		REFUSED_MEMLOCK, NONE, LIMIT * P, need * P, present * P, -ENOMEM,
	};
	char text[256];
	int ret;

	tap__err(trace__start("refused"), 0, "%s: trace", what);
	account__limit(LIMIT);
	account__become_user();
	ret = ioas__map_at(fd, ioas, mem + present * P, need * P, BASE + present * P);
	account__become_root();
	tap__err(ret, -ENOMEM, "%s: map %u pages", what, need);
	trace__stop("refused");
	check_event(what, &want);
	snprintf(text, sizeof(text),
		 "iommufd: %s[%d] cannot pin %lu KiB: RLIMIT_MEMLOCK is %lu KiB, of which the %s "
		 "(uid %u) uses %lu KiB; raise the limit (ulimit -l, LimitMEMLOCK=), "
		 "or give CAP_IPC_LOCK",
		 name, getpid(), need * P / 1024, LIMIT * P / 1024, whose, ACCOUNT_USER,
		 present * P / 1024);
	check_line(what, text, memlock_seen);
	memlock_seen = true;
}

static void test_memlock(const char *whose, uint64_t mode)
{
	struct mock dev;
	uint32_t ioas;
	int ret;

	fd = iommu__open();
	ret = iommu__option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &mode);
	if (!ret)
		ret = ioas__alloc(fd, &ioas);
	if (!ret)
		ret = mock__device(&dev, fd, ioas, 0);
	tap__err(ret, 0, "limit of the %s: a device", whose);
	tap__diag("memory limit of the %s", whose);
	refuse_memlock("one page over the limit", ioas, LIMIT + 1, 0, whose);
	account__limit(LIMIT);
	account__become_user();
	ret = ioas__map_at(fd, ioas, mem, (LIMIT - 4) * P, BASE);
	account__become_root();
	tap__err(ret, 0, "four pages less than the limit");
	refuse_memlock("five more", ioas, 5, LIMIT - 4, whose);
	close(fd);
	tap__is(mem__pinned(0), 0, "limit of the %s: nothing is pinned", whose);
}

/* The name of a process cannot start a line of its own, nor send codes to a terminal. */
static void test_name(void)
{
	static const char evil[] = "a\n\033[2J\177\\\"%s";
	struct mock dev;
	char line[1024];
	uint32_t ioas;
	pid_t pid;
	int ret;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	tap__err(mock__device_resv(&dev, fd, ioas, RESV, 4 * P), 0, "name: a device");
	/* Another process: the log has each reason once for each. */
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, evil);
		account__limit(LIMIT);
		account__become_user();
		ret = ioas__map_at(fd, ioas, mem, PAGES * P, BASE);
		account__become_root();
		_exit(ret == -ENOMEM && ioas__map_at(fd, ioas, mem, P, RESV) == -EINVAL ? 0 : 1);
	}
	waitpid(pid, &ret, 0);
	tap__is(ret, 0, "name: a refusal for the limit, and one for a range");
	/* A backslash that the kernel prints is \x5c here. */
	tap__is(klog__find(klog, " cannot ", line, sizeof(line)), 2, "name: two lines");
	tap__ok(strstr(line, "iommufd: a\\x5cn\\x5ce[2J\\x5c177\\x5c\"%s["),
		"name: is escaped, and nothing in it is a format");
	tap__diag("%s", line);
	tap__ok(!strstr(line, "\\x0a") && !strstr(line, "\\x1b") && !strstr(line, "\\x7f"),
		"name: no line feed, no escape, no delete in the line");
	close(fd);
}

static void refuse_map(const char *what, uint32_t ioas, uint64_t iova, unsigned int pages,
		       uint64_t start, uint64_t last)
{
	const struct figures want = {
		REFUSED_RESERVED, NONE, start, iova, last, -EINVAL,
	};
	char text[256];

	trace__start("refused");
	tap__err(ioas__map_at(fd, ioas, mem, pages * P, iova), -EINVAL, "%s", what);
	trace__stop("refused");
	check_event(what, &want);
	snprintf(text, sizeof(text),
		 "iommufd: %s[%d] cannot map IOVA 0x%llx-0x%llx: 0x%llx-0x%llx is "
		 "reserved for a device or beyond its IOMMU; IOMMU_IOAS_IOVA_RANGES lists the "
		 "usable ranges",
		 name, getpid(), (unsigned long long)iova,
		 (unsigned long long)(iova + pages * P - 1), (unsigned long long)start,
		 (unsigned long long)last);
	check_line(what, text, map_seen);
	map_seen = true;
}

static void test_map(void)
{
	struct mock dev;
	uint32_t ioas;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	tap__err(mock__device_resv(&dev, fd, ioas, RESV, 4 * P), 0, "map: a device");
	refuse_map("map over a region's first page", ioas, RESV - P, 2, RESV, RESV + 4 * P - 1);
	refuse_map("map over a region's last page", ioas, RESV + 3 * P, 8, RESV, RESV + 4 * P - 1);
	refuse_map("map below the aperture", ioas, BASE - P, 1, 0, BASE - 1);
	tap__err(ioas__map_at(fd, ioas, mem, P, RESV + 4 * P), 0, "map behind the region");
	close(fd);
}

static void check_attach(const char *what, uint32_t sbdf, const char *dev, uint64_t map,
			 uint64_t map_last, uint64_t start, uint64_t last)
{
	const struct figures want = {
		REFUSED_RESERVED, sbdf, start, map, last, -EADDRINUSE,
	};
	char text[256];

	check_event(what, &want);
	snprintf(text, sizeof(text),
		 "%s: iommufd: not attached: IOVA 0x%llx-0x%llx is mapped or "
		 "promised to user space, and the device needs 0x%llx-0x%llx for itself; attach "
		 "it first, and map elsewhere",
		 dev, (unsigned long long)map, (unsigned long long)map_last,
		 (unsigned long long)start, (unsigned long long)last);
	/* Devices of the mock may have the name of one that is gone. */
	check_line(what, text, attach_seen && sbdf == NONE);
	attach_seen |= sbdf == NONE;
}

static void test_attach(void)
{
	struct iommu_iova_range promise = { RESV + P, RESV + 2 * P - 1 };
	struct mock dev;
	uint32_t ioas;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	ioas__map_at(fd, ioas, mem, 8 * P, RESV - 7 * P);
	trace__start("refused");
	tap__err(mock__device_resv(&dev, fd, ioas, RESV, 4 * P), -EADDRINUSE,
		 "attach with something in its region");
	trace__stop("refused");
	check_attach("attach", NONE, "", RESV - 7 * P, RESV + P - 1, RESV, RESV + 4 * P - 1);

	ioas__unmap_all(fd, ioas);
	tap__err(ioas__allow(fd, ioas, &promise, 1), 0, "allow a page in the region");
	trace__start("refused");
	tap__err(mock__device_resv(&dev, fd, ioas, RESV, 4 * P), -EADDRINUSE,
		 "attach with a promise in its region");
	trace__stop("refused");
	check_attach("promise", NONE, "", promise.start, promise.last, RESV, RESV + 4 * P - 1);
	close(fd);
}

static uint32_t sbdf_of(const char *bdf)
{
	unsigned int segment, bus, device, function;

	if (sscanf(bdf, "%x:%x:%x.%x", &segment, &bus, &device, &function) != 4)
		return NONE;
	return segment << 16 | bus << 8 | device << 3 | function;
}

/* A PCI device, whose messages for interrupts are at a fixed place. */
static void test_msi(void)
{
	struct vfio_dev dev = { .fd = -1 };
	char bdf[16], whose[32], device[32], want[32];
	int ret, log = klog__open();
	uint32_t ioas;

	if (pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf) || pci__bind(bdf)) {
		tap__skip("no edu device", "a PCI device's MSI window");
		close(log);
		return;
	}
	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	ioas__map_at(fd, ioas, mem, 3 * P, MSI + P);
	ret = vfio__open(&dev, bdf);
	if (!ret)
		ret = vfio__bind(&dev, fd);
	tap__err(ret, 0, "MSI: bind the edu device");
	snprintf(whose, sizeof(whose), "vfio-pci %s", bdf);
	trace__start("refused");
	tap__err(vfio__attach_ioas(&dev, ioas), -EADDRINUSE, "MSI: attach with its window mapped");
	trace__stop("refused");
	check_attach("MSI", sbdf_of(bdf), whose, MSI + P, MSI + 4 * P - 1, MSI, MSI_END);
	/* journald selects lines by this property: journalctl _KERNEL_DEVICE=+pci:... */
	snprintf(want, sizeof(want), "+pci:%s", bdf);
	tap__is(klog__find_property(log, "not attached", "DEVICE", device, sizeof(device)), 1,
		"MSI: the line has a device");
	tap__ok(!strcmp(device, want), "MSI: it is %s (%s)", want, device);
	close(log);
	tap__err(ioas__unmap_all(fd, ioas), 0, "MSI: unmap");
	tap__err(vfio__attach_ioas(&dev, ioas), 0, "MSI: attach");
	refuse_map("MSI: map the last page of the window", ioas, MSI_END - P + 1, 1, MSI, MSI_END);
	vfio__close(&dev);
	close(fd);
}

static void refuse_bind(const char *what, uint32_t flags, const char *text)
{
	const struct figures want = { REFUSED_COHERENCY, NONE, 0, 0, 0, -EINVAL };
	struct mock dev;
	uint32_t ioas;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	trace__start("refused");
	tap__err(mock__device(&dev, fd, ioas, flags), -EINVAL, "%s: bind", what);
	trace__stop("refused");
	check_event(what, &want);
	check_line(what, text, bind_seen);
	bind_seen = true;
	close(fd);
}

/* Exceed RLIMIT_MEMLOCK as a user. */
static int exceed_memlock(uint32_t ioas)
{
	int ret;

	account__limit(LIMIT);
	account__become_user();
	ret = ioas__map_at(fd, ioas, mem, PAGES * P, BASE);
	account__become_root();
	return ret;
}

/*
 * Exceed RLIMIT_MEMLOCK until the log says so. All refusals before that line must be in its count,
 * also those that were not logged because of the limit for all processes.
 */
static int count_repeats(uint32_t ioas)
{
	unsigned long refused = 0, repeated;
	char line[1024], text[64], *at;

	snprintf(text, sizeof(text), "[%d] cannot pin", getpid());
	while (exceed_memlock(ioas) == -ENOMEM && !klog__find(klog, text, line, sizeof(line))) {
		if (++refused == 600)
			return -ETIMEDOUT;
		usleep(100000);
	}
	at = strstr(line, "(repeated ");
	repeated = at ? strtoul(at + strlen("(repeated "), NULL, 10) : 0;
	fprintf(stderr, "%lu refused before the line, which says %lu\n", refused, repeated);
	return refused == repeated ? 0 : -EINVAL;
}

/* Many processes that reach one limit do not suppress lines of another reason. */
static void test_storm(void)
{
	int status, refused = 0, pid;
	char line[1024], text[64];
	struct mock dev;
	uint32_t ioas;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	tap__err(mock__device_resv(&dev, fd, ioas, RESV, 4 * P), 0, "storm: a device");
	for (int i = 0; i < STORM; i++) {
		pid = fork();
		if (!pid)
			_exit(exceed_memlock(ioas) != -ENOMEM);
		waitpid(pid, &status, 0);
		refused += !status;
	}
	tap__is(refused, STORM, "storm: %d processes reach RLIMIT_MEMLOCK", STORM);
	pid = fork();
	if (!pid)
		_exit(ioas__map_at(fd, ioas, mem, P, RESV) != -EINVAL);
	waitpid(pid, &status, 0);
	tap__is(status, 0, "storm: a map over a region is refused");
	snprintf(text, sizeof(text), "[%d] cannot map", pid);
	tap__is(klog__find(klog, text, line, sizeof(line)), 1, "storm: its line is in the log");
	pid = fork();
	if (!pid)
		_exit(-count_repeats(ioas));
	waitpid(pid, &status, 0);
	tap__is(status, 0, "storm: the first line of another process counts all its refusals");
	close(fd);
}

/* A process refused a thousand times: each has its event, and the log one line for each process. */
static void test_flood(void)
{
	struct mock dev;
	char line[1024], text[64];
	int status, failed;
	uint32_t ioas;
	pid_t pid;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	tap__err(mock__device_resv(&dev, fd, ioas, RESV, 4 * P), 0, "flood: a device");
	sleep(6); /* until the limit of the lines of this reason is over */
	for (int n = 0; n < 2; n++) {
		klog__find(klog, "", line, sizeof(line));
		trace__start("refused");
		pid = fork();
		if (!pid) {
			failed = 0;
			for (int i = 0; i < 1000; i++)
				failed += ioas__map_at(fd, ioas, mem, P, RESV + P) == -EINVAL;
			_exit(failed != 1000);
		}
		waitpid(pid, &status, 0);
		trace__stop("refused");
		tap__is(status, 0, "flood %d: a thousand maps are refused", n);
		tap__is(trace__find("refused", line, sizeof(line)), 1000,
			"flood %d: as many events", n);
		snprintf(text, sizeof(text), "[%d] cannot map", pid);
		failed = klog__find(klog, text, line, sizeof(line));
		/* More only if a thousand calls took longer than the first interval. */
		tap__ok(failed >= 1 && failed <= 2, "flood %d: %d line in the log", n, failed);
		if (failed == 2)
			tap__ok(strstr(line, "(repeated "), "flood %d: which says so", n);
	}
	close(fd);
}

/*
 * A user starts processes that are refused once each, for a while in which the limit for all users
 * together would let three times ten lines through.
 */
static void test_processes(void)
{
	struct timespec from, now;
	unsigned int lines = 0, tried = 0;
	struct mock dev;
	char line[1024];
	uint32_t ioas;
	long seconds;
	int status;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	tap__err(mock__device_resv(&dev, fd, ioas, RESV, 4 * P), 0, "processes: a device");
	klog__find(klog, "", line, sizeof(line));
	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		pid_t pid = fork();

		if (!pid)
			_exit(setresuid(ACCOUNT_USER, ACCOUNT_USER, ACCOUNT_USER) ||
			      ioas__map_at(fd, ioas, mem, P, RESV + P) != -EINVAL);
		if (waitpid(pid, &status, 0) != pid || status)
			break;
		tried++;
		lines += klog__find(klog, " cannot map IOVA", line, sizeof(line));
		usleep(20000);
		clock_gettime(CLOCK_MONOTONIC, &now);
		seconds = now.tv_sec - from.tv_sec;
	} while (seconds < 12);
	tap__ok(tried > 40, "processes: %u are refused", tried);
	tap__ok(lines && lines <= 21 + seconds / 60, "processes: %u lines in the log", lines);
	close(fd);
}

static int set_unsafe(const char *value)
{
	static const char path[] = "/sys/module/iommufd/parameters/allow_unsafe_interrupts";
	int file = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (file < 0)
		return -errno;
	ret = write(file, value, strlen(value)) < 0 ? -errno : 0;
	close(file);
	return ret;
}

static int run_interrupts(void)
{
	struct figures want = { REFUSED_INTERRUPTS, NONE, 0, 0, 0, -EPERM };
	struct edu edu;
	char bdf[16], text[256];
	uint32_t ioas;
	int ret;

	if (pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf) || pci__bind(bdf))
		return tap__skip_all("no edu device");
	want.sbdf = sbdf_of(bdf);
	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	trace__start("refused");
	ret = edu__open(&edu, bdf, fd);
	trace__stop("refused");
	tap__err(ret, -EPERM, "a device is not bound");
	check_event("not bound", &want);
	snprintf(text, sizeof(text),
		 "vfio-pci %s: iommufd: not bound: its DMA can raise interrupts "
		 "of other devices, because the platform does not remap interrupts; enable "
		 "interrupt remapping, or accept the risk with iommufd.allow_unsafe_interrupts=1",
		 bdf);
	check_line("not bound", text, false);

	tap__err(set_unsafe("1"), 0, "allow_unsafe_interrupts=1");
	tap__err(edu__open(&edu, bdf, fd), 0, "the device is bound");
	check_line("bound", "bound although its DMA can raise interrupts of other devices", false);
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "attach it");
	ioas__map_at(fd, ioas, mem, 2 * P, BASE);
	mem__fill(mem, P, 1);
	memset(mem + P, 0, P);
	tap__err(edu__start(&edu), 0, "start it");
	tap__err(edu__read(&edu, BASE, 0, 64) | edu__write(&edu, BASE + P, 0, 64), 0, "DMA");
	tap__ok(!memcmp(mem, mem + P, 64), "DMA went where it should");
	edu__close(&edu);
	tap__err(set_unsafe("0"), 0, "allow_unsafe_interrupts=0");
	tap__err(edu__open(&edu, bdf, fd), -EPERM, "the device is not bound");
	close(fd);
	return tap__done();
}

/* Whether the machine was booted with intremap=off. */
static bool remaps_interrupts(void)
{
	char line[4096] = "";
	FILE *f = fopen("/proc/cmdline", "r");

	if (f) {
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
		fclose(f);
	}
	return !strstr(line, "intremap=off");
}

int main(void)
{
	tap__start();
	prctl(PR_GET_NAME, name);
	mem = mem__small(PAGES * P);
	klog = klog__open();
	if (klog < 0)
		return tap__bail("/dev/kmsg: %s", strerror(-klog));
	if (!remaps_interrupts())
		return run_interrupts();
	test_memlock("user", 0);
	test_memlock("process", 1);
	test_name();
	test_map();
	test_attach();
	test_msi();
	refuse_bind("incoherent", MOCK_FLAGS_DEVICE_INCOHERENT,
		    "iommufd: not bound: its IOMMU cannot keep its DMA coherent with the CPU's "
		    "caches, and user space could not flush them");
	refuse_bind("no IOMMU", MOCK_FLAGS_DEVICE_NO_IOMMU,
		    "iommufd: not bound: no IOMMU translates its DMA; enable the IOMMU in firmware "
		    "and on the kernel's command line (intel_iommu=on)");
	test_storm();
	test_flood();
	test_processes();
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
