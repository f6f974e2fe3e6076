// SPDX-License-Identifier: GPL-2.0-only
/*
 * A workload of page requests and PASIDs of which every call is known, on any driver of /dev/iommu.
 * The device is that of iommu_endpoint.ko, which must be loaded.
 *
 *	endpoint-script [--hold]
 *
 * A line on stdout for each event, with the keys that iosnoop's JSON has, and two for the response
 * to a group: the bounds of its latency, and what the device got:
 *
 *	event=fault device=3 hwpt=4 fault=2 pasid=0 grpid=17 addr=0x10001000 perm=0x1 requests=2
 *	event=response device=3 fault=2 pasid=0 grpid=17 cookie=1 code=0 addr=0x10001000
 *	latency grpid=17 min=3000000 max=3400000
 *	device pasid=0 grpid=17 code=0
 *
 * PASIDs are attached only if the functions of the kernel's iommufd have them; "pasids=0" says that
 * they have not. --hold: when PASIDs are attached, or the whole device if they cannot be, print
 * "held ..." with what exists, and wait for a line on stdin. Exits with 0 when every call had the
 * result it should have, else 1; 2 for usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/iommufd_new.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/say.h"
#include "../modules/iommu_endpoint.h"

#define MEM_PAGES 512
#define BASE 0x10000000ull
#define STEP 0x100000ull
#define MAPS 23
#define GROUPS 7
#define FIRST_GROUP 17u
#define HELD 5000 /* PASIDs that are attached only with --hold */
#define FIRST_HELD 1000
#define NO_OBJECT 4711u /* an id that is not used */
#define IOMMU_GROUP "/sys/devices/platform/iommu_endpoint/iommu_group"
#define HWPT 2 /* types of objects */
#define DEVICE 3
#define NESTED 5
#define FAULT 6

static struct run {
	int fd, endpoint, fault_fd;
	uint32_t ioas[2], fault, device;
	uint32_t pasids; /* the highest to attach, or 0 */
	uint32_t grpid; /* of the next group */
	char *mem;
	bool hold;
} run = { .fd = -1, .endpoint = -1, .fault_fd = -1, .grpid = FIRST_GROUP };

/* What a PASID, or the whole device, is attached to. */
struct place {
	uint32_t pasid, ioas, hwpt;
};

/* A group of page requests without a response. */
struct group {
	uint32_t pasid, grpid, requests, cookie;
	uint64_t last; /* address of the last request */
	uint64_t begin, told; /* before and after the report */
};

static int call(struct endpoint_call *c)
{
	return ioctl(run.endpoint, ENDPOINT_CALL, c) ? -errno : 0;
}

static int expect(int ret, int want)
{
	return ret == want ? 0 : ret ? ret : -EBADMSG;
}

/* ---- objects ---- */

static void say_object(const char *event, uint32_t id, int type)
{
	say("event=object-%s id=%u type_code=%d", event, id, type);
}

static int destroy(uint32_t id, int type)
{
	int ret = iommu__destroy(run.fd, id);

	if (!ret)
		say_object("destroy", id, type);
	return ret;
}

/* A page table whose page requests go to the fault queue, for an IOAS or a page table below. */
static int alloc_hwpt(uint32_t pt, uint32_t ioas, bool is_nested, uint32_t flags, uint32_t *id)
{
	uint64_t words[4] = {};
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = run.device,
		.pt_id = pt,
		.data_type = is_nested ? IOMMU_HWPT_DATA_VTD_S1 : IOMMU_HWPT_DATA_NONE,
		.data_len = is_nested ? sizeof(words) : 0,
		.data_uptr = is_nested ? (uintptr_t)words : 0,
		.fault_id = flags & IOMMU_HWPT_FAULT_ID_VALID ? run.fault : 0,
	};
	char parent[16] = "null";
	int ret = iommu__ioctl(run.fd, IOMMU_HWPT_ALLOC, &cmd);

	if (ret)
		return ret;
	*id = cmd.out_hwpt_id;
	if (is_nested)
		snprintf(parent, sizeof(parent), "%u", pt);
	say_object("alloc", *id, is_nested ? NESTED : HWPT);
	say("event=hwpt-alloc device=%u bdf=null pt=%u ioas=%u parent=%s hwpt=%u flags=0x%x "
	    "data_type=%u ret=0",
	    run.device, pt, ioas, parent, *id, flags, cmd.data_type);
	return 0;
}

/* ---- attachments ---- */

static const char *pasid_text(uint32_t pasid)
{
	static char text[16];

	if (!pasid)
		return "null";
	snprintf(text, sizeof(text), "%u", pasid);
	return text;
}

static void say_table(const char *event, const struct place *place, const char *more)
{
	say("event=%s device=%u bdf=null pasid=%s ioas=%u hwpt=%u%s", event, run.device,
	    pasid_text(place->pasid), place->ioas, place->hwpt, more);
}

static int attach(const struct place *place)
{
	struct endpoint_call c = {
		.op = ENDPOINT_ATTACH,
		.pasid = place->pasid,
		.id = place->hwpt,
	};
	int ret = call(&c);

	if (!ret)
		say_table("attach", place, " ret=0");
	return ret;
}

static int replace(struct place *place, uint32_t ioas, uint32_t hwpt)
{
	struct endpoint_call c = {
		.op = ENDPOINT_REPLACE,
		.pasid = place->pasid,
		.id = hwpt,
	};
	char more[48];
	int ret = call(&c);

	if (ret)
		return ret;
	snprintf(more, sizeof(more), " old_hwpt=%u ret=0", place->hwpt);
	place->ioas = ioas;
	place->hwpt = hwpt;
	say_table("replace", place, more);
	return 0;
}

static int detach(const struct place *place)
{
	struct endpoint_call c = { .op = ENDPOINT_DETACH, .pasid = place->pasid };
	int ret = call(&c);

	if (!ret)
		say_table("detach", place, "");
	return ret;
}

/* A call that must fail; the event has the id that the caller gave. */
static int refuse(uint32_t op, uint32_t pasid, uint32_t id, int want, const char *name)
{
	struct endpoint_call c = { .op = op, .pasid = pasid, .id = id };

	say("event=%s device=%u bdf=null pasid=%s ioas=%u hwpt=null%s ret=%d error=%s",
	    op == ENDPOINT_ATTACH ? "attach" : "replace", run.device, pasid_text(pasid), id,
	    op == ENDPOINT_ATTACH ? "" : " old_hwpt=null", want, name);
	return expect(call(&c), want);
}

/* ---- page requests ---- */

/* Raise the next group. hwpt: the page table whose handler gets it. */
static int raise(struct group *group, uint32_t pasid, uint32_t hwpt)
{
	struct endpoint_call c = {
		.op = ENDPOINT_REQUEST,
		.pasid = pasid,
		.grpid = run.grpid,
		.perm = run.grpid % 2 ? IOMMU_PGFAULT_PERM_WRITE : IOMMU_PGFAULT_PERM_READ,
		.requests = 1 + run.grpid % 3,
		.addr = BASE + run.grpid * STEP,
	};
	int ret;

	*group = (struct group){
		.pasid = pasid,
		.grpid = run.grpid++,
		.requests = c.requests,
		.last = c.addr + (c.requests - 1) * MEM_PAGE,
		.begin = say__now(),
	};
	ret = call(&c);
	group->told = say__now();
	if (!ret)
		say("event=fault device=%u hwpt=%u fault=%u pasid=%u grpid=%u addr=0x%" PRIx64
		    " perm=0x%x requests=%u bdf=null",
		    run.device, hwpt, run.fault, pasid, group->grpid, group->last, c.perm,
		    c.requests);
	return ret;
}

static int read_group(struct group *group)
{
	struct pollfd wait = { .fd = run.fault_fd, .events = POLLIN };
	struct iommu_hwpt_pgfault faults[3];

	if (poll(&wait, 1, 30000) != 1 ||
	    fault__read(run.fault_fd, faults, 3) != (int)group->requests)
		return -EIO;
	group->cookie = faults[0].cookie;
	return faults[0].grpid == group->grpid && faults[0].pasid == group->pasid ? 0 : -EBADMSG;
}

/* The device got a response. told: when the caller began to cause it. */
static int responded(const struct group *group, uint32_t code, uint64_t told)
{
	struct endpoint_call c = { .op = ENDPOINT_RESPONSE };
	uint64_t end = say__now();
	int ret = call(&c);

	if (ret)
		return ret;
	say("event=response device=%u fault=%u pasid=%u grpid=%u cookie=%u code=%u bdf=null "
	    "addr=0x%" PRIx64 " response=%s",
	    run.device, run.fault, group->pasid, group->grpid, group->cookie, code, group->last,
	    code == IOMMUFD_PAGE_RESP_SUCCESS ? "ok" : "INVALID");
	say("latency grpid=%u min=%" PRIu64 " max=%" PRIu64, group->grpid, told - group->told,
	    end - group->begin);
	say("device pasid=%u grpid=%u code=%u", c.pasid, c.grpid, c.code);
	return c.pasid == group->pasid && c.grpid == group->grpid && c.code == code ? 0 : -EBADMSG;
}

/* A group from its report to the response of user space. */
static int answer(uint32_t pasid, uint32_t hwpt, uint32_t code)
{
	struct group group;
	uint64_t told;
	int ret = raise(&group, pasid, hwpt);

	if (!ret)
		ret = read_group(&group);
	if (ret)
		return ret;
	usleep(1000 * (group.grpid % 5));
	told = say__now();
	ret = fault__answer(run.fault_fd, group.cookie, code);
	return ret ? ret : responded(&group, code, told);
}

/* The core responds at once, and iommufd sees nothing. */
static int reject(uint32_t pasid)
{
	struct endpoint_call c = {
		.op = ENDPOINT_REQUEST,
		.pasid = pasid,
		.grpid = run.grpid++,
		.requests = 1,
		.addr = BASE,
	};
	struct endpoint_call got = { .op = ENDPOINT_RESPONSE };

	if (!call(&c))
		return -EBADMSG;
	return call(&got) || got.grpid != c.grpid || got.code != IOMMUFD_PAGE_RESP_INVALID ?
		       -EBADMSG :
		       0;
}

/* ---- the workload ---- */

static int map_some(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < MAPS && !ret; i++) {
		unsigned int pages = 1 + i % 5;

		ret = ioas__map_at(run.fd, run.ioas[0], run.mem + i * 5 * MEM_PAGE,
				   pages * MEM_PAGE, BASE + i * STEP);
		say("event=map ioas=%u iova=0x%llx length_bytes=%lu ret=0", run.ioas[0],
		    BASE + i * STEP, pages * MEM_PAGE);
	}
	return ret;
}

/*
 * Wait for a line, with HELD more PASIDs in a page table, so that listing them takes several steps.
 * nr: PASIDs that are attached already.
 */
static int hold(uint32_t hwpt, unsigned int nr)
{
	struct endpoint_call c = { .op = ENDPOINT_ATTACH, .id = hwpt };
	unsigned int i;
	int ret = 0;

	if (!run.hold)
		return 0;
	for (i = 0; nr && i < HELD && !ret; i++) {
		c.pasid = FIRST_HELD + i;
		ret = call(&c);
	}
	if (ret)
		return ret;
	printf("held pid=%d device=%u whole=%u pasids=%u\n", getpid(), run.device, hwpt, nr + i);
	fflush(stdout);
	ret = getchar() == EOF ? -EPIPE : 0;
	c.op = ENDPOINT_DETACH;
	while (i-- && !ret) {
		c.pasid = FIRST_HELD + i;
		ret = call(&c);
	}
	return ret;
}

/*
 * Groups of the whole device and of PASIDs of the guest. Then one that was read and one that was
 * not, while the device is detached.
 */
static int answer_all(const struct place *place)
{
	static const uint32_t pasids[GROUPS] = { 0, 5, 0, 700, 5, 0, 0 };
	struct group read, unread;
	uint64_t told;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < GROUPS && !ret; i++)
		ret = answer(pasids[i], place->hwpt,
			     i % 3 == 2 ? IOMMUFD_PAGE_RESP_INVALID : IOMMUFD_PAGE_RESP_SUCCESS);
	if (!ret && !run.pasids)
		ret = hold(place->hwpt, 0);
	if (!ret)
		ret = raise(&read, 0, place->hwpt);
	if (!ret)
		ret = read_group(&read);
	if (!ret)
		ret = raise(&unread, 5, place->hwpt);
	told = say__now();
	if (!ret)
		ret = detach(place);
	/* The driver responds to those that were not read first. */
	if (!ret)
		ret = responded(&unread, IOMMUFD_PAGE_RESP_INVALID, told);
	return ret ? ret : responded(&read, IOMMUFD_PAGE_RESP_INVALID, told);
}

/*
 * A guest, whose page table for all PASIDs is attached to the whole device. Others have no page
 * requests in the kernel's own iommufd of 6.12.
 */
static int nested(void)
{
	struct place place = { .ioas = run.ioas[0] };
	uint32_t parent;
	int ret = alloc_hwpt(place.ioas, place.ioas, false, IOMMU_HWPT_ALLOC_NEST_PARENT, &parent);

	if (!ret)
		ret = alloc_hwpt(parent, place.ioas, true, IOMMU_HWPT_FAULT_ID_VALID, &place.hwpt);
	if (!ret)
		ret = attach(&place);
	if (!ret)
		ret = map_some();
	if (!ret)
		ret = answer_all(&place);
	if (!ret)
		ret = reject(0);
	if (!ret)
		ret = destroy(place.hwpt, NESTED);
	return ret ? ret : destroy(parent, HWPT);
}

static int attach_pasids(struct place *places, unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = attach(&places[i]);
	if (!ret)
		ret = refuse(ENDPOINT_ATTACH, 11, NO_OBJECT, -ENOENT, "ENOENT");
	if (!ret)
		ret = refuse(ENDPOINT_REPLACE, 11, places[0].hwpt, -EINVAL, "EINVAL");
	if (!ret)
		ret = answer(places[1].pasid, places[1].hwpt, IOMMUFD_PAGE_RESP_SUCCESS);
	if (!ret)
		ret = answer(places[3].pasid, places[3].hwpt, IOMMUFD_PAGE_RESP_INVALID);
	return ret ? ret : answer(0, places[0].hwpt, IOMMUFD_PAGE_RESP_SUCCESS);
}

/* The whole device and three PASIDs in two page tables; one PASID moves. */
static int pasids(void)
{
	const uint32_t flags = IOMMU_HWPT_FAULT_ID_VALID | IOMMUFD_NEW_HWPT_ALLOC_PASID;
	struct group group;
	uint32_t hwpt[2];
	unsigned int i;
	uint64_t told;
	int ret = 0;

	for (i = 0; i < 2 && !ret; i++)
		ret = alloc_hwpt(run.ioas[i], run.ioas[i], false, flags, &hwpt[i]);
	struct place places[] = {
		{ 0, run.ioas[0], hwpt[0] },
		{ 7, run.ioas[0], hwpt[0] },
		{ 9, run.ioas[1], hwpt[1] },
		{ run.pasids, run.ioas[1], hwpt[1] },
	};
	if (!ret)
		ret = attach_pasids(places, 4);
	if (!ret)
		ret = replace(&places[1], run.ioas[1], hwpt[1]);
	if (!ret)
		ret = answer(7, hwpt[1], IOMMUFD_PAGE_RESP_SUCCESS);
	if (!ret)
		ret = hold(hwpt[0], 3);
	if (!ret)
		ret = reject(12);
	if (!ret)
		ret = raise(&group, 7, hwpt[1]);
	told = say__now();
	if (!ret)
		ret = detach(&places[1]);
	if (!ret)
		ret = responded(&group, IOMMUFD_PAGE_RESP_INVALID, told);
	for (i = 0; i < 4 && !ret; i++)
		ret = i == 1 ? 0 : detach(&places[i]);
	for (i = 0; i < 2 && !ret; i++)
		ret = destroy(hwpt[i], HWPT);
	return ret;
}

static int iommu_group(void)
{
	char target[256];
	ssize_t len = readlink(IOMMU_GROUP, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static int bind(void)
{
	struct endpoint_call c = { .op = ENDPOINT_BIND, .fd = run.fd };
	int ret;

	run.endpoint = open("/dev/iommu_endpoint", O_RDWR | O_CLOEXEC);
	if (run.endpoint < 0)
		return -errno;
	ret = call(&c);
	if (ret)
		return ret;
	run.device = c.id;
	run.pasids = c.pasid;
	say_object("alloc", run.device, DEVICE);
	say("event=bind device=%u bdf=null group=%d ret=0", run.device, iommu_group());
	say("pasids=%u", run.pasids);
	return 0;
}

static int open_all(void)
{
	unsigned int i;
	int ret = 0;

	run.mem = mem__small(MEM_PAGES * MEM_PAGE);
	run.fd = iommu__open();
	if (run.fd < 0 || !run.mem)
		return run.mem ? run.fd : -ENOMEM;
	say("event=open");
	for (i = 0; i < 2 && !ret; i++) {
		ret = ioas__alloc(run.fd, &run.ioas[i]);
		say_object("alloc", run.ioas[i], 1);
	}
	if (!ret)
		ret = fault__alloc(run.fd, &run.fault, &run.fault_fd);
	if (!ret)
		say_object("alloc", run.fault, FAULT);
	return ret ? ret : bind();
}

static int close_all(void)
{
	struct endpoint_call c = { .op = ENDPOINT_UNBIND };
	int ret = call(&c);

	if (ret)
		return ret;
	say("event=unbind device=%u bdf=null", run.device);
	say_object("destroy", run.device, DEVICE);
	close(run.endpoint);
	close(run.fault_fd);
	close(run.fd);
	say_object("destroy", run.ioas[0], 1);
	say_object("destroy", run.ioas[1], 1);
	say_object("destroy", run.fault, FAULT);
	say("event=close");
	return 0;
}

int main(int argc, char **argv)
{
	int ret;

	run.hold = argc == 2 && !strcmp(argv[1], "--hold");
	if (argc != 1 && !run.hold) {
		fprintf(stderr, "usage: endpoint-script [--hold]\n");
		return 2;
	}
	ret = open_all();
	if (!ret)
		ret = nested();
	if (!ret && run.pasids)
		ret = pasids();
	if (!ret)
		ret = close_all();
	mem__free(run.mem, MEM_PAGES * MEM_PAGE);
	if (ret)
		fprintf(stderr, "endpoint-script: %s\n", strerror(-ret));
	return ret ? 1 : 0;
}
