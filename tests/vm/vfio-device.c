// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of vfio-pci that involve iommufd, on a device that is bound to an iommufd:
 *
 *	interrupts	through the IOMMU's remapping, by eventfd: INTx and MSI of edu, MSI-X of
 *	nvme hot reset	of a slot whose devices all belong to one context; mappings stay
 *	replace		of the IOAS while a thread makes the device do DMA
 *	removal		of a device that is bound, attached, and has memory mapped
 *
 * vm: --qemu '-global pcie-root-port.x-speed=5'
 * vm: --qemu '-device pcie-root-port,id=port2,chassis=2,slot=2'
 * vm: --qemu '-blockdev driver=null-co,node-name=third,size=1073741824,read-zeroes=on'
 * vm: --qemu '-device nvme,serial=iommuscope-port,drive=third,bus=port2,addr=0.0,multifunction=on'
 * vm: --qemu '-device edu,bus=port2,addr=0.1,dma_mask=0xffffffff'
 * takes: 20
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/nvme.h"
#include "../lib/tap.h"
#include "../lib/vfio-hotreset.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define BASE 0x1000000ull
#define LEN 1024

/* Registers of edu that have to do with interrupts. */
#define EDU_STATUS 0x24
#define EDU_RAISE 0x60
#define EDU_ACK 0x64

static char edu_bdf[16], edu2_bdf[16], nvme_bdf[16], nvme3_bdf[16], igb_bdf[16];
static char *mem;

static int wait_event(int event, int ms)
{
	struct pollfd pfd = { .fd = event, .events = POLLIN };
	uint64_t count;

	if (poll(&pfd, 1, ms) != 1)
		return 0;
	return read(event, &count, sizeof(count)) == sizeof(count) ? (int)count : -1;
}

static volatile uint32_t *edu_reg(struct edu *edu, unsigned int reg)
{
	return (volatile uint32_t *)((volatile char *)edu->bar + reg);
}

static void test_interrupts(void)
{
	int fd = iommu__open(), event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), i, n;
	struct edu edu;
	uint32_t ioas;

	ioas__alloc(fd, &ioas);
	tap__err(edu__open(&edu, edu_bdf, fd), 0, "edu: bind");
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "edu: attach");
	tap__err(edu__start(&edu), 0, "edu: start");
	tap__is(vfio__irq_count(&edu.dev, VFIO_PCI_INTX_IRQ_INDEX), 1, "edu: has INTx");
	tap__is(vfio__irq_count(&edu.dev, VFIO_PCI_MSI_IRQ_INDEX), 1, "edu: has an MSI");
	tap__is(vfio__irq_count(&edu.dev, VFIO_PCI_MSIX_IRQ_INDEX), 0, "edu: no MSI-X");

	tap__err(vfio__irqs(&edu.dev, VFIO_PCI_INTX_IRQ_INDEX, &event, 1), 0, "INTx: on");
	*edu_reg(&edu, EDU_RAISE) = 0x11;
	tap__is(wait_event(event, TAP_PATIENCE_MS), 1, "INTx: raised");
	tap__is(wait_event(event, 100), 0, "INTx: is masked then");
	tap__err(vfio__irq_unmask(&edu.dev, VFIO_PCI_INTX_IRQ_INDEX), 0, "INTx: unmask");
	tap__is(wait_event(event, TAP_PATIENCE_MS), 1,
		"INTx: comes again, not having been acknowledged");
	*edu_reg(&edu, EDU_ACK) = *edu_reg(&edu, EDU_STATUS);
	tap__err(vfio__irq_unmask(&edu.dev, VFIO_PCI_INTX_IRQ_INDEX), 0, "INTx: unmask");
	tap__is(wait_event(event, 100), 0, "INTx: does not come again");
	tap__err(vfio__irqs(&edu.dev, VFIO_PCI_INTX_IRQ_INDEX, NULL, 0), 0, "INTx: off");

	tap__err(vfio__irqs(&edu.dev, VFIO_PCI_MSI_IRQ_INDEX, &event, 1), 0, "MSI: on");
	for (i = 0, n = 0; i < 7; i++) {
		*edu_reg(&edu, EDU_RAISE) = 1;
		n += wait_event(event, TAP_PATIENCE_MS);
		*edu_reg(&edu, EDU_ACK) = 1;
	}
	tap__is(n, 7, "MSI: raised seven times");
	/* Neither detach nor another IOAS touches interrupts. */
	tap__err(vfio__detach(&edu.dev), 0, "MSI: detach");
	*edu_reg(&edu, EDU_RAISE) = 1;
	wait_event(event, 100);
	*edu_reg(&edu, EDU_ACK) = 1;
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "MSI: attach");
	*edu_reg(&edu, EDU_RAISE) = 1;
	tap__is(wait_event(event, TAP_PATIENCE_MS), 1, "MSI: raised after that");
	*edu_reg(&edu, EDU_ACK) = 1;
	tap__err(vfio__irqs(&edu.dev, VFIO_PCI_MSI_IRQ_INDEX, NULL, 0), 0, "MSI: off");
	*edu_reg(&edu, EDU_RAISE) = 1;
	tap__is(wait_event(event, 100), 0, "MSI: none when off");
	*edu_reg(&edu, EDU_ACK) = 1;
	edu__close(&edu);
	close(event);
	close(fd);
}

/* Reads from this controller overwrite memory with zeroes. */
static int nvme_reads(struct nvme *nvme, int n)
{
	int bad = 0;

	for (int i = 0; i < n; i++) {
		memset(mem, 0xa5, 2 * P);
		bad += nvme__read(nvme, i * 8, BASE, P) != 0;
		for (unsigned int j = 0; j < 2 * P; j++)
			if (mem[j] != (j < P ? 0 : (char)0xa5)) {
				bad++;
				break;
			}
	}
	return bad;
}

static void test_reset_info(struct nvme *nvme)
{
	struct vfio_pci_dependent_device devs[8];
	unsigned int num = 8, seen = 0;
	uint32_t flags;

	tap__err(vfio__hot_reset_info(&nvme->dev, devs, &num, &flags), 0, "hot reset: info");
	tap__is(flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID | VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED,
		"hot reset: ids of devices, all ours");
	tap__is(num, 2, "hot reset: two devices");
	for (unsigned int i = 0; i < num; i++)
		if (devs[i].devid == (devs[i].devfn ? VFIO_PCI_DEVID_OWNED : nvme->dev.id))
			seen++;
	tap__is(seen, 2, "hot reset: one by its id, and one of its group");
}

static void test_hot_reset(void)
{
	int fd = iommu__open(), group;
	struct vfio_dev dev;
	struct nvme nvme;
	uint32_t ioas;

	ioas__alloc(fd, &ioas);
	tap__err(pci__bind(nvme3_bdf), 0, "hot reset: nvme to vfio-pci");
	tap__err(nvme__open(&nvme, nvme3_bdf, fd, ioas), 0, "hot reset: start it");
	ioas__map_at(fd, ioas, mem, 2 * P, BASE);
	tap__is(nvme_reads(&nvme, 5), 0, "hot reset: reads before");
	tap__err(vfio__hot_reset(&nvme.dev, NULL, 0), -EINVAL,
		 "hot reset: with a device in the slot that vfio has not");
	tap__ok(nvme__enabled(&nvme), "hot reset: has done nothing");
	tap__err(pci__bind(edu2_bdf), 0, "hot reset: edu to vfio-pci");
	test_reset_info(&nvme);
	tap__err(vfio__hot_reset(&nvme.dev, &fd, 1), -EINVAL, "hot reset: with a file");
	tap__is(nvme_reads(&nvme, 5), 0, "hot reset: reads still");
	for (int i = 0; i < 3; i++) {
		tap__err(vfio__hot_reset(&nvme.dev, NULL, 0), 0, "hot reset");
		tap__ok(!nvme__enabled(&nvme), "hot reset: the controller is off");
		tap__err(nvme__restart(&nvme), 0, "hot reset: start it again");
		tap__is(nvme_reads(&nvme, 11), 0, "hot reset: reads, with interrupts");
	}
	nvme__close(&nvme);
	close(fd);
	tap__is(mem__pinned(0), 0, "hot reset: nothing is pinned");

	fd = iommu__open();
	group = group__open(nvme3_bdf);
	group__set_container(group, fd);
	tap__err(group__device(group, nvme3_bdf, &dev), 0, "hot reset: device of a group");
	tap__err(type1__map(fd, mem, 2 * P, TYPE1_RW, BASE), 0, "hot reset: map");
	compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &ioas);
	tap__err(nvme__use(&nvme, &dev, fd, ioas), 0, "hot reset: start it");
	tap__err(vfio__hot_reset(&nvme.dev, NULL, 0), -EINVAL, "hot reset: without its group");
	tap__err(vfio__hot_reset(&nvme.dev, &group, 1), 0, "hot reset: with its group");
	tap__ok(!nvme__enabled(&nvme), "hot reset: the controller is off");
	tap__err(nvme__restart(&nvme), 0, "hot reset: start it again");
	tap__is(nvme_reads(&nvme, 5), 0, "hot reset: reads");
	nvme__close(&nvme);
	close(group);
	close(fd);
	tap__is(mem__pinned(0), 0, "hot reset: nothing is pinned");
}

/* The igb card is alone behind its port; a device of the root bus cannot be reset by a bus. */
static void test_hot_reset_others(void)
{
	static const char *const bdfs[] = { igb_bdf, nvme_bdf };
	static const int want[] = { 0, -ENODEV };
	uint16_t before, after;
	struct vfio_dev dev;
	uint32_t ioas;
	int fd;

	for (int i = 0; i < 2; i++) {
		fd = iommu__open();
		ioas__alloc(fd, &ioas);
		ioas__map_at(fd, ioas, mem, 3 * P, BASE);
		tap__err(pci__bind(bdfs[i]), 0, "%s: to vfio-pci", bdfs[i]);
		tap__err(vfio__open(&dev, bdfs[i]), 0, "%s: open", bdfs[i]);
		tap__err(vfio__hot_reset(&dev, NULL, 0), -EINVAL, "%s: hot reset, not bound",
			 bdfs[i]);
		tap__err(vfio__bind(&dev, fd), 0, "%s: bind", bdfs[i]);
		tap__err(vfio__hot_reset(&dev, NULL, 0), want[i], "%s: hot reset", bdfs[i]);
		tap__err(vfio__attach_ioas(&dev, ioas), 0, "%s: attach", bdfs[i]);
		vfio__enable(&dev);
		vfio__config_read(&dev, 4, &before, sizeof(before));
		tap__err(vfio__hot_reset(&dev, NULL, 0), want[i], "%s: hot reset", bdfs[i]);
		vfio__config_read(&dev, 4, &after, sizeof(after));
		tap__hex(after, before, "%s: command register", bdfs[i]);
		tap__is(mem__pinned(3), 3, "%s: mapped pages are pinned", bdfs[i]);
		vfio__close(&dev);
		close(fd);
		tap__is(mem__pinned(0), 0, "%s: nothing is pinned", bdfs[i]);
	}
}

struct mover {
	struct edu edu;
	pthread_t thread;
	atomic_bool stop;
	int done, errors;
	int results[3]; /* as of result() */
};

/*
 * Result of a transfer: 0 if all of it arrived, 1 if a part was stopped on either way (it has the
 * data from before, of memory or of the device, or the zeroes that a stopped read returns), 2 if it
 * has other data.
 */
static int result(const uint32_t *got, const uint32_t *want, const uint32_t *before)
{
	int ret = 0;

	for (unsigned int i = 0; i < LEN / sizeof(*got) && ret < 2; i++)
		if (got[i] != want[i])
			ret = !got[i] || got[i] == 0x5a5a5a5a || got[i] == before[i] ? 1 : 2;
	return ret;
}

/* Moves pages between two IOVAs with a new pattern each time. */
static void *move(void *arg)
{
	static uint32_t before[LEN / 4];
	struct mover *m = arg;

	while (!m->stop) {
		memcpy(before, mem, LEN);
		mem__fill(mem, P, 1000 + m->done);
		memset(mem + P, 0x5a, P);
		m->errors += edu__read(&m->edu, BASE, 0, LEN) != 0;
		m->errors += edu__write(&m->edu, BASE + P, 0, LEN) != 0;
		m->results[result((uint32_t *)(mem + P), (uint32_t *)mem, before)]++;
		m->done++;
	}
	return NULL;
}

/* Lines of the IOMMU's driver about DMA that it stopped, since the last call. */
static int faults(int kmsg)
{
	char line[1024];
	int n = 0;
	ssize_t len;

	while ((len = read(kmsg, line, sizeof(line) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		line[len] = '\0';
		n += !!strstr(line, "DMAR: [DMA");
	}
	return n;
}

/*
 * Intel's driver blocks DMA of the device for the moment in which it changes the page table, so a
 * transfer may be stopped, now and then, and a fault tells. Others change it at once. Wherever a
 * transfer gets through, it gets to the right memory.
 */
static void test_replace(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	static const struct timespec pause = { .tv_nsec = 20000000 };
	struct mover m = {};
	uint64_t iova = BASE;
	int fd = iommu__open(), replaced = 0, bad = 0, ret;
	uint32_t ioas[3];

	for (int i = 0; i < 3; i++)
		ioas__alloc(fd, &ioas[i]);
	/* The first two have maps of their own, the third a copy; each has something else, too. */
	ioas__map_at(fd, ioas[0], mem, 2 * P, BASE);
	ioas__map_at(fd, ioas[1], mem, 2 * P, BASE);
	ioas__map_at(fd, ioas[1], mem + 8 * P, 4 * P, 2 * BASE);
	ioas__copy(fd, ioas[2], ioas[0], BASE, 2 * P, IOAS_RW | IOAS_FIXED, &iova);
	tap__err(edu__open(&m.edu, edu_bdf, fd), 0, "replace: bind");
	tap__err(vfio__attach_ioas(&m.edu.dev, ioas[0]), 0, "replace: attach");
	tap__err(edu__start(&m.edu), 0, "replace: start");
	lseek(kmsg, 0, SEEK_END);
	pthread_create(&m.thread, NULL, move, &m);
	while (m.done < 25 && !m.errors) {
		ret = vfio__attach_ioas(&m.edu.dev, ioas[++replaced % 3]);
		bad += ret != 0;
		nanosleep(&pause, NULL);
	}
	m.stop = true;
	pthread_join(m.thread, NULL);
	tap__diag("%d replaces, %d transfers, %d missed", replaced, m.done, m.results[1]);
	tap__is(bad, 0, "replace: %d times", replaced);
	tap__is(m.errors, 0, "replace: no transfer hangs");
	tap__is(m.results[2], 0, "replace: no transfer has wrong data");
	if (access("/sys/class/iommu/dmar0", F_OK))
		tap__is(m.results[1], 0, "replace: no transfer is stopped");
	else
		tap__ok(m.results[1] <= faults(kmsg),
			"replace: %d stopped, all by the IOMMU's driver", m.results[1]);
	close(kmsg);
	edu__close(&m.edu);
	close(fd);
	tap__is(mem__pinned(0), 0, "replace: nothing is pinned");
}

static bool write_one(const char *path)
{
	int f = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = f >= 0 && write(f, "1", 1) == 1;

	if (f >= 0)
		close(f);
	return ok;
}

static bool is_there(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	return !access(path, F_OK);
}

/* Whether DMA of the first page comes back in the second. */
static bool moves(struct edu *edu)
{
	mem__fill(mem, P, 77);
	memset(mem + P, 0, P);
	return !edu__read(edu, BASE, 0, LEN) && !edu__write(edu, BASE + P, 0, LEN) &&
	       mem__check(mem + P, LEN, 77) < 0;
}

/* Through the cdev, and through the group. */
static void test_removal(bool by_group)
{
	const char *how = by_group ? "removal by group" : "removal";
	int fd = iommu__open(), event = eventfd(0, EFD_CLOEXEC), group = -1, status;
	struct vfio_dev dev;
	struct edu edu = {};
	char command[96];
	uint32_t ioas;
	pid_t pid;

	tap__err(pci__bind(edu_bdf), 0, "%s: edu to vfio-pci", how);
	if (by_group) {
		group = group__open(edu_bdf);
		group__set_container(group, fd);
		compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &ioas);
		tap__err(group__device(group, edu_bdf, &edu.dev), 0, "%s: the device", how);
	} else {
		ioas__alloc(fd, &ioas);
		tap__err(edu__open(&edu, edu_bdf, fd), 0, "%s: bind", how);
		tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "%s: attach", how);
	}
	tap__err(edu__start(&edu), 0, "%s: start", how);
	ioas__map_at(fd, ioas, mem, 6 * P, BASE);
	tap__err(vfio__irqs(&edu.dev, VFIO_PCI_REQ_IRQ_INDEX, &event, 1), 0,
		 "%s: have requests to let go", how);

	/* Another program: a child of this one would have the device open as well. */
	snprintf(command, sizeof(command), "echo 1 >/sys/bus/pci/devices/%s/remove", edu_bdf);
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	tap__ok(wait_event(event, TAP_PATIENCE_MS) > 0, "%s: asks for the device", how);
	tap__err(vfio__open(&dev, edu_bdf), -ENOENT, "%s: cannot be opened any more", how);
	tap__ok(!waitpid(pid, &status, WNOHANG), "%s: waits", how);
	tap__ok(moves(&edu), "%s: DMA until it is given back", how);
	tap__is(mem__pinned(6), 6, "%s: six pages are pinned", how);
	edu__close(&edu);
	if (group >= 0)
		close(group);
	waitpid(pid, &status, 0);
	tap__is(status, 0, "%s: done", how);
	tap__ok(!is_there(edu_bdf), "%s: the device is gone", how);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", how);
	tap__is(mem__status(0, "VmPin"), 0, "%s: nothing is accounted", how);

	tap__ok(write_one("/sys/bus/pci/rescan"), "%s: rescan", how);
	tap__ok(is_there(edu_bdf), "%s: the device is back", how);
	tap__err(pci__bind(edu_bdf), 0, "%s: to vfio-pci", how);
	tap__err(edu__open(&edu, edu_bdf, fd), 0, "%s: bind in the same context", how);
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "%s: attach to the same IOAS", how);
	tap__err(edu__start(&edu), 0, "%s: start", how);
	tap__ok(moves(&edu), "%s: DMA to the mapping from before", how);
	edu__close(&edu);
	close(event);
	close(fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", how);
}

int main(void)
{
	tap__start();
	if (pci__find(EDU_VENDOR, EDU_DEVICE, 0, edu_bdf) ||
	    pci__find(EDU_VENDOR, EDU_DEVICE, 1, edu2_bdf) ||
	    pci__find(0x1b36, 0x0010, 0, nvme_bdf) || pci__find(0x1b36, 0x0010, 2, nvme3_bdf) ||
	    pci__find(0x8086, 0x10c9, 0, igb_bdf))
		return tap__skip_all("needs two edu, three nvme and an igb device");
	mem = mem__small(32 * P);
	tap__err(pci__bind(edu_bdf), 0, "edu to vfio-pci");
	test_interrupts();
	test_hot_reset();
	test_hot_reset_others();
	test_replace();
	test_removal(false);
	test_removal(true);
	return tap__done();
}
