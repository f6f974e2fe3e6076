// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device, several PASIDs: the calls with which a driver in user space lets a device work for
 * several processes at once, each in its own memory. An example to read, and to run on a device of
 * iommufd_mock.ko.
 *
 * A network card of DPDK, or an accelerator, has many queues, and each can be told which PASID its
 * DMA carries. The IOMMU looks at the PASID and uses the page table that is attached to it. So a
 * queue that is given to somebody else can be given a memory of its own:
 *
 *	queue 1   PASID a   IOAS of this process             buffers at IOVA_MINE
 *	queue 2   PASID b   IOAS of a second process         buffers at IOVA_OTHER
 *	queue 3   PASID c   the page table of this process   any pointer is an address
 *
 * The steps, one function each, in the order of main():
 *
 *	step_open()	open /dev/iommu, get the device, ask for its capabilities
 *	step_buffers()	an IOAS with memory for each process
 *	step_attach()	a PASID for each, attached to the memory that its DMA may reach
 *	step_dma()	the device works; each PASID reaches its own memory, and no other
 *	step_shared()	a third PASID with the page table of the process (SVA)
 *	step_requests()	a device that meets a hole sends a page request with its PASID
 *	step_close()	take all away again
 *
 * All that is special to the mock device stands in the section "the device" below, with the calls
 * that a driver makes there with a device of VFIO. Everything else would be the same.
 *
 * Prints a line for each step. Exit status: 0, or 1 with the error on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/iommufd_ext.h>
#include <linux/iommufd_new.h>

#include "../../kernel/mock/iommufd_mock_uapi.h" /* for the section "the device" only */

#define PAGE 4096UL

/* Where the buffers are for the device. Any address will do that step_open() finds usable. */
#define IOVA_MINE 0x10000000ULL
#define IOVA_OTHER 0x20000000ULL
#define IOVA_HOLE 0x30000000ULL

/* A PASID and its use by a process. */
struct channel {
	uint32_t pasid_id; /* the PASID object: for ioctls */
	uint32_t pasid; /* its number: for the device */
	uint32_t ioas_id; /* the memory it reaches */
};

struct app {
	int iommu;  /* /dev/iommu */
	uint32_t dev_id; /* the device, as iommufd names it */
	uint64_t caps;  /* enum iommu_ext_device_caps */
	char *buffer;  /* a page of this process, at IOVA_MINE */
	char *late;  /* another, which is mapped when the device asks for it */
	struct channel mine, other, shared;
	pid_t child;  /* the second process, */
	int to_child, from_child; /* and how we talk */
};

/* ---------------------------------------- helpers ---------------------------------------- */

/* Every call of /dev/iommu is an ioctl with a struct that begins with its own size. */
static int iommu_call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

/* Print the failed step; return err. */
static int failed(int err, const char *what)
{
	fprintf(stderr, "pasid-dma: %s: %s\n", what, strerror(-err));
	return err;
}

static char *new_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

static int destroy(int iommu, uint32_t id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return iommu_call(iommu, IOMMU_DESTROY, &cmd);
}

static int ioas_alloc(int iommu, uint32_t *ioas_id)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int ret = iommu_call(iommu, IOMMU_IOAS_ALLOC, &cmd);

	*ioas_id = cmd.out_ioas_id;
	return ret;
}

/*
 * Map a page of the calling process at iova. The memory is pinned: it stays where it is until it is
 * unmapped, and counts against the process's RLIMIT_MEMLOCK.
 */
static int ioas_map(int iommu, uint32_t ioas_id, void *page, uint64_t iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas_id,
		.user_va = (uintptr_t)page,
		.length = PAGE,
		.iova = iova,
	};

	return iommu_call(iommu, IOMMU_IOAS_MAP, &cmd);
}

static int pasid_attach(int iommu, unsigned long request, uint32_t pasid_id, uint32_t pt_id)
{
	struct iommu_ext_pasid_attach cmd = {
		.size = sizeof(cmd),
		.pasid_id = pasid_id,
		.pt_id = pt_id,
	};

	return iommu_call(iommu, request, &cmd);
}

/* --------------------------------------- the device --------------------------------------- */

/*
 * Get the device into the hands of iommufd. A real one:
 *
 *	cdev = open("/dev/vfio/devices/vfio0", O_RDWR);
 *	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommu };
 *	ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &bind);
 *	dev_id = bind.out_devid;
 *
 * and it is attached to nothing: DMA without a PASID is blocked, and may stay so. If it is wanted,
 * VFIO_DEVICE_ATTACH_IOMMUFD_PT attaches the device as a whole; beside PASIDs that has to be a page
 * table made with IOMMU_HWPT_ALLOC_PASID.
 *
 * The mock's devices are made by an ioctl, and are attached from the beginning. So it is moved to
 * such a page table, of an IOAS with nothing in it.
 */
static int device_open(int iommu, uint32_t *dev_id)
{
	struct iommu_test_cmd make = {
		.size = sizeof(make),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.mock_domain_flags.dev_flags = MOCK_FLAGS_DEVICE_PASID,
	};
	struct iommu_hwpt_alloc hwpt = {
		.size = sizeof(hwpt),
		.flags = IOMMUFD_NEW_HWPT_ALLOC_PASID,
	};
	struct iommu_test_cmd move = {
		.size = sizeof(move),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
	};
	int ret = ioas_alloc(iommu, &hwpt.pt_id);

	make.id = hwpt.pt_id;
	if (!ret)
		ret = iommu_call(iommu, IOMMU_TEST_CMD, &make);
	hwpt.dev_id = make.mock_domain_flags.out_idev_id;
	if (!ret)
		ret = iommu_call(iommu, IOMMU_HWPT_ALLOC, &hwpt);
	move.id = make.mock_domain_flags.out_stdev_id;
	move.mock_domain_replace.pt_id = hwpt.out_hwpt_id;
	if (!ret)
		ret = iommu_call(iommu, IOMMU_TEST_CMD, &move);
	*dev_id = hwpt.dev_id;
	return ret;
}

/*
 * Let the device copy length bytes between data and an address, with a PASID. A real driver maps
 * the device's registers (VFIO_DEVICE_GET_REGION_INFO, mmap() of cdev), writes the number of the
 * PASID into the register of a queue, and a descriptor with the address into its ring; then it
 * rings the doorbell, and waits for the interrupt (VFIO_DEVICE_SET_IRQS).
 *
 * Here an ioctl is register, descriptor, doorbell and interrupt in one: it returns when the DMA has
 * been done. -EFAULT: the IOMMU did not let it through.
 */
static int device_dma(const struct app *app, uint32_t pasid, uint64_t address, void *data,
		      size_t length, bool write)
{
	struct iommufd_mock_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_DMA,
		.id = app->dev_id,
		.dma = {
			.pasid = pasid,
			.flags = write ? MOCK_DMA_WRITE : 0,
			.iova = address,
			.length = length,
			.uptr = (uintptr_t)data,
		},
	};

	return iommu_call(app->iommu, IOMMU_TEST_CMD, &cmd);
}

/* The device writes a text to memory, as a network card does with a packet. */
static int device_write(const struct app *app, uint32_t pasid, uint64_t address, const char *text)
{
	char data[32] = "";

	snprintf(data, sizeof(data), "%s", text);
	return device_dma(app, pasid, address, data, sizeof(data), true);
}

/* ---------------------------------- the second process ---------------------------------- */

/*
 * It has the file of /dev/iommu, inherited here, or else sent to it through a socket (SCM_RIGHTS).
 * With that it makes an IOAS and maps memory: its own memory, since an address in IOMMU_IOAS_MAP is
 * one of the process that calls. It is also that process whose memory counts as pinned.
 *
 * It trusts the first process, which has the same file: every process with the file can let the
 * device reach all the memory of its IOASes.
 */
static int other_main(const struct app *app, int from_parent, int to_parent)
{
	char *buffer = new_page();
	uint32_t ioas_id = 0;
	char word;
	int ret;

	if (!buffer)
		return -ENOMEM;
	strcpy(buffer, "memory of the second process");
	ret = ioas_alloc(app->iommu, &ioas_id);
	if (!ret)
		ret = ioas_map(app->iommu, ioas_id, buffer, IOVA_OTHER);
	if (ret)
		return failed(ret, "the second process cannot map its memory");
	if (write(to_parent, &ioas_id, sizeof(ioas_id)) != sizeof(ioas_id))
		return -errno;

	/* Each word is a wish to see the memory; the end of the pipe is the end. */
	while (read(from_parent, &word, 1) == 1)
		if (write(to_parent, buffer, 32) != 32)
			return -errno;
	return 0;
}

static int other_start(struct app *app)
{
	int down[2], up[2];

	if (pipe(down) || pipe(up))
		return -errno;
	app->child = fork();
	if (app->child < 0)
		return -errno;
	if (!app->child) {
		close(down[1]);
		close(up[0]);
		_exit(other_main(app, down[0], up[1]) ? 1 : 0);
	}
	close(down[0]);
	close(up[1]);
	app->to_child = down[1];
	app->from_child = up[0];
	return 0;
}

/* Read the text that is in its memory now. */
static int other_memory(const struct app *app, char *text)
{
	if (write(app->to_child, "?", 1) != 1 || read(app->from_child, text, 32) != 32)
		return -EPIPE;
	return 0;
}

/* ----------------------------------------- steps ----------------------------------------- */

/*
 * Ask for the capabilities of the device: the width of its PASIDs, which device and IOMMU both
 * limit, and the addresses that an IOAS may use. IOMMU_GET_HW_INFO and IOMMU_IOAS_IOVA_RANGES
 * return parts of both, too.
 */
static int step_open(struct app *app)
{
	struct iommu_ext_range ranges[16];
	struct iommu_ext_device_info info = {
		.size = sizeof(info),
		.num_ranges = 16,
		.ranges = (uintptr_t)ranges,
	};
	int ret;

	/* O_CLOEXEC: an executed program must not inherit it. A fork does. */
	app->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (app->iommu < 0)
		return failed(-errno, "/dev/iommu");
	ret = device_open(app->iommu, &app->dev_id);
	if (ret)
		return failed(ret, "cannot get a device (is iommufd_mock.ko loaded?)");

	info.dev_id = app->dev_id;
	ret = iommu_call(app->iommu, IOMMU_EXT_DEVICE_INFO, &info);
	/* -EMSGSIZE: more ranges or formats than there is room for. All else is filled in. */
	if (ret && ret != -EMSGSIZE)
		return failed(ret, "cannot ask for the device's capabilities");
	app->caps = info.out_caps;
	if (!(info.out_caps & IOMMU_EXT_CAP_PASID))
		return failed(-EOPNOTSUPP, "the device has no PASIDs");
	printf("device: PASIDs of %u bits%s%s\n", info.out_pasid_width,
	       info.out_caps & IOMMU_EXT_CAP_PRI ? ", page requests" : "",
	       info.out_caps & IOMMU_EXT_CAP_SVA ? ", page tables of processes" : "");
	for (uint32_t i = 0; i < info.num_ranges && i < 16; i++)
		if (ranges[i].kind == IOMMU_EXT_RANGE_USABLE)
			printf("device: addresses 0x%llx to 0x%llx can be used\n",
			       (unsigned long long)ranges[i].start,
			       (unsigned long long)ranges[i].last);
	return 0;
}

/* Memory for each process, in an IOAS of its own. */
static int step_buffers(struct app *app)
{
	int ret;

	app->buffer = new_page();
	app->late = new_page();
	if (!app->buffer || !app->late)
		return failed(-ENOMEM, "no memory");
	strcpy(app->buffer, "memory of the first process");
	ret = ioas_alloc(app->iommu, &app->mine.ioas_id);
	if (!ret)
		ret = ioas_map(app->iommu, app->mine.ioas_id, app->buffer, IOVA_MINE);
	if (ret)
		return failed(ret, "cannot map memory");
	printf("memory: a page of the first process at 0x%llx\n", IOVA_MINE);

	ret = other_start(app);
	if (!ret &&
	    read(app->from_child, &app->other.ioas_id, sizeof(uint32_t)) != sizeof(uint32_t))
		ret = -EPIPE;
	if (ret)
		return failed(ret, "no memory of a second process");
	printf("memory: a page of the second process at 0x%llx\n", IOVA_OTHER);
	return 0;
}

/*
 * Allocate a PASID and attach it to the page table for its DMA. The kernel chooses the number, and
 * a program may rely only on its being unique. A virtual machine's monitor would pass the guest's
 * number, too (IOMMU_EXT_PASID_VIRT); ENQCMD needs a number of the whole system (_GLOBAL).
 *
 * To an IOAS the kernel makes a page table by itself, made for PASIDs, or uses the one it has made
 * before. Where more is wanted of a page table, IOMMU_HWPT_ALLOC makes one: see step_requests().
 */
static int channel_open(struct app *app, struct channel *channel, uint32_t pt_id, const char *what)
{
	struct iommu_ext_pasid_alloc alloc = { .size = sizeof(alloc), .dev_id = app->dev_id };
	int ret = iommu_call(app->iommu, IOMMU_EXT_PASID_ALLOC, &alloc);

	if (ret)
		return failed(ret, "no PASID");
	channel->pasid_id = alloc.out_pasid_id;
	channel->pasid = alloc.pasid;
	ret = pasid_attach(app->iommu, IOMMU_EXT_PASID_ATTACH, channel->pasid_id, pt_id);
	if (ret)
		return failed(ret, "cannot attach a PASID");
	printf("attach: PASID %u to %s\n", channel->pasid, what);
	return 0;
}

static int step_attach(struct app *app)
{
	int ret;

	ret = channel_open(app, &app->mine, app->mine.ioas_id, "memory of the first process");
	if (ret)
		return ret;
	return channel_open(app, &app->other, app->other.ioas_id, "memory of the second process");
}

/* The device must not get through. */
static int expect_fault(const struct app *app, uint32_t pasid, uint64_t address)
{
	int ret = device_write(app, pasid, address, "must not arrive");

	if (ret == -EFAULT)
		return 0;
	return failed(ret ? ret : -EBADMSG, "the device should not have got through");
}

static int step_dma(struct app *app)
{
	char text[32];
	int ret;

	ret = device_write(app, app->mine.pasid, IOVA_MINE, "a packet for you");
	if (ret)
		return failed(ret, "DMA for the first process");
	printf("dma: with PASID %u the first process gets \"%s\"\n", app->mine.pasid, app->buffer);

	ret = device_write(app, app->other.pasid, IOVA_OTHER, "a packet for the other");
	if (!ret)
		ret = other_memory(app, text);
	if (ret)
		return failed(ret, "DMA for the second process");
	printf("dma: with PASID %u the second process gets \"%s\"\n", app->other.pasid, text);
	if (strcmp(app->buffer, "a packet for you") || strcmp(text, "a packet for the other"))
		return failed(-EBADMSG, "the device wrote to the wrong place");

	/* The address of one is nothing for the other, and without a PASID there is nothing. */
	ret = expect_fault(app, app->mine.pasid, IOVA_OTHER);
	if (!ret)
		ret = expect_fault(app, app->other.pasid, IOVA_MINE);
	if (!ret)
		ret = expect_fault(app, 0, IOVA_MINE);
	if (ret)
		return ret;
	printf("dma: neither reaches the other's memory, nor does DMA without a PASID\n");
	return 0;
}

/*
 * SVA: the device uses the process's own page table. No IOAS, no IOMMU_IOAS_MAP, nothing pinned:
 * any pointer can be given to the device, also to memory that is not present yet. The device
 * has to be one that makes page requests, and the IOMMU driver must be safe for it.
 *
 * The process whose memory it is makes the object; any process with the file can attach it.
 */
static int step_shared(struct app *app)
{
	struct iommu_ext_sva_alloc sva = { .size = sizeof(sva) };
	char *pointer, word[32] = "";
	int ret;

	if (!(app->caps & IOMMU_EXT_CAP_SVA)) {
		printf("shared: this IOMMU cannot use page tables of processes\n");
		return 0;
	}
	ret = iommu_call(app->iommu, IOMMU_EXT_SVA_ALLOC, &sva);
	if (ret)
		return failed(ret, "cannot share the page table");
	ret = channel_open(app, &app->shared, sva.out_sva_id, "the whole first process");
	if (ret)
		return ret;

	pointer = malloc(100);
	if (!pointer)
		return failed(-ENOMEM, "no memory");
	strcpy(pointer, "from malloc()");
	ret = device_dma(app, app->shared.pasid, (uintptr_t)pointer, word, strlen(pointer), false);
	free(pointer);
	if (ret)
		return failed(ret, "DMA by pointers of the process");
	printf("shared: the device reads \"%s\" by its pointer\n", word);

	/* No process has touched this page: the DMA makes it present. */
	pointer = new_page();
	ret = pointer ? device_write(app, app->shared.pasid, (uintptr_t)pointer, "new") : -ENOMEM;
	if (ret)
		return failed(ret, "DMA to memory that was not touched before");
	printf("shared: the process reads \"%s\" where it never wrote\n", pointer);
	ret = strcmp(word, "from malloc()") || strcmp(pointer, "new") ? -EBADMSG : 0;

	/* After munmap() the device has lost it, too. It asks for the page, and is refused: EIO. */
	munmap(pointer, PAGE);
	if (!ret && device_write(app, app->shared.pasid, (uintptr_t)pointer, "gone") != -EIO)
		ret = -EBADMSG;
	if (ret)
		return failed(ret, "the device does not see the memory of the process");
	printf("shared: the device cannot reach memory that the process unmapped\n");
	return 0;
}

/* DMA in a thread of its own, as it waits for us to answer. A device needs no thread for that. */
struct transfer {
	const struct app *app;
	uint32_t pasid;
	int ret;
};

static void *transfer_main(void *arg)
{
	struct transfer *transfer = arg;

	transfer->ret = device_write(transfer->app, transfer->pasid, IOVA_HOLE, "late memory");
	return NULL;
}

/*
 * Wait for a page request, look up its queue, map a page, and answer. One read() may return several
 * requests, and one response answers all with the same cookie: here there is one.
 *
 * dev_id and pasid identify the requester; pasid is the number, since it comes from the device.
 */
static int serve_request(struct app *app, int queue)
{
	struct iommu_hwpt_page_response answer = { .code = IOMMUFD_PAGE_RESP_SUCCESS };
	struct pollfd poll_queue = { .fd = queue, .events = POLLIN };
	struct iommu_hwpt_pgfault fault;
	int ret;

	if (poll(&poll_queue, 1, 10000) != 1)
		return -ETIMEDOUT;
	if (read(queue, &fault, sizeof(fault)) != sizeof(fault))
		return -errno;
	printf("request: the device wants 0x%llx for PASID %u\n", (unsigned long long)fault.addr,
	       fault.pasid);
	if (!(fault.flags & IOMMU_PGFAULT_FLAGS_PASID_VALID) || fault.dev_id != app->dev_id ||
	    fault.pasid != app->mine.pasid || fault.addr != IOVA_HOLE)
		answer.code = IOMMUFD_PAGE_RESP_INVALID;
	ret = -EBADMSG;
	if (!answer.code)
		ret = ioas_map(app->iommu, app->mine.ioas_id, app->late, IOVA_HOLE);
	if (ret)
		answer.code = IOMMUFD_PAGE_RESP_INVALID;
	answer.cookie = fault.cookie;
	if (write(queue, &answer, sizeof(answer)) != sizeof(answer))
		return -errno;
	return ret;
}

/*
 * Page requests come to a queue, and which queue a page table has is said when it is made. So the
 * PASID moves from the automatic page table to one made with IOMMU_HWPT_ALLOC: for the same IOAS,
 * with the same memory. IOMMU_EXT_PASID_REPLACE does it in one step; if it fails, all stays.
 */
static int step_requests(struct app *app)
{
	struct iommu_fault_alloc queue = { .size = sizeof(queue) };
	struct iommu_hwpt_alloc hwpt = {
		.size = sizeof(hwpt),
		.flags = IOMMU_HWPT_FAULT_ID_VALID | IOMMUFD_NEW_HWPT_ALLOC_PASID,
		.dev_id = app->dev_id,
		.pt_id = app->mine.ioas_id,
	};
	struct transfer transfer = { .app = app, .pasid = app->mine.pasid };
	pthread_t thread;
	int ret;

	ret = iommu_call(app->iommu, IOMMU_FAULT_QUEUE_ALLOC, &queue);
	hwpt.fault_id = queue.out_fault_id;
	if (!ret)
		ret = iommu_call(app->iommu, IOMMU_HWPT_ALLOC, &hwpt);
	if (!ret)
		ret = pasid_attach(app->iommu, IOMMU_EXT_PASID_REPLACE, app->mine.pasid_id,
				   hwpt.out_hwpt_id);
	if (ret)
		return failed(ret, "no page table with page requests");

	/* The device begins before there is memory. */
	if (pthread_create(&thread, NULL, transfer_main, &transfer))
		return failed(-EAGAIN, "no thread");
	ret = serve_request(app, queue.out_fault_fd);
	pthread_join(thread, NULL);
	close(queue.out_fault_fd);
	if (ret || transfer.ret)
		return failed(ret ? ret : transfer.ret, "page requests");
	if (strcmp(app->late, "late memory"))
		return failed(-EBADMSG, "the device wrote to the wrong place");
	printf("request: answered, and the first process gets \"%s\"\n", app->late);
	return 0;
}

/*
 * When IOMMU_EXT_PASID_DETACH returns, the IOMMU lets nothing with that PASID through any more. A
 * real driver stops the queue before, so that no DMA is cut off. Then the object can go, and
 * another object may get the number.
 */
static int channel_close(struct app *app, struct channel *channel, uint64_t address)
{
	struct iommu_ext_pasid_detach cmd = {
		.size = sizeof(cmd),
		.pasid_id = channel->pasid_id,
	};
	int ret = iommu_call(app->iommu, IOMMU_EXT_PASID_DETACH, &cmd);

	if (!ret)
		ret = expect_fault(app, channel->pasid, address);
	if (!ret)
		ret = destroy(app->iommu, channel->pasid_id);
	if (ret)
		return failed(ret, "cannot detach a PASID");
	printf("detach: PASID %u reaches nothing, and is free\n", channel->pasid);
	return 0;
}

/*
 * All of this could be left to close(): the last reference to the file takes everything away that
 * was made with it. In good order it is: the PASIDs, the page tables, the memory.
 */
static int step_close(struct app *app)
{
	int ret, status;

	ret = channel_close(app, &app->mine, IOVA_MINE);
	if (!ret)
		ret = channel_close(app, &app->other, IOVA_OTHER);
	if (!ret && app->shared.pasid_id)
		ret = channel_close(app, &app->shared, (uintptr_t)app->buffer);
	if (ret)
		return ret;

	/* An automatic page table is gone with its last PASID: nothing uses this IOAS any more. */
	ret = destroy(app->iommu, app->other.ioas_id);
	if (ret)
		return failed(ret, "the second process's IOAS");
	close(app->to_child);
	close(app->from_child);
	if (waitpid(app->child, &status, 0) != app->child || status)
		return failed(-ECHILD, "the second process did not end well");
	close(app->iommu);
	printf("close: nothing is left\n");
	return 0;
}

int main(void)
{
	static int (*const steps[])(struct app *app) = {
		step_open,   step_buffers,  step_attach, step_dma,
		step_shared, step_requests, step_close,
	};
	struct app app = {};

	/* Line by line, and nothing is left in the buffer that the second process would inherit. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int err = steps[i](&app);

		if (err)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
