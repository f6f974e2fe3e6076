// SPDX-License-Identifier: GPL-2.0-only
/*
 * A workload that makes each event that devices of the mock can make, and prints its calls, to be
 * compared with a tracer's output: 23 maps, 7 unmaps, 7 groups of page requests, and so on.
 *
 *	every-event [--policy] [--name NAME] [--wait] [--linger]
 *
 * A line on stdout for each event, in the order in which they happen, with the keys that the
 * tracer's JSON has:
 *
 *	event=map ioas=1 iova=0x10000000 length_bytes=4096 pages=1 ret=0
 *
 * and for each answer to page requests how long it may have taken:
 *
 *	latency grpid=1 min=1000000 max=2000000
 *
 * --policy: three pages more are mapped, which a policy is there to refuse (-EDQUOT). --name: the
 * process's name. --wait: begins when a line comes in on stdin; --linger: ends when one comes in,
 * so that a tracer can look at the process. The first line is pid=N. Exits with 0 when every call
 * went as it has to, else 1; 2 for usage.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/say.h"

#define BASE 0x10000000ull
#define STEP 0x100000ull /* from one map to the next */
#define MAPS 23
#define UNMAPS 7
#define GROUPS 7
#define MEM_PAGES 1024

static struct run {
	int fd;
	uint32_t ioas, other;
	struct mock dev;
	char *mem;
	unsigned int pages[MAPS]; /* of each map */
	char *at[MAPS]; /* and where its memory is */
} run;

/* A map into the address space that the device is attached to. Three pages are for the policy. */
static int map_one(unsigned int i, char *at)
{
	unsigned int pages = 1 + (i * 5) % 19;
	uint64_t iova = BASE + i * STEP;
	int ret;

	pages += pages == 3;
	ret = ioas__map_at(run.fd, run.ioas, at, pages * MEM_PAGE, iova);
	run.pages[i] = pages;
	run.at[i] = at;
	say("event=pin user_va=0x%" PRIxPTR " pages=%u ret=0", (uintptr_t)at, pages);
	say("event=map ioas=%u iova=0x%" PRIx64 " length_bytes=%lu user_va=0x%" PRIxPTR
	    " flags=0x7 pages=%u ret=0 error=null prot=rw",
	    run.ioas, iova, pages * MEM_PAGE, (uintptr_t)at, pages);
	return ret;
}

static int unmap_one(unsigned int i)
{
	uint64_t iova = BASE + i * STEP, length = run.pages[i] * MEM_PAGE;
	int ret = ioas__unmap_at(run.fd, run.ioas, iova, length);

	say("event=unpin user_va=0x%" PRIxPTR " pages=%u", (uintptr_t)run.at[i], run.pages[i]);
	say("event=unmap ioas=%u iova=0x%" PRIx64 " length_bytes=%" PRIu64
	    " unmapped_bytes=%" PRIu64 " areas=1 pages=%u ret=0",
	    run.ioas, iova, length, length, run.pages[i]);
	return ret;
}

static int map_all(void)
{
	char *at = run.mem;
	int ret = 0;

	for (unsigned int i = 0; i < MAPS && !ret; i++) {
		ret = map_one(i, at);
		at += run.pages[i] * MEM_PAGE;
	}
	for (unsigned int i = 0; i < UNMAPS && !ret; i++)
		ret = unmap_one(3 * i + 1);
	if (ret)
		return ret;
	/* The first one is there. */
	if (ioas__map_at(run.fd, run.ioas, run.mem, MEM_PAGE, BASE) != -EEXIST)
		return -EBADMSG;
	say("event=map ioas=%u iova=0x%llx pages=0 runs=0 pin_ns=0 map_ns=0 ret=-17 error=EEXIST",
	    run.ioas, BASE);
	if (ioas__unmap_at(run.fd, run.ioas, 9 * BASE, MEM_PAGE) != -ENOENT)
		return -EBADMSG;
	say("event=unmap ioas=%u iova=0x%llx unmapped_bytes=0 areas=0 ret=-2 error=ENOENT",
	    run.ioas, 9 * BASE);
	return 0;
}

/* Copy the first map into an address space without devices. */
static int copy_one(void)
{
	uint64_t to = 5 * BASE;
	int ret = ioas__copy(run.fd, run.other, run.ioas, BASE, MEM_PAGE, IOAS_R | IOAS_FIXED, &to);

	say("event=copy ioas=%u src_ioas=%u iova=0x%" PRIx64 " src_iova=0x%llx length_bytes=4096 "
	    "flags=0x5 pages=0 ret=0 prot=r-",
	    run.other, run.ioas, to, BASE);
	return ret;
}

static int map_file(void)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_RW | IOAS_FIXED,
		.ioas_id = run.ioas,
		.fd = memfd_create("every-event", MFD_CLOEXEC),
		.start = 2 * MEM_PAGE,
		.length = 5 * MEM_PAGE,
		.iova = 3 * BASE,
	};
	int ret = cmd.fd < 0 || ftruncate(cmd.fd, 9 * MEM_PAGE) ? -errno : 0;

	if (!ret)
		ret = iommu__ioctl(run.fd, IOMMU_IOAS_MAP_FILE, &cmd);
	say("event=map-file ioas=%u iova=0x%llx length_bytes=%lu user_va=0x%lx flags=0x7 pages=5 "
	    "ret=0 prot=rw",
	    run.ioas, 3 * BASE, 5 * MEM_PAGE, 2 * MEM_PAGE);
	close(cmd.fd);
	return ret;
}

/* The memory of a process cannot be taken over, only files can. */
static int take_over(void)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	if (iommu__ioctl(run.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd) != -EINVAL)
		return -EBADMSG;
	say("event=change-process pages=0 ret=-22 error=EINVAL");
	return 0;
}

static int test_fd(struct iommu_test_cmd *cmd)
{
	return mock__test(run.fd, cmd);
}

/* Pages pinned, written and returned by something without DMA. */
static int use_access(void)
{
	struct iommu_test_cmd create = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = run.ioas,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	struct iommu_test_cmd pin = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.access_pages = { .flags = MOCK_FLAGS_ACCESS_WRITE,
				  .iova = BASE,
				  .length = MEM_PAGE,
				  .uptr = (uintptr_t)run.mem },
	};
	struct iommu_test_cmd unpin = { .op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES };
	char data[77] = {};
	struct iommu_test_cmd rw = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.access_rw = { .iova = BASE + 5,
			       .length = sizeof(data),
			       .uptr = (uintptr_t)data,
			       .flags = MOCK_ACCESS_RW_WRITE },
	};
	int ret = test_fd(&create);

	pin.id = unpin.id = rw.id = create.create_access.out_access_fd;
	if (!ret)
		ret = test_fd(&pin);
	unpin.destroy_access_pages.access_pages_id = pin.access_pages.out_access_pages_id;
	say("event=access-pin ioas=%u iova=0x%llx length_bytes=4096 flags=0x1 ret=0", run.ioas,
	    BASE);
	if (!ret)
		ret = test_fd(&rw);
	say("event=access-rw ioas=%u iova=0x%llx length_bytes=77 flags=0x1 ret=0", run.ioas,
	    BASE + 5);
	if (!ret)
		ret = test_fd(&unpin);
	say("event=access-unpin ioas=%u iova=0x%llx length_bytes=4096 ret=0", run.ioas, BASE);
	close(create.create_access.out_access_fd);
	return ret;
}

/* Three requests, of which the second is none. */
static int invalidate(void)
{
	struct iommu_hwpt_invalidate_selftest inv[3] = { [1] = { .flags = 1u << 31 } };
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.data_uptr = (uintptr_t)inv,
		.entry_num = 3,
		.data_type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
		.entry_len = sizeof(*inv),
	};
	uint32_t parent;
	int ret = mock__hwpt(&run.dev, run.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0,
			     &parent);

	if (!ret)
		ret = mock__hwpt(&run.dev, parent, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data,
				 sizeof(data), &cmd.hwpt_id);
	if (ret)
		return ret;
	say("event=hwpt-alloc device=%u bdf=null pt=%u ioas=%u parent=null hwpt=%u flags=0x1 "
	    "data_type=0 ret=0 error=null",
	    run.dev.dev, run.ioas, run.ioas, parent);
	say("event=hwpt-alloc device=%u bdf=null pt=%u ioas=%u parent=%u hwpt=%u flags=0x0 "
	    "data_type=%u ret=0 error=null",
	    run.dev.dev, parent, run.ioas, parent, cmd.hwpt_id, IOMMU_HWPT_DATA_SELFTEST);
	ret = iommu__ioctl(run.fd, IOMMU_HWPT_INVALIDATE, &cmd);
	say("event=invalidate id=%u asked=3 done=1 ret=%d", cmd.hwpt_id, ret);
	return ret && cmd.entry_num == 1 ? 0 : -EBADMSG;
}

/* The device goes to a page table that is tracked, writes five pages, and they are read. */
static int track(void)
{
	struct iommu_hwpt_set_dirty_tracking on = {
		.size = sizeof(on),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};
	uint64_t bitmap[4] = {};
	static char data[5 * MEM_PAGE];
	struct iommu_hwpt_get_dirty_bitmap get = {
		.size = sizeof(get),
		.iova = 3 * BASE,
		.length = 5 * MEM_PAGE,
		.page_size = MEM_PAGE,
		.data = (uintptr_t)bitmap,
	};
	uint32_t hwpt;
	int ret = mock__hwpt(&run.dev, run.ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0, 0, NULL, 0,
			     &hwpt);

	if (!ret)
		ret = mock__replace(&run.dev, hwpt);
	say("event=replace device=%u bdf=null pasid=null ioas=%u hwpt=%u old_hwpt=%u ret=0",
	    run.dev.dev, run.ioas, hwpt, run.dev.hwpt);
	on.hwpt_id = get.hwpt_id = hwpt;
	if (!ret)
		ret = iommu__ioctl(run.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &on);
	if (!ret)
		ret = mock__dma(&run.dev, 0, 3 * BASE, data, sizeof(data), true);
	if (!ret)
		ret = iommu__ioctl(run.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get);
	say("event=dirty hwpt=%u ioas=%u iova=0x%llx length_bytes=%lu page_size_bytes=4096 "
	    "flags=0x0 dirty=5 ret=0",
	    hwpt, run.ioas, 3 * BASE, 5 * MEM_PAGE);
	if (!ret && bitmap[0] != 0x1f)
		ret = -EBADMSG;
	if (!ret)
		ret = mock__replace(&run.dev, run.ioas);
	return ret;
}

/* DMA to an unmapped address, without a fault queue. */
static int fault_for_ever(void)
{
	char data[8];
	int ret = 0;

	for (unsigned int i = 0; i < 3 && !ret; i++) {
		uint64_t iova = 7 * BASE + i * MEM_PAGE;

		if (mock__dma(&run.dev, 0, iova, data, sizeof(data), i & 1) != -EFAULT)
			ret = -EBADMSG;
		say("event=io-page-fault ctx=null tgid=null addr=0x%" PRIx64 " perm=0x%x", iova,
		    i & 1 ? 2 : 1);
	}
	return ret;
}

static int answer_one(uint32_t hwpt, uint32_t fault, int fault_fd, unsigned int group)
{
	uint32_t code = group % 2 ? IOMMUFD_PAGE_RESP_SUCCESS : IOMMUFD_PAGE_RESP_INVALID;
	uint64_t addr = 7 * BASE + group * MEM_PAGE, begin = say__now(), told, answer;
	struct pollfd wait = { .fd = fault_fd, .events = POLLIN };
	unsigned int requests = 1 + group % 3;
	struct iommu_hwpt_pgfault faults[3];
	int ret = mock__request(&run.dev, 0, group, addr, requests);

	if (ret)
		return ret;
	if (poll(&wait, 1, 30000) != 1 || fault__read(fault_fd, faults, 3) != (int)requests)
		return -EIO;
	told = say__now();
	usleep(1000 * group);
	answer = say__now();
	ret = fault__answer(fault_fd, faults[0].cookie, code);
	say("latency grpid=%u min=%" PRIu64 " max=%" PRIu64, group, answer - told,
	    say__now() - begin);
	addr = faults[requests - 1].addr;
	say("event=fault device=%u hwpt=%u fault=%u pasid=0 grpid=%u addr=0x%" PRIx64
	    " perm=0x1 requests=%u bdf=null",
	    run.dev.dev, hwpt, fault, group, addr, requests);
	say("event=response device=%u fault=%u pasid=0 grpid=%u cookie=%u code=%u bdf=null"
	    " addr=0x%" PRIx64 " response=%s",
	    run.dev.dev, fault, group, faults[0].cookie, code, addr,
	    code == IOMMUFD_PAGE_RESP_SUCCESS ? "ok" : "INVALID");
	return ret;
}

static int answer_all(void)
{
	uint32_t fault, hwpt;
	int fault_fd, ret;

	ret = fault__alloc(run.fd, &fault, &fault_fd);
	if (!ret)
		ret = mock__hwpt(&run.dev, run.ioas, IOMMU_HWPT_FAULT_ID_VALID, fault, 0, NULL, 0,
				 &hwpt);
	if (!ret)
		ret = mock__replace(&run.dev, hwpt);
	for (unsigned int group = 1; group <= GROUPS && !ret; group++)
		ret = answer_one(hwpt, fault, fault_fd, group);
	if (!ret)
		ret = mock__replace(&run.dev, run.ioas);
	close(fault_fd);
	return ret;
}

/* A device with a PASID that a guest knows as 21, from an IOAS to a page table. */
static int use_pasid(void)
{
	uint32_t whole, hwpt, automatic, id, number;
	struct mock dev;
	int ret = mock__device(&dev, run.fd, run.ioas, MOCK_FLAGS_DEVICE_PASID);
	char same[128];

	if (!ret)
		ret = mock__hwpt(&dev, run.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0,
				 &whole);
	if (!ret)
		ret = mock__replace(&dev, whole);
	if (!ret)
		ret = mock__hwpt(&dev, run.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0,
				 &hwpt);
	if (!ret)
		ret = pasid__alloc(run.fd, dev.dev, IOMMU_EXT_PASID_VIRT, 0, 21, &id, &number);
	if (!ret)
		ret = mock__queue(&dev, 0, MOCK_QUEUE_GUEST, 21, NULL, NULL);
	if (!ret)
		ret = pasid__attach(run.fd, id, run.ioas, &automatic);
	if (!ret)
		ret = pasid__replace(run.fd, id, hwpt, NULL);
	if (!ret)
		ret = pasid__detach(run.fd, id);
	if (!ret)
		ret = iommu__destroy(run.fd, id);
	if (!ret)
		ret = iommu__destroy(run.fd, dev.obj);
	if (ret)
		return ret;
	snprintf(same, sizeof(same), "id=%u device=%u bdf=null pasid=%u virt_pasid=21", id, dev.dev,
		 number);
	say("event=pasid-alloc %s flags=0x4 ret=0", same);
	say("event=pasid-translate device=%u virt_pasid=21 pt=null pasid=%u ret=0", dev.dev,
	    number);
	say("event=pasid-attach %s pt=%u hwpt=%u ret=0", same, run.ioas, automatic);
	say("event=pasid-replace %s pt=%u hwpt=%u old_hwpt=%u ret=0", same, hwpt, hwpt, automatic);
	say("event=pasid-detach %s pt=%u hwpt=%u", same, hwpt, hwpt);
	say("event=pasid-free %s", same);
	return 0;
}

/* Without privileges 30 pages with a limit of 20: a cause that the driver tells. */
static int exceed(void)
{
	struct rlimit old, few;
	uid_t real, user, saved;
	int ret;

	getresuid(&real, &user, &saved);
	getrlimit(RLIMIT_MEMLOCK, &old);
	few = (struct rlimit){ 20 * MEM_PAGE, old.rlim_max };
	setrlimit(RLIMIT_MEMLOCK, &few);
	if (!user && setresuid(54321, 54321, 0))
		return -errno;
	ret = ioas__map_at(run.fd, run.ioas, run.mem, 30 * MEM_PAGE, 6 * BASE);
	if (!user && setresuid(0, 0, 0))
		return -errno;
	setrlimit(RLIMIT_MEMLOCK, &old);
	say("event=refused reason=1 bdf=null limit_bytes=%lu need_bytes=%lu ret=-12 error=ENOMEM",
	    20 * MEM_PAGE, 30 * MEM_PAGE);
	say("event=map ioas=%u iova=0x%llx length_bytes=%lu ret=-12 error=ENOMEM", run.ioas,
	    6 * BASE, 30 * MEM_PAGE);
	return ret == -ENOMEM ? 0 : -EBADMSG;
}

static int ask_policy(void)
{
	if (ioas__map_at(run.fd, run.ioas, run.mem, 3 * MEM_PAGE, 8 * BASE - STEP) != -EDQUOT)
		return -EBADMSG;
	say("event=policy object=%u flags=0x0 ret=-122 error=EDQUOT hook_name=ioas_map", run.ioas);
	say("event=map ioas=%u iova=0x%llx length_bytes=%lu pages=0 ret=-122 error=EDQUOT",
	    run.ioas, 8 * BASE - STEP, 3 * MEM_PAGE);
	return 0;
}

static int open_all(void)
{
	int ret;

	run.mem = mem__small(MEM_PAGES * MEM_PAGE);
	run.fd = iommu__open();
	ret = run.fd < 0 ? run.fd : run.mem ? 0 : -ENOMEM;
	say("event=open");
	if (!ret)
		ret = ioas__alloc(run.fd, &run.ioas);
	if (!ret)
		ret = ioas__alloc(run.fd, &run.other);
	say("event=object-alloc id=%u type_code=1", run.other);
	if (!ret)
		ret = mock__device(&run.dev, run.fd, run.ioas, 0);
	say("event=attach device=%u bdf=null pasid=null ioas=%u hwpt=%u ret=0", run.dev.dev,
	    run.ioas, run.dev.hwpt);
	return ret;
}

static int close_all(void)
{
	int ret = iommu__destroy(run.fd, run.dev.obj);

	say("event=detach device=%u bdf=null pasid=null ioas=%u", run.dev.dev, run.ioas);
	say("event=unbind device=%u bdf=null", run.dev.dev);
	say("event=object-destroy id=%u type_code=3", run.dev.dev);
	close(run.fd);
	say("event=close");
	return ret;
}

static int run_all(bool policy)
{
	static const struct {
		const char *name;
		int (*part)(void);
	/* clang-format off */
	} parts[] = {
		{ "open", open_all }, { "map", map_all }, { "copy", copy_one },
		{ "map-file", map_file }, { "change-process", take_over },
		{ "access", use_access }, { "invalidate", invalidate }, { "dirty", track },
		{ "io-page-fault", fault_for_ever }, { "fault", answer_all },
		{ "pasid", use_pasid }, { "limit", exceed }, { "policy", ask_policy },
		{ "close", close_all },
	};
	/* clang-format on */
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].part == ask_policy && !policy)
			continue;
		ret = parts[i].part();
		if (!ret)
			continue;
		fprintf(stderr, "every-event: %s: %s\n", parts[i].name, strerror(-ret));
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "policy", no_argument, NULL, 'p' },
						 { "name", required_argument, NULL, 'n' },
						 { "wait", no_argument, NULL, 'w' },
						 { "linger", no_argument, NULL, 'l' },
						 {} };
	bool policy = false, wait = false, linger = false, bad = false;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p')
			policy = true;
		else if (opt == 'n')
			prctl(PR_SET_NAME, optarg);
		else if (opt == 'w')
			wait = true;
		else if (opt == 'l')
			linger = true;
		else
			bad = true;
	}
	if (bad || optind != argc) {
		fprintf(stderr,
			"usage: every-event [--policy] [--name NAME] [--wait] [--linger]\n");
		return 2;
	}
	say("pid=%d", getpid());
	fflush(stdout);
	if (wait && getchar() == EOF)
		return 1;
	ret = run_all(policy);
	fflush(stdout);
	if (linger && getchar() == EOF)
		return 1;
	return ret;
}
