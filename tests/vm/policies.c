// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shipped policies for memory: quota, readonly, iova_guard, rate, audit; the example of
 * iommufd-policy(7), and the template of iopolicy new. policies-device.c tests those for devices
 * and PASIDs.
 *
 * Finds these faults: a policy does not load on the stock kernel; a limit is off by a byte, or
 * is exceeded by calls at the same time; an exception has no effect; a refusal has another errno or
 * reason; a refused call pins memory; a policy in audit mode refuses.
 *
 * vm: --mock --smp 2
 * takes: 14
 * before: tests/man-example
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"

#define P MEM_PAGE
#define PAGES 64
#define SLOW (256ul << 20) /* bytes that take a while to map */

static struct policy pol;
static struct mock m;
static char *mem;

static int map(uint32_t ioas, unsigned int page, unsigned int pages)
{
	return fixture__map(&m, ioas, mem, page, pages);
}

static int map_flags(uint32_t ioas, unsigned int page, unsigned int pages, uint32_t flags)
{
	uint64_t iova = AT(page);

	return ioas__map(m.fd, ioas, mem + page * P, pages * P, flags | IOAS_FIXED, &iova);
}

static int unmap(uint32_t ioas, unsigned int page, unsigned int pages)
{
	return ioas__unmap_at(m.fd, ioas, AT(page), pages * P);
}

static bool start(const char *name, const char *settings)
{
	return mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) &&
	       policy__start(&pol, name, settings);
}

/* ---- quota ---- */

static void quota_uid(void)
{
	static const char name[] = "quota";
	const uint32_t uid = getuid();
	struct mock other;
	uint32_t free, hwpt;
	uint64_t limit, to;

	if (!start(name, "uid_limit=32768"))
		return;
	tap__err(ioas__alloc(m.fd, &free), 0, "%s: alloc an IOAS without a device", name);
	tap__err(map(m.ioas, 0, 4), 0, "%s: map half of the limit", name);
	tap__err(map(m.ioas, 4, 4), 0, "%s: map up to the limit", name);
	tap__err(map(m.ioas, 8, 1), -ENOMEM, "%s: map one page more", name);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -ENOMEM, "uid 0: 36 of 32 KiB");
	tap__is(mem__pinned(8), 8, "%s: the limit is pinned", name);

	tap__err(map(free, 16, 16), 0, "%s: maps that pin nothing have no limit", name);
	to = AT(32);
	tap__err(ioas__copy(m.fd, m.ioas, m.ioas, AT(0), 4 * P, IOAS_FIXED | IOAS_RW, &to), 0,
		 "%s: copies of pinned pages have no limit", name);
	tap__err(mock__add(&other, &m, free, 0), -ENOMEM, "%s: attach, which would pin", name);
	policy__refused(name, IOMMUFD_HOOK_DEVICE_ATTACH, -ENOMEM, "uid 0: 96 of 32 KiB");
	tap__err(mock__hwpt(&m, free, 0, 0, 0, NULL, 0, &hwpt), -ENOMEM,
		 "%s: alloc a page table, which would pin", name);
	policy__refused(name, IOMMUFD_HOOK_HWPT_ALLOC, -ENOMEM, "uid 0: 96 of 32 KiB");
	tap__is(mem__pinned(8), 8, "%s: nothing more is pinned", name);

	tap__err(unmap(m.ioas, 4, 4), 0, "%s: unmap half", name);
	tap__err(map(m.ioas, 8, 5), -ENOMEM, "%s: map one page too many", name);
	tap__err(map(m.ioas, 8, 4), 0, "%s: map up to the limit again", name);

	limit = 9 * P - 1;
	tap__err(policy__set(&pol, "uids", &uid, &limit), 0, "%s: set 9 pages less one byte", name);
	tap__err(map(m.ioas, 12, 1), -ENOMEM, "%s: map the ninth page", name);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -ENOMEM, "uid 0: 36 of 35 KiB");
	limit = 9 * P;
	policy__set(&pol, "uids", &uid, &limit);
	tap__err(map(m.ioas, 12, 1), 0, "%s: map it with 9 pages allowed", name);
	tap__err(map(m.ioas, 13, 1), -ENOMEM, "%s: map the tenth page", name);
	limit = 0;
	policy__set(&pol, "uids", &uid, &limit);
	tap__err(mock__add(&other, &m, free, 0), 0, "%s: attach without a limit", name);
	tap__is(mem__pinned(25), 25, "%s: all pages are pinned", name);
	policy__set(&pol, "uids", &uid, NULL);
	tap__err(map(m.ioas, 13, 1), -ENOMEM, "%s: the common limit applies again", name);
	fixture__end(&m, &pol, name);
}

/* In audit mode the policy counts the refusals, and the calls succeed. */
static void quota_audit(void)
{
	static const char name[] = "quota";
	struct iommufd_policy_info info = {};

	if (!start(name, "uid_limit=4096 @flags=1"))
		return;
	tap__err(map(m.ioas, 0, 1), 0, "%s, audit: map a page", name);
	tap__err(map(m.ioas, 1, 3), 0, "%s, audit: map more than the limit", name);
	tap__err(policy__info(name, &info), 0, "%s, audit: loaded", name);
	tap__is(info.counts[IOMMUFD_HOOK_IOAS_MAP].allowed, 1, "%s, audit: one allowed", name);
	tap__is(info.counts[IOMMUFD_HOOK_IOAS_MAP].would_deny, 1, "%s, audit: one would be denied",
		name);
	tap__is(info.counts[IOMMUFD_HOOK_IOAS_MAP].denied, 0, "%s, audit: none denied", name);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -ENOMEM, "uid 0: 16 of 4 KiB");
	fixture__end(&m, &pol, name);
}

#define THREADS 4

static void *map_until_refused(void *arg)
{
	unsigned int first = (uintptr_t)arg;
	long n = 0;

	for (unsigned int i = first; i < PAGES; i += THREADS)
		n += !map(m.ioas, i, 1);
	return (void *)n;
}

static void quota_threads(void)
{
	static const char name[] = "quota";
	pthread_t thread[THREADS];
	long sum = 0;
	void *n;

	if (!start(name, "uid_limit=122880"))
		return;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, map_until_refused, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &n);
		sum += (long)n;
	}
	/* A thread can be refused because of a map of another thread that fails later. */
	tap__ok(sum <= 30 && sum > 30 - THREADS, "%s: threads map %ld of 30 allowed pages", name,
		sum);
	tap__is(mem__pinned(sum), sum, "%s: these are pinned", name);
	fixture__end(&m, &pol, name);
}

/* A process with a device, perhaps in a cgroup, that maps pages until a map is refused. */
struct holder {
	pid_t pid;
	int go; /* the process exits when it reads a byte from it */
	int pages, err;
};

static void hold(const char *cgroup, int go, int said)
{
	int answer[2] = { 0 };
	char c;

	answer[1] = cgroup && !fixture__join_cgroup(cgroup) ? -EIO : 0;
	if (!answer[1])
		answer[1] = mock__open(&m, 0);
	while (!answer[1] && answer[0] < PAGES) {
		answer[1] = map(m.ioas, answer[0], 1);
		answer[0] += !answer[1];
	}
	if (write(said, answer, sizeof(answer)) == sizeof(answer) && read(go, &c, 1) < 0)
		_exit(1);
	_exit(0);
}

static void hold_start(struct holder *h, const char *cgroup)
{
	int go[2], said[2], answer[2] = { 0, -EIO };

	if (pipe2(go, O_CLOEXEC) || pipe2(said, O_CLOEXEC))
		return;
	h->pid = fork();
	if (!h->pid) {
		close(go[1]);
		hold(cgroup, go[0], said[1]);
	}
	close(go[0]);
	close(said[1]);
	if (read(said[0], answer, sizeof(answer)) != sizeof(answer))
		answer[1] = -EIO;
	close(said[0]);
	*h = (struct holder){ h->pid, go[1], answer[0], answer[1] };
}

static void hold_end(struct holder *h)
{
	if (write(h->go, "", 1) != 1)
		kill(h->pid, SIGKILL);
	close(h->go);
	waitpid(h->pid, NULL, 0);
}

static void quota_process(void)
{
	static const char name[] = "quota";
	struct holder a, b;

	if (!policy__start(&pol, name, "process_limit=16384 error=122"))
		return;
	hold_start(&a, NULL);
	hold_start(&b, NULL);
	tap__ok(a.pages == 4 && b.pages == 4, "%s: two processes have 4 pages each (%d, %d)", name,
		a.pages, b.pages);
	tap__err(a.err, -EDQUOT, "%s: the errno is that of the parameter", name);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -EDQUOT, "process: 20 of 16 KiB");
	tap__is(mem__pinned(8), 8, "%s: these are pinned", name);
	hold_end(&a);
	hold_end(&b);
	policy__unload(&pol);
}

static void quota_cgroup(void)
{
	static const char name[] = "quota";
	struct holder a, b, c;
	char reason[64];
	uint64_t id, limit;

	if (mkdir(CGROUP "/pol", 0755) || mkdir(CGROUP "/pol/a", 0755) ||
	    mkdir(CGROUP "/pol/b", 0755)) {
		tap__skip("cgroup2 is not mounted", "%s: cgroups", name);
		return;
	}
	if (!policy__start(&pol, name, "cgroup_limit=16384"))
		return;
	hold_start(&a, "pol/a");
	tap__is(a.pages, 4, "%s: a cgroup gets up to its limit", name);
	tap__err(a.err, -ENOMEM, "%s: and no more", name);
	snprintf(reason, sizeof(reason), "cgroup %" PRIu64 ": 20 of 16 KiB",
		 fixture__cgroup_id("pol/a"));
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -ENOMEM, reason);
	hold_start(&b, "pol/a");
	tap__is(b.pages, 0, "%s: a second process in it gets nothing", name);
	hold_end(&b);

	id = fixture__cgroup_id("pol");
	limit = 6 * P;
	tap__err(policy__set(&pol, "cgroups", &id, &limit), 0,
		 "%s: set 6 pages for the cgroup above", name);
	hold_start(&b, "pol/b");
	tap__is(b.pages, 2, "%s: another cgroup below gets the rest", name);
	snprintf(reason, sizeof(reason), "cgroup %" PRIu64 ": 28 of 24 KiB", id);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -ENOMEM, reason);
	tap__is(mem__pinned(6), 6, "%s: 6 pages are pinned", name);
	hold_end(&b);
	hold_end(&a);

	id = fixture__cgroup_id("pol/a");
	limit = 5 * P;
	policy__set(&pol, "cgroups", &id, &limit);
	hold_start(&c, "pol/a");
	tap__is(c.pages, 5, "%s: a cgroup with its own limit", name);
	hold_end(&c);
	policy__unload(&pol);
	rmdir(CGROUP "/pol/a");
	rmdir(CGROUP "/pol/b");
	rmdir(CGROUP "/pol");
}

/* ---- readonly ---- */

static void readonly_all(void)
{
	static const char name[] = "readonly";
	uint32_t writable, shut;
	uint64_t to = AT(40);
	struct mock other;

	if (!mock__start(&m, name, 0))
		return;
	tap__err(ioas__alloc(m.fd, &writable), 0, "%s: alloc an IOAS", name);
	tap__err(map_flags(writable, 0, 1, IOAS_RW), 0, "%s: map writable before loading", name);
	if (!policy__start(&pol, name, ""))
		return;
	tap__err(map_flags(m.ioas, 0, 2, IOAS_R), 0, "%s: map readable", name);
	tap__err(map_flags(m.ioas, 2, 2, IOAS_RW), -EPERM, "%s: map writable", name);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -EPERM, "ioas 1: writable map at 0x1002000");
	tap__err(map_flags(m.ioas, 2, 2, IOAS_W), -EPERM, "%s: map write-only", name);
	tap__err(ioas__copy(m.fd, m.ioas, m.ioas, AT(0), P, IOAS_FIXED | IOAS_RW, &to), -EPERM,
		 "%s: copy writable", name);
	tap__err(ioas__copy(m.fd, m.ioas, m.ioas, AT(0), P, IOAS_FIXED | IOAS_R, &to), 0,
		 "%s: copy readable", name);
	tap__is(mem__pinned(2), 2, "%s: refused maps pin nothing", name);
	tap__err(mock__replace(&m, writable), -EPERM, "%s: attach to writable memory", name);
	tap__err(mock__add(&other, &m, writable, 0), -EPERM, "%s: attach another device to it",
		 name);
	tap__err(ioas__alloc(m.fd, &shut), 0, "%s: alloc an IOAS", name);
	tap__err(map_flags(shut, 0, 1, IOAS_R), 0, "%s: map readable", name);
	tap__err(mock__replace(&m, shut), 0, "%s: attach to it", name);
	fixture__end(&m, &pol, name);
}

/* Mock devices are not PCI devices; one entry lists all devices of that kind. */
static void readonly_listed(void)
{
	static const char name[] = "readonly";
	const uint32_t others = IOMMUFD_NONE, one = 1;
	uint32_t writable, hwpt;
	char reason[64];

	if (!start(name, "listed_only=1"))
		return;
	tap__err(ioas__alloc(m.fd, &writable), 0, "%s: alloc an IOAS", name);
	tap__err(map_flags(m.ioas, 0, 1, IOAS_RW), 0, "%s: map writable with an empty list", name);
	tap__err(map_flags(writable, 0, 1, IOAS_RW), 0, "%s: map in another IOAS", name);
	tap__err(mock__hwpt(&m, writable, 0, 0, 0, NULL, 0, &hwpt), 0, "%s: alloc its page table",
		 name);
	tap__err(mock__replace(&m, writable), 0, "%s: attach to it", name);
	tap__err(policy__set(&pol, "devices", &others, &one), 0, "%s: list the device", name);
	tap__err(mock__replace(&m, m.ioas), -EPERM, "%s: attach to writable memory", name);
	snprintf(reason, sizeof(reason), "ioas %u: writable at 0x%" PRIx64, m.ioas, AT(0));
	policy__refused(name, IOMMUFD_HOOK_DEVICE_ATTACH, -EPERM, reason);
	tap__err(mock__replace(&m, hwpt), -EPERM, "%s: attach to a page table with writable memory",
		 name);
	tap__err(unmap(m.ioas, 0, 1), 0, "%s: unmap", name);
	tap__err(map_flags(m.ioas, 1, 1, IOAS_R), 0, "%s: map readable", name);
	tap__err(mock__replace(&m, m.ioas), 0, "%s: attach to it", name);
	tap__err(map_flags(m.ioas, 2, 1, IOAS_RW), -EPERM, "%s: map writable there", name);
	tap__err(map_flags(m.ioas, 2, 1, IOAS_R), 0, "%s: map readable", name);
	tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: unbind the device", name);
	tap__err(map_flags(m.ioas, 3, 1, IOAS_RW), 0, "%s: map writable without the device", name);
	fixture__end(&m, &pol, name);
}

struct slow_map {
	uint32_t ioas;
	char *mem;
	int ret;
	atomic_bool done;
};

static void *map_slowly(void *arg)
{
	struct slow_map *slow = arg;

	slow->ret = ioas__map_at(m.fd, slow->ioas, slow->mem, SLOW, AT(0));
	atomic_store(&slow->done, true);
	return NULL;
}

static uint64_t maps_allowed(const char *name)
{
	struct iommufd_policy_info info = {};

	return policy__info(name, &info) ? 0 : info.counts[IOMMUFD_HOOK_IOAS_MAP].allowed;
}

/* Attach a device while a writable map is in progress, which was allowed before the attach. */
static void readonly_meanwhile(void)
{
	static const char name[] = "readonly";
	const uint32_t others = IOMMUFD_NONE, one = 1;
	struct slow_map slow = { .mem = mem__small(SLOW) };
	pthread_t thread;
	uint32_t hwpt;
	bool done;
	int ret;

	if (!start(name, "listed_only=1"))
		return;
	tap__err(ioas__alloc(m.fd, &slow.ioas), 0, "%s: alloc an IOAS", name);
	tap__err(mock__hwpt(&m, slow.ioas, 0, 0, 0, NULL, 0, &hwpt), 0, "%s: alloc its page table",
		 name);
	policy__set(&pol, "devices", &others, &one);
	pthread_create(&thread, NULL, map_slowly, &slow);
	while (!maps_allowed(name) && !atomic_load(&slow.done))
		;
	ret = mock__replace(&m, hwpt);
	done = atomic_load(&slow.done);
	pthread_join(thread, NULL);
	if (done)
		tap__skip("the map was too fast", "%s: attach during the map", name);
	else
		tap__err(ret, -EPERM, "%s: attach during the map", name);
	tap__err(slow.ret, 0, "%s: the map succeeds", name);
	tap__err(mock__replace(&m, slow.ioas), -EPERM, "%s: attach", name);
	tap__err(ioas__unmap_all(m.fd, slow.ioas), 0, "%s: unmap", name);
	tap__err(mock__replace(&m, slow.ioas), 0, "%s: attach", name);
	mem__free(slow.mem, SLOW);
	fixture__end(&m, &pol, name);
}

/* ---- iova_guard ---- */

static void iova_guard(void)
{
	static const char name[] = "iova_guard";
	const struct {
		uint32_t uid, index;
	} key = { getuid(), 7 };
	const struct {
		uint64_t start, last;
	} window = { AT(32), AT(34) - 1 };
	struct iommu_iova_range allow = { AT(4), AT(8) - 1 };
	uint64_t iova = 0;

	/* Pages 4 to 7, and 16. */
	if (!start(name, "start1=0x1004000 last1=0x1007fff start8=0x1010000 last8=0x1010fff"))
		return;
	tap__err(map(m.ioas, 4, 4), 0, "%s: map a whole window", name);
	tap__err(map(m.ioas, 16, 1), 0, "%s: map another window", name);
	tap__err(unmap(m.ioas, 4, 4), 0, "%s: unmap the first", name);
	tap__err(map(m.ioas, 3, 1), -EPERM, "%s: map before a window", name);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -EPERM,
			"0x1003000+0x1000 outside all windows");
	tap__err(map(m.ioas, 3, 2), -EPERM, "%s: map across its start", name);
	tap__err(map(m.ioas, 7, 2), -EPERM, "%s: map across its end", name);
	tap__err(map(m.ioas, 8, 1), -EPERM, "%s: map after a window", name);
	tap__err(map(m.ioas, 4, 1), 0, "%s: map its first page", name);
	tap__err(map(m.ioas, 7, 1), 0, "%s: map its last page", name);
	tap__err(map(m.ioas, 32, 2), -EPERM, "%s: map in a user's window before it is set", name);
	tap__err(policy__set(&pol, "uids", &key, &window), 0, "%s: set a window for the user",
		 name);
	tap__err(map(m.ioas, 32, 2), 0, "%s: map in the user's window", name);
	tap__err(map(m.ioas, 34, 1), -EPERM, "%s: map after a window", name);

	tap__err(ioas__map(m.fd, m.ioas, mem, P, IOAS_RW, &iova), -EPERM, "%s: map at any address",
		 name);
	tap__err(ioas__allow(m.fd, m.ioas, &allow, 1), 0, "%s: allow only the window", name);
	tap__err(ioas__map(m.fd, m.ioas, mem, P, IOAS_RW, &iova), 0, "%s: map at any address in it",
		 name);
	fixture__end(&m, &pol, name);

	if (!start(name, ""))
		return;
	tap__err(map(m.ioas, 4, 1), -EPERM, "%s: map without windows", name);
	fixture__end(&m, &pol, name);
	if (!start(name, "default_allow=1"))
		return;
	tap__err(map(m.ioas, 4, 1), 0, "%s: map without windows, allowed by default", name);
	tap__err(policy__set(&pol, "uids", &key, &window), 0, "%s: set a window for the user",
		 name);
	tap__err(map(m.ioas, 5, 1), -EPERM, "%s: map outside the only window", name);
	fixture__end(&m, &pol, name);
}

/* ---- rate ---- */

#define REQUESTS 32

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Map and unmap a page in so many tries, for so many seconds. Return how many maps succeeded.
 * *lost is the number of maps that the full bucket of the rate may have lost because this process
 * did not get to run in time.
 */
static int map_often(int fd, uint32_t ioas, int tries, double seconds, double rate, double *lost)
{
	double start = now(), last = start, before = start, over;
	int n = 0, ret;

	for (*lost = 0; tries-- > 0 || last < start + seconds; before = last, last = now()) {
		ret = ioas__map_at(fd, ioas, mem, P, AT(0));
		if (!ret) {
			n++;
			ioas__unmap_at(fd, ioas, AT(0), P);
		} else if (ret != -EAGAIN) {
			return ret;
		}
		/* The policy read the clock at some time since the try before. */
		over = rate * (now() - before) - 1;
		if (over > 0)
			*lost += over;
	}
	return n;
}

static void rate_maps(void)
{
	static const char name[] = "rate";
	double begin, took, lost;
	struct mock other;
	int n, most;

	/* The bucket fills while the test runs, so try until it is empty. */
	if (!start(name, "maps_per_second=1 burst=5"))
		return;
	begin = now();
	n = 0;
	while (map(m.ioas, 0, 1) == 0) {
		n++;
		unmap(m.ioas, 0, 1);
	}
	most = 5 + (int)(now() - begin);
	tap__ok(n >= 5 && n <= most, "%s: a burst of 5: %d maps, at most %d", name, n, most);
	tap__err(mock__open(&other, 0), 0, "%s: open another file", name);
	tap__ok(map_often(other.fd, other.ioas, 5, 0, 1, &lost) == 5, "%s: it has its own burst",
		name);
	close(other.fd);
	policy__refused(name, IOMMUFD_HOOK_IOAS_MAP, -EAGAIN, "over 1 maps/s, burst 5");
	fixture__end(&m, &pol, name);

	if (!start(name, "maps_per_second=20 burst=2"))
		return;
	begin = now();
	n = map_often(m.fd, m.ioas, 0, 3, 20, &lost);
	took = now() - begin;
	most = 2 + (int)(20 * took);
	tap__ok(n <= most && n >= most - 2 - lost,
		"%s: 20 maps/s: %d in %.3f s, of which %.0f may have been lost", name, n, took,
		lost);
	fixture__end(&m, &pol, name);
}

static void rate_faults(void)
{
	static const char name[] = "rate";
	struct iommu_hwpt_pgfault got[REQUESTS];
	struct iommufd_mock_response resp[REQUESTS];
	int ret, fault_fd, n, most, invalid = 0;
	uint32_t fault, hwpt;
	double begin;

	/* At one request per second the bucket gets only a few during the test. */
	if (!start(name, "faults_per_second=1 fault_burst=3"))
		return;
	ret = fault__alloc(m.fd, &fault, &fault_fd);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault, 0, NULL, 0, &hwpt);
	if (!ret)
		ret = mock__replace(&m, hwpt);
	if (!mock__has_requests()) {
		tap__err(ret, -ENODEV, "%s: this kernel has no page requests", name);
		close(fault_fd);
		fixture__end(&m, &pol, name);
		return;
	}
	tap__err(ret, 0, "%s: attach to a page table with a fault queue", name);
	begin = now();
	for (uint32_t i = 1; i <= REQUESTS && !ret; i++)
		ret = mock__request(&m, 0, i, AT(i), 1);
	most = 3 + (int)(now() - begin);
	tap__err(ret, 0, "%s: make %d page requests", name, REQUESTS);
	n = fault__read(fault_fd, got, REQUESTS);
	tap__ok(n >= 3 && n <= most, "%s: a burst of 3: %d are in the queue, at most %d", name, n,
		most);
	ret = mock__responses(&m, resp, REQUESTS);
	for (int i = 0; i < ret; i++)
		invalid += resp[i].code == 1;
	tap__is(invalid, REQUESTS - n, "%s: the responses to the others are invalid", name);
	tap__is(ret, invalid, "%s: there are no other responses", name);
	policy__refused(name, IOMMUFD_HOOK_FAULT, -EAGAIN, "over 1 faults/s, burst 3");
	tap__err(map(m.ioas, 0, 1), 0, "%s: maps have no limit", name);
	close(fault_fd);
	fixture__end(&m, &pol, name);
}

/* ---- audit ---- */

struct audit_key {
	uint32_t hook, uid;
};

struct audit_count {
	uint64_t calls, bytes, pin_bytes;
};

struct audit_total {
	uint64_t recorded, counted, lost;
};

/* The first members of a record of audit.bpf.c. */
struct audit_record {
	uint64_t number, time_ns, cgroup, iova, length, need, uid_pinned;
	uint32_t hook, flags, ctx, tgid, uid, device, sbdf, ioas;
	uint32_t hwpt, pt, pasid, prot, kind, requests;
	char comm[16];
};

static uint64_t calls(uint32_t hook)
{
	struct audit_key key = { hook, getuid() };
	struct audit_count count = {};

	policy__get(&pol, "counts", &key, &count);
	return count.calls;
}

static void audit(void)
{
	static const char name[] = "audit";
	struct audit_key key = { IOMMUFD_HOOK_IOAS_MAP, getuid() };
	struct audit_record record = {};
	struct audit_count count = {};
	struct iommufd_policy_info info = {};
	struct audit_total total = {};
	uint32_t slot, zero = 0, hwpt;
	int ret = 0;

	if (!policy__start(&pol, name, "") || !mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID))
		return;
	for (unsigned int i = 0; i < 23 && !ret; i++)
		ret = map(m.ioas, i, 1);
	for (unsigned int i = 0; i < 7 && !ret; i++)
		ret = unmap(m.ioas, i, 1);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &hwpt);
	if (!ret)
		ret = mock__replace(&m, hwpt);
	if (!ret)
		ret = mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 5, hwpt);
	tap__err(ret, 0, "%s: nothing is refused", name);
	tap__is(calls(IOMMUFD_HOOK_DEVICE_BIND), 1, "%s: one bind", name);
	tap__is(calls(IOMMUFD_HOOK_DEVICE_ATTACH), 2, "%s: attach and replace", name);
	tap__is(calls(IOMMUFD_HOOK_IOAS_MAP), 23, "%s: 23 maps", name);
	tap__is(calls(IOMMUFD_HOOK_IOAS_UNMAP), 7, "%s: 7 unmaps", name);
	tap__is(calls(IOMMUFD_HOOK_HWPT_ALLOC), 1, "%s: one page table", name);
	tap__is(calls(IOMMUFD_HOOK_PASID_ATTACH), 1, "%s: one PASID attached", name);
	tap__is(calls(IOMMUFD_HOOK_FAULT), 0, "%s: no fault", name);
	policy__get(&pol, "counts", &key, &count);
	tap__is(count.bytes, 23 * P, "%s: bytes of the maps", name);
	tap__is(count.pin_bytes, 23 * P, "%s: bytes to pin", name);

	policy__get(&pol, "totals", &zero, &total);
	tap__is(total.recorded, 35, "%s: 35 requests recorded", name);
	tap__is(total.counted, 35, "%s: 35 counted", name);
	tap__is(total.lost, 0, "%s: none lost", name);
	slot = 25; /* after bind and attach, the 23rd map */
	policy__get(&pol, "last", &slot, &record);
	tap__is(record.number, 25, "%s: the last map is recorded", name);
	tap__ok(record.hook == IOMMUFD_HOOK_IOAS_MAP && record.iova == AT(22) &&
			record.length == P && record.need == P && record.ioas == m.ioas &&
			record.uid_pinned == 22 * P && record.flags == IOMMUFD_REQUEST_FIXED &&
			record.prot == (IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE) &&
			record.kind == IOMMUFD_MEMORY_USER && record.tgid == (uint32_t)getpid() &&
			!strcmp(record.comm, "policies"),
		"%s: the record is right", name);
	slot = 35;
	policy__get(&pol, "last", &slot, &record);
	tap__ok(record.hook == IOMMUFD_HOOK_PASID_ATTACH && record.pasid == 5 &&
			record.pt == hwpt && record.ioas == m.ioas,
		"%s: the record of the PASID is right", name);

	policy__info(name, &info);
	tap__is(info.flags, IOMMUFD_POLICY_AUDIT, "%s: is in audit mode", name);
	tap__is(info.hooks, (1 << IOMMUFD_HOOKS) - 1, "%s: has all hooks", name);
	tap__ok(info.id && info.link_id, "%s: has an id and a link", name);
	tap__is(info.counts[IOMMUFD_HOOK_IOAS_MAP].allowed, 23, "%s: allowed 23 times", name);
	fixture__end(&m, &pol, name);
}

/* ---- the example in the manual page ---- */

/* The policy that tests/man-example compiled from iommufd-policy(7). */
static void example(void)
{
	static const char name[] = "example", path[] = "build/tests/man-example/filelimit.bpf.o";

	if (!mock__start(&m, name, 0) ||
	    !tap__err(policy__load(&pol, path, "limit=8192"), 0, "%s: loaded", name))
		return;
	tap__err(map(m.ioas, 0, 2), 0, "%s: map up to the limit", name);
	tap__err(map(m.ioas, 2, 1), -ENOMEM, "%s: map more", name);
	policy__refused("filelimit", IOMMUFD_HOOK_IOAS_MAP, -ENOMEM, "12288 of 8192 bytes");
	fixture__end(&m, &pol, name);
}

/* The template of `iopolicy new mylimit`, which tests/man-example compiled as the manual says. */
static void template(void)
{
	static const char name[] = "template", path[] = "build/tests/man-example/mylimit.bpf.o";
	const uint32_t uid = getuid(), on = 1;
	char reason[IOMMUFD_POLICY_REASON_LEN];

	if (!mock__start(&m, name, 0) ||
	    !tap__err(policy__load(&pol, path, "limit=8192"), 0, "%s: loaded", name))
		return;
	tap__err(map(m.ioas, 0, 2), 0, "%s: map up to the limit", name);
	tap__err(map(m.ioas, 2, 1), -ENOMEM, "%s: map more", name);
	snprintf(reason, sizeof(reason), "uid %u: 12288 bytes", getuid());
	policy__refused("mylimit", IOMMUFD_HOOK_IOAS_MAP, -ENOMEM, reason);
	policy__set(&pol, "exempt", &uid, &on);
	tap__err(map(m.ioas, 2, 1), 0, "%s: map more as an exempt user", name);
	fixture__end(&m, &pol, name);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	if (!mem)
		return tap__bail("no memory");
	quota_uid();
	quota_audit();
	quota_threads();
	quota_process();
	quota_cgroup();
	readonly_all();
	readonly_listed();
	readonly_meanwhile();
	iova_guard();
	rate_maps();
	rate_faults();
	audit();
	example();
	template();
	return tap__done();
}
