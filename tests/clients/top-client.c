// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read commands, one a line, and make calls of /dev/iommu, so that tests can check the tools.
 *
 *	top-client [--mock | --bdf BDF] [--name NAME] [--vmm UID] [--thread]
 *
 * With --mock a device of iommufd_mock.ko is attached to the first IOAS, by a page table with a
 * fault queue, and so all is pinned. With --bdf it is a device that is bound to vfio-pci, on any
 * driver of /dev/iommu; commands about PASIDs and faults then fail. Commands, each answered with
 * "ok", or "error NAME":
 *
 *	ioas N			N more IOASes
 *	map I N BYTES		N maps of BYTES into IOAS I (from 0), after the others
 *	fail I N		N maps into IOAS I where something is mapped already
 *	unmap I N		unmaps N of those maps, the last ones first
 *	gap I BYTES		leaves addresses free before the next map
 *	copy I J N		copies the first N maps of IOAS I to IOAS J, behind its others
 *	pasid N VIRTUAL		a PASID attached to IOAS N, which a guest knows by VIRTUAL
 *	sva VIRTUAL 0		a PASID attached to the address space of the process
 *	nested 0 0		the device attached to a nested page table, until stray
 *	fault N DONE		N page requests, of which DONE are answered with success, the
 *				rest as invalid
 *	stray N 0		DMA to N addresses that are not mapped, without a fault queue
 *	take 0 0		takes over the memory that others have mapped through the file
 *	pairs N			maps and unmaps a page of the first IOAS N times
 *
 * With --vmm it hands the file to a child, as a daemon does to a VMM: the child, "vmm", of user
 * UID, without privileges and with a limit of locked memory of 4 MiB, makes the calls. With
 * --thread its first thread ends, and another one makes the calls.
 *
 * The first line that it prints is "pid=P ctx=C ioas=ID", with the process that makes the calls.
 * Ends with its stdin.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/vfio.h"

#define MAX_IOAS 4096
#define MAX_FAULTS 64
#define MEM_SIZE (64UL << 20)
#define VMM_LIMIT (4UL << 20)

struct space {
	uint32_t id;
	uint64_t next;   /* where the next map goes */
	uint64_t *iova, *length; /* of the maps */
	unsigned int nr, room;
};

struct client {
	struct mock mock;
	bool has_mock;
	struct vfio_dev dev;
	int fault_fd;
	uint32_t grpid;
	uint32_t hwpt; /* the one with the fault queue */
	struct space spaces[MAX_IOAS];
	unsigned int nr_spaces;
	char *mem;
};

static int add_space(struct client *c, uint32_t id)
{
	if (c->nr_spaces == MAX_IOAS)
		return -ENOSPC;
	c->spaces[c->nr_spaces++] = (struct space){ .id = id, .next = MOCK_BASE };
	return 0;
}

static int do_ioas(struct client *c, unsigned long nr)
{
	uint32_t id;
	int ret = 0;

	while (nr-- && !ret) {
		ret = ioas__alloc(c->mock.fd, &id);
		if (!ret)
			ret = add_space(c, id);
	}
	return ret;
}

static int note(struct space *s, uint64_t length)
{
	if (s->nr == s->room) {
		s->room = s->room ? s->room * 2 : 64;
		s->iova = realloc(s->iova, s->room * sizeof(*s->iova));
		s->length = realloc(s->length, s->room * sizeof(*s->length));
		if (!s->iova || !s->length)
			return -ENOMEM;
	}
	s->iova[s->nr] = s->next;
	s->length[s->nr++] = length;
	s->next += length;
	return 0;
}

static int do_map(struct client *c, struct space *s, unsigned long nr, unsigned long length)
{
	int ret = 0;

	if (!length || length > MEM_SIZE)
		return -EINVAL;
	while (nr-- && !ret) {
		ret = ioas__map_at(c->mock.fd, s->id, c->mem, length, s->next);
		if (!ret)
			ret = note(s, length);
	}
	return ret;
}

static int do_fail(struct client *c, struct space *s, unsigned long nr)
{
	int ret;

	if (!s->nr)
		return -EINVAL;
	while (nr--) {
		ret = ioas__map_at(c->mock.fd, s->id, c->mem, MEM_PAGE, s->iova[0]);
		if (ret != -EEXIST)
			return ret ? ret : -EINVAL;
	}
	return 0;
}

static int do_unmap(struct client *c, struct space *s, unsigned long nr)
{
	int ret = 0;

	while (nr-- && !ret) {
		if (!s->nr)
			return -EINVAL;
		s->nr--;
		ret = ioas__unmap_at(c->mock.fd, s->id, s->iova[s->nr], s->length[s->nr]);
		s->next = s->iova[s->nr];
	}
	return ret;
}

static int do_copy(struct client *c, const struct space *from, struct space *to, unsigned long nr)
{
	unsigned long i;
	uint64_t iova;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		iova = to->next;
		ret = ioas__copy(c->mock.fd, to->id, from->id, from->iova[i], from->length[i],
				 IOAS_RW | IOAS_FIXED, &iova);
		if (!ret)
			ret = note(to, from->length[i]);
	}
	return ret;
}

static int do_pasid(struct client *c, const struct space *s, uint32_t virt)
{
	uint32_t id, number;
	int ret =
		pasid__alloc(c->mock.fd, c->mock.dev, IOMMU_EXT_PASID_VIRT, 0, virt, &id, &number);

	return ret ? ret : pasid__attach(c->mock.fd, id, s->id, NULL);
}

static int do_sva(struct client *c, uint32_t virt)
{
	uint32_t sva, id, number;
	int ret = sva__alloc(c->mock.fd, &sva);

	if (!ret)
		ret = pasid__alloc(c->mock.fd, c->mock.dev, IOMMU_EXT_PASID_VIRT, 0, virt, &id,
				   &number);
	return ret ? ret : pasid__attach(c->mock.fd, id, sva, NULL);
}

static int do_nested(struct client *c)
{
	struct iommu_hwpt_selftest data = {};
	uint32_t parent, nested;
	int ret = mock__hwpt(&c->mock, c->mock.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0,
			     &parent);

	if (!ret)
		ret = mock__hwpt(&c->mock, parent, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0,
				 IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data), &nested);
	return ret ? ret : mock__replace(&c->mock, nested);
}

static int do_fault(struct client *c, unsigned long nr, unsigned long done)
{
	struct iommu_hwpt_pgfault fault;
	unsigned long i;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = mock__request(&c->mock, 0, ++c->grpid, MOCK_BASE + (1UL << 30) + i * MEM_PAGE,
				    1);
		if (ret)
			return ret;
		ret = fault__read(c->fault_fd, &fault, 1);
		if (ret != 1)
			return ret < 0 ? ret : -ENOMSG;
		ret = fault__answer(c->fault_fd, fault.cookie,
				    i < done ? IOMMUFD_PAGE_RESP_SUCCESS :
					       IOMMUFD_PAGE_RESP_INVALID);
		if (ret)
			return ret;
	}
	return 0;
}

static int do_stray(struct client *c, unsigned long nr)
{
	char data[8];
	int ret = mock__replace(&c->mock, c->mock.ioas);

	while (nr-- && !ret) {
		ret = mock__dma(&c->mock, 0, MOCK_BASE + (1UL << 30) + nr * MEM_PAGE, data,
				sizeof(data), false);
		ret = ret == -EFAULT ? 0 : ret ? ret : -EBADMSG;
	}
	return ret ? ret : mock__replace(&c->mock, c->hwpt);
}

static int do_pairs(struct client *c, unsigned long nr)
{
	uint64_t iova = c->spaces[0].next;
	int ret = 0;

	while (nr-- && !ret) {
		ret = ioas__map_at(c->mock.fd, c->spaces[0].id, c->mem, MEM_PAGE, iova);
		if (!ret)
			ret = ioas__unmap_at(c->mock.fd, c->spaces[0].id, iova, MEM_PAGE);
	}
	return ret;
}

static int do_take(struct client *c)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(c->mock.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

static int run(struct client *c, const char *line)
{
	unsigned long a = 0, b = 0, n = 0;
	char verb[16];
	int got = sscanf(line, "%15s %lu %lu %lu", verb, &a, &b, &n);
	struct space *s = &c->spaces[a < c->nr_spaces ? a : 0];

	if (got == 2 && !strcmp(verb, "ioas"))
		return do_ioas(c, a);
	if (got == 2 && !strcmp(verb, "pairs"))
		return do_pairs(c, a);
	if (got == 3 && !strcmp(verb, "fault"))
		return c->has_mock ? do_fault(c, a, b) : -ENODEV;
	if (got == 3 && !strcmp(verb, "sva"))
		return c->has_mock ? do_sva(c, a) : -ENODEV;
	if (got == 3 && !strcmp(verb, "nested"))
		return c->has_mock ? do_nested(c) : -ENODEV;
	if (got == 3 && !strcmp(verb, "stray"))
		return c->has_mock ? do_stray(c, a) : -ENODEV;
	if (got == 3 && !strcmp(verb, "take"))
		return do_take(c);
	if (got < 3 || a >= c->nr_spaces)
		return -EINVAL;
	if (got == 4 && !strcmp(verb, "map"))
		return do_map(c, s, b, n);
	if (!strcmp(verb, "fail"))
		return do_fail(c, s, b);
	if (!strcmp(verb, "unmap"))
		return do_unmap(c, s, b);
	if (!strcmp(verb, "gap")) {
		s->next += b;
		return 0;
	}
	if (got == 4 && !strcmp(verb, "copy") && b < c->nr_spaces && n <= s->nr)
		return do_copy(c, s, &c->spaces[b], n);
	if (!strcmp(verb, "pasid"))
		return c->has_mock ? do_pasid(c, s, b) : -ENODEV;
	return -EINVAL;
}

static int open_mock(struct client *c)
{
	uint32_t fault, flags = IOMMU_HWPT_FAULT_ID_VALID | IOMMUFD_NEW_HWPT_ALLOC_PASID;
	int ret = mock__open(&c->mock, MOCK_FLAGS_DEVICE_PASID);

	if (!ret)
		ret = fault__alloc(c->mock.fd, &fault, &c->fault_fd);
	if (!ret)
		ret = mock__hwpt(&c->mock, c->mock.ioas, flags, fault, 0, NULL, 0, &c->hwpt);
	return ret ? ret : mock__replace(&c->mock, c->hwpt);
}

static int open_plain(struct client *c)
{
	c->mock.fd = iommu__open();
	return c->mock.fd < 0 ? c->mock.fd : ioas__alloc(c->mock.fd, &c->mock.ioas);
}

static int open_device(struct client *c, const char *bdf)
{
	int ret = open_plain(c);

	if (!ret)
		ret = vfio__open(&c->dev, bdf);
	if (!ret)
		ret = vfio__bind(&c->dev, c->mock.fd);
	return ret ? ret : vfio__attach_ioas(&c->dev, c->mock.ioas);
}

/* Continue as a VMM in a child; the daemon waits for it and ends with its status. */
static int become_vmm(uid_t uid)
{
	const struct rlimit limit = { VMM_LIMIT, VMM_LIMIT };
	int status = 0;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child) {
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	prctl(PR_SET_NAME, "vmm");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

static struct client client;

static void *serve(void *arg)
{
	struct client *c = arg;
	char line[128];
	int ret;

	while (fgets(line, sizeof(line), stdin)) {
		ret = run(c, line);
		printf("%s%s\n", ret ? "error " : "ok", ret ? strerrorname_np(-ret) : "");
		fflush(stdout);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "mock", no_argument, NULL, 'm' },	  { "bdf", required_argument, NULL, 'b' },
		{ "name", required_argument, NULL, 'n' }, { "vmm", required_argument, NULL, 'v' },
		{ "thread", no_argument, NULL, 't' },	  {}
	};
	struct client *c = &client;
	const char *bdf = NULL;
	bool is_threaded = false;
	uint64_t ctx = 0;
	pthread_t thread;
	uid_t vmm = 0;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'm') {
			c->has_mock = true;
		} else if (opt == 'b') {
			bdf = optarg;
		} else if (opt == 'n') {
			prctl(PR_SET_NAME, optarg);
		} else if (opt == 'v') {
			vmm = strtoul(optarg, NULL, 10);
		} else if (opt == 't') {
			is_threaded = true;
		} else {
			fprintf(stderr, "usage: top-client [--mock | --bdf BDF] [--name NAME] "
					"[--vmm UID] [--thread]\n");
			return 2;
		}
	}
	c->mem = mem__small(MEM_SIZE);
	ret = c->has_mock ? open_mock(c) : bdf ? open_device(c, bdf) : open_plain(c);
	if (!ret)
		ret = add_space(c, c->mock.ioas);
	if (!ret)
		ret = iommu__fdinfo(c->mock.fd, "iommufd-context", &ctx);
	/* The kernel's own driver has no numbers. */
	if (bdf && ret == -ENOENT)
		ret = 0;
	if (!ret && vmm)
		ret = become_vmm(vmm);
	if (ret || !c->mem) {
		fprintf(stderr, "top-client: %s\n", strerror(-ret));
		return 1;
	}
	printf("pid=%d ctx=%llu ioas=%u\n", getpid(), (unsigned long long)ctx, c->mock.ioas);
	fflush(stdout);
	if (!is_threaded)
		serve(c);
	if (pthread_create(&thread, NULL, serve, c))
		return 1;
	pthread_exit(NULL);
}
