// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests that policies get, hook by hook. The policy of tests/bpf/hooks.bpf.c returns the
 * test's values. policy-deny.c tests refusals, policy-order.c order, scope and loading,
 * policy-counts.c counts, and policy-totals.c totals.
 *
 * Finds these faults: a request does not match the call; a field that does not belong to the
 * hook is set; the driver does not ask about some way to map, unmap or attach.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/iommufd_ext.h>

#include "../lib/edu.h"
#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define P MEM_PAGE
#define PAGES 32
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID

static struct policy pol;
static struct mock m;
static char *mem;

static int map(uint32_t ioas, unsigned int page, unsigned int pages)
{
	return fixture__map(&m, ioas, mem, page, pages);
}

/* Reset a hook, and begin the request that is expected from it. */
static struct iommufd_policy_request ask(enum iommufd_policy_hook hook)
{
	hooks__say(&pol, hook, 0);
	return hooks__request(m.fd, hook);
}

/* Set all totals to the same value, because only this file has pinned memory. */
static void totals(struct iommufd_policy_request *req, unsigned int pinned, unsigned int need)
{
	req->need = need * P;
	req->ctx_pinned = req->process_pinned = req->uid_pinned = req->cgroup_pinned = pinned * P;
	req->ctx_after = req->process_after = req->uid_after = req->cgroup_after =
		(pinned + need) * P;
}

static void add_device(struct iommufd_policy_request *req, const struct mock *dev)
{
	char line[256] = "", *at;

	mock__object(dev->fd, dev->dev, line, sizeof(line));
	at = strstr(line, "name=");
	if (at)
		snprintf(req->device_name, sizeof(req->device_name), "%.*s",
			 (int)strcspn(at + 5, " "), at + 5);
	at = strstr(line, "group=");
	if (at)
		sscanf(at, "group=%u", &req->group);
}

/* ---- devices and page tables ---- */

static void fields_attach(void)
{
	static const char name[] = "device_attach";
	struct iommu_hwpt_mock_s1 data = { .table = MOCK_BASE };
	struct iommufd_policy_request req;
	uint32_t full, parent, nested;

	req = ask(IOMMUFD_HOOK_DEVICE_ATTACH);
	tap__err(ioas__alloc(m.fd, &full), 0, "%s: alloc an IOAS", name);
	tap__err(map(full, 0, 3), 0, "%s: map three pages", name);
	tap__err(mock__replace(&m, full), 0, "%s: move to it", name);
	req.flags = IOMMUFD_REQUEST_REPLACE | IOMMUFD_REQUEST_DRIVER;
	req.device = m.dev;
	req.pt = req.ioas = full;
	add_device(&req, &m);
	totals(&req, 0, 3);
	hooks__is(&pol, &req, "device_attach: replace");
	tap__is(mem__pinned(3), 3, "%s: the three pages are pinned", name);

	req = ask(IOMMUFD_HOOK_HWPT_ALLOC);
	tap__err(mock__hwpt(&m, full, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent), 0,
		 "hwpt_alloc: alloc a parent");
	req.device = m.dev;
	req.pt = req.ioas = full;
	req.hwpt_flags = IOMMU_HWPT_ALLOC_NEST_PARENT;
	add_device(&req, &m);
	totals(&req, 3, 0);
	hooks__is(&pol, &req, "hwpt_alloc: on an IOAS");

	req = ask(IOMMUFD_HOOK_HWPT_ALLOC);
	tap__err(mock__hwpt(&m, parent, 0, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data),
			    &nested),
		 0, "hwpt_alloc: alloc a nested page table");
	req.device = m.dev;
	req.pt = req.hwpt = parent;
	req.ioas = full;
	req.data_type = IOMMU_HWPT_DATA_MOCK_S1;
	add_device(&req, &m);
	totals(&req, 3, 0);
	hooks__is(&pol, &req, "hwpt_alloc: on a parent");

	req = ask(IOMMUFD_HOOK_DEVICE_ATTACH);
	tap__err(mock__replace(&m, nested), 0, "%s: move to it", name);
	req.flags = IOMMUFD_REQUEST_REPLACE | IOMMUFD_REQUEST_DRIVER;
	req.device = m.dev;
	req.pt = req.hwpt = nested;
	req.ioas = full;
	add_device(&req, &m);
	totals(&req, 3, 0);
	hooks__is(&pol, &req, "device_attach: to a page table");
}

static void fields_device(void)
{
	struct iommufd_policy_request req, before[2];
	struct mock other;
	uint32_t ioas, hwpt;

	if (!fixture__load(&pol, "fields", ""))
		return;
	tap__err(mock__open(&m, MOCK_FLAGS_DEVICE_PASID), 0, "device_bind: open a device");
	before[0] = req = hooks__request(m.fd, IOMMUFD_HOOK_DEVICE_BIND);
	req.flags = IOMMUFD_REQUEST_DRIVER;
	add_device(&req, &m);
	hooks__is(&pol, &req, "device_bind");
	before[1] = req = hooks__request(m.fd, IOMMUFD_HOOK_DEVICE_ATTACH);
	req.flags = IOMMUFD_REQUEST_DRIVER;
	req.device = m.dev;
	req.pt = req.ioas = m.ioas;
	add_device(&req, &m);
	hooks__is(&pol, &req, "device_attach: to an IOAS");
	fields_attach();

	/* A page table that pins memory, and a second device attached to it. */
	tap__err(ioas__alloc(m.fd, &ioas), 0, "hwpt_alloc: alloc another IOAS");
	tap__err(map(ioas, 8, 5), 0, "hwpt_alloc: map five pages");
	req = ask(IOMMUFD_HOOK_HWPT_ALLOC);
	tap__err(mock__hwpt(&m, ioas, PASID, 0, 0, NULL, 0, &hwpt), 0,
		 "hwpt_alloc: alloc one for PASIDs");
	req.device = m.dev;
	req.pt = req.ioas = ioas;
	req.hwpt_flags = PASID;
	add_device(&req, &m);
	totals(&req, 3, 5);
	hooks__is(&pol, &req, "hwpt_alloc: with pages to pin");
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_BIND, 0);
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, 0);
	tap__err(mock__add(&other, &m, hwpt, 0), 0, "device_bind: open a second device");
	req = before[0];
	req.flags = IOMMUFD_REQUEST_DRIVER;
	add_device(&req, &other);
	totals(&req, 8, 0);
	hooks__is(&pol, &req, "device_bind: of the second device");
	req = before[1];
	req.flags = IOMMUFD_REQUEST_DRIVER;
	req.device = other.dev;
	req.pt = req.hwpt = hwpt;
	req.ioas = ioas;
	add_device(&req, &other);
	totals(&req, 8, 0);
	hooks__is(&pol, &req, "device_attach: of the second device");
	tap__is(hooks__asked(&pol, IOMMUFD_HOOK_FAULT), 0, "fault: not asked");
	fixture__end(&m, &pol, "fields");
}

/* A PCI device has an address and a model. */
static void fields_pci(void)
{
	static const char name[] = "device_bind, PCI";
	unsigned int segment, bus, dev, function;
	struct iommufd_policy_request req;
	struct vfio_dev vfio;
	char bdf[16];
	int ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);

	if (ret || pci__bind(bdf) || vfio__open(&vfio, bdf)) {
		tap__skip("no edu device", "%s", name);
		return;
	}
	if (!fixture__load(&pol, name, ""))
		return;
	m.fd = iommu__open();
	tap__err(vfio__bind(&vfio, m.fd), 0, "%s: bind", name);
	if (sscanf(bdf, "%x:%x:%x.%x", &segment, &bus, &dev, &function) != 4)
		tap__ok(false, "%s: address %s", name, bdf);
	req = hooks__request(m.fd, IOMMUFD_HOOK_DEVICE_BIND);
	req.flags = IOMMUFD_REQUEST_DRIVER;
	req.sbdf = segment << 16 | bus << 8 | dev << 3 | function;
	req.vendor = EDU_VENDOR;
	req.product = EDU_DEVICE;
	req.group = pci__group(bdf);
	snprintf(req.device_name, sizeof(req.device_name), "%s", bdf);
	hooks__is(&pol, &req, name);
	vfio__close(&vfio);
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_BIND, -EXDEV);
	tap__err(vfio__open(&vfio, bdf), 0, "%s: open again", name);
	tap__err(vfio__bind(&vfio, m.fd), -EXDEV, "%s: refused", name);
	tap__is(mock__objects(m.fd), 0, "%s: no object is left", name);
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_BIND, 0);
	tap__err(vfio__bind(&vfio, m.fd), 0, "%s: allowed", name);
	vfio__close(&vfio);
	fixture__end(&m, &pol, name);
}

static struct iommufd_policy_request map_request(uint32_t ioas, uint64_t iova, uint64_t length,
						 uint64_t start, uint32_t kind)
{
	struct iommufd_policy_request req = hooks__request(m.fd, IOMMUFD_HOOK_IOAS_MAP);

	req.ioas = ioas;
	req.iova = iova;
	req.length = length;
	req.start = start;
	req.kind = kind;
	req.prot = IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE;
	return req;
}

static void fields_user(void)
{
	struct iommufd_policy_request req;
	uint64_t iova = 0;

	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(map(m.ioas, 0, 3), 0, "ioas_map: map three pages");
	req = map_request(m.ioas, AT(0), 3 * P, (uintptr_t)mem, IOMMUFD_MEMORY_USER);
	req.flags = IOMMUFD_REQUEST_FIXED;
	totals(&req, 0, 3);
	hooks__is(&pol, &req, "ioas_map: at an address");

	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(ioas__map(m.fd, m.ioas, mem + 4 * P, 2 * P, IOAS_R, &iova), 0,
		 "ioas_map: map at any address");
	req = map_request(m.ioas, iova, 2 * P, (uintptr_t)mem + 4 * P, IOMMUFD_MEMORY_USER);
	req.prot = IOMMUFD_PROT_READ;
	totals(&req, 3, 2);
	hooks__is(&pol, &req, "ioas_map: at an address that the kernel chose");
	tap__err(ioas__unmap_at(m.fd, m.ioas, iova, 2 * P), 0, "ioas_map: unmap");

	/* The mock's pages have half the size, so this range touches two pages of memory. */
	iova = AT(5) + P / 2;
	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(ioas__map(m.fd, m.ioas, mem + 5 * P + P / 2, P, IOAS_W | IOAS_FIXED, &iova), 0,
		 "ioas_map: map the halves of two pages");
	req = map_request(m.ioas, iova, P, (uintptr_t)mem + 5 * P + P / 2, IOMMUFD_MEMORY_USER);
	req.prot = IOMMUFD_PROT_WRITE;
	req.flags = IOMMUFD_REQUEST_FIXED;
	totals(&req, 3, 2);
	hooks__is(&pol, &req, "ioas_map: with two pages to pin");
	tap__is(mem__pinned(5), 5, "ioas_map: two more pages are pinned");
	ioas__unmap_at(m.fd, m.ioas, iova, P);
}

static void fields_file(void)
{
	struct iommufd_policy_request req;
	int file = memfd_create("hooks", MFD_CLOEXEC), buf = hooks__dmabuf(m.fd, 4 * P);
	uint64_t iova = AT(8);

	if (!tap__ok(file >= 0 && buf >= 0 && !ftruncate(file, 8 * P),
		     "ioas_map: a memfd and a dma-buf"))
		return;
	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(hooks__map_file(&m, m.ioas, file, 2 * P, 3 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "ioas_map: map a memfd");
	req = map_request(m.ioas, iova, 3 * P, 2 * P, IOMMUFD_MEMORY_FILE);
	req.flags = IOMMUFD_REQUEST_FIXED;
	totals(&req, 3, 3);
	hooks__is(&pol, &req, "ioas_map: of a memfd");
	ioas__unmap_at(m.fd, m.ioas, iova, 3 * P);

	iova = 0;
	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(hooks__map_file(&m, m.ioas, buf, P, 3 * P, IOAS_RW, &iova), 0,
		 "ioas_map: map a dma-buf");
	req = map_request(m.ioas, iova, 3 * P, P, IOMMUFD_MEMORY_DMABUF);
	totals(&req, 3, 0);
	hooks__is(&pol, &req, "ioas_map: of a dma-buf");
	ioas__unmap_at(m.fd, m.ioas, iova, 3 * P);
	close(file);
	close(buf);
}

static void fields_copy(void)
{
	struct iommufd_policy_request req;
	uint64_t iova = AT(12);
	uint32_t bare;

	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(ioas__copy(m.fd, m.ioas, m.ioas, AT(1), 2 * P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "ioas_map: copy");
	req = map_request(m.ioas, iova, 2 * P, AT(1), IOMMUFD_MEMORY_COPY);
	req.flags = IOMMUFD_REQUEST_FIXED;
	req.prot = IOMMUFD_PROT_READ;
	totals(&req, 3, 0);
	hooks__is(&pol, &req, "ioas_map: of a copy of pinned memory");

	tap__err(ioas__alloc(m.fd, &bare), 0, "ioas_map: alloc an IOAS without a device");
	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(map(bare, 16, 4), 0, "ioas_map: map four pages there");
	req = map_request(bare, AT(16), 4 * P, (uintptr_t)mem + 16 * P, IOMMUFD_MEMORY_USER);
	req.flags = IOMMUFD_REQUEST_FIXED;
	totals(&req, 3, 0);
	hooks__is(&pol, &req, "ioas_map: in an IOAS without a page table");
	iova = AT(20);
	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(ioas__copy(m.fd, m.ioas, bare, AT(16), 4 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "ioas_map: copy them");
	req = map_request(m.ioas, iova, 4 * P, AT(16), IOMMUFD_MEMORY_COPY);
	req.flags = IOMMUFD_REQUEST_FIXED;
	totals(&req, 3, 4);
	hooks__is(&pol, &req, "ioas_map: of a copy that pins");
	tap__is(mem__pinned(7), 7, "ioas_map: the four pages are pinned");
	ioas__unmap_at(m.fd, m.ioas, AT(20), 4 * P);
	ioas__unmap_at(m.fd, m.ioas, AT(12), 2 * P);
}

static void unmap_is(uint64_t iova, uint64_t length, unsigned int pinned, const char *name)
{
	struct iommufd_policy_request req = hooks__request(m.fd, IOMMUFD_HOOK_IOAS_UNMAP);

	req.ioas = m.ioas;
	req.iova = iova;
	req.length = length;
	totals(&req, pinned, 0);
	hooks__is(&pol, &req, name);
}

static void fields_type1(void)
{
	struct iommufd_policy_request req;
	uint64_t size = 0;

	tap__err(compat__ioas(m.fd, IOMMU_VFIO_IOAS_SET, &m.ioas), 0,
		 "ioas_map: set the IOAS for VFIO");
	ask(IOMMUFD_HOOK_IOAS_MAP);
	tap__err(type1__map(m.fd, mem + 24 * P, 2 * P, TYPE1_R, AT(24)), 0,
		 "ioas_map: map by VFIO");
	req = map_request(m.ioas, AT(24), 2 * P, (uintptr_t)mem + 24 * P, IOMMUFD_MEMORY_USER);
	req.flags = IOMMUFD_REQUEST_FIXED;
	req.prot = IOMMUFD_PROT_READ;
	totals(&req, 3, 2);
	hooks__is(&pol, &req, "ioas_map: of VFIO");

	ask(IOMMUFD_HOOK_IOAS_UNMAP);
	tap__err(type1__unmap_at(m.fd, AT(24), 2 * P), 0, "ioas_unmap: unmap by VFIO");
	unmap_is(AT(24), 2 * P, 5, "ioas_unmap: of VFIO");
	ask(IOMMUFD_HOOK_IOAS_UNMAP);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(0), 3 * P), 0, "ioas_unmap: unmap");
	unmap_is(AT(0), 3 * P, 3, "ioas_unmap");
	ask(IOMMUFD_HOOK_IOAS_UNMAP);
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "ioas_unmap: unmap all");
	unmap_is(0, UINT64_MAX, 0, "ioas_unmap: of all");
	ask(IOMMUFD_HOOK_IOAS_UNMAP);
	tap__err(type1__unmap(m.fd, 0, &size, VFIO_DMA_UNMAP_FLAG_ALL), 0,
		 "ioas_unmap: unmap all by VFIO");
	unmap_is(0, UINT64_MAX, 0, "ioas_unmap: of all by VFIO");
}

static void fields_memory(void)
{
	if (!fixture__start(&m, &pol, "memory", ""))
		return;
	fields_user();
	fields_file();
	fields_copy();
	fields_type1();
	fixture__end(&m, &pol, "memory");
}

/* ---- PASIDs and page requests ---- */

static struct iommufd_policy_request device_request(enum iommufd_policy_hook hook)
{
	struct iommufd_policy_request req = hooks__request(m.fd, hook);

	req.device = m.dev;
	add_device(&req, &m);
	totals(&req, 2, 0);
	return req;
}

static struct iommufd_policy_request attach_request(const struct hooks_tables *t, uint32_t pasid,
						    uint32_t virt, uint32_t flags)
{
	struct iommufd_policy_request req = device_request(IOMMUFD_HOOK_PASID_ATTACH);

	req.pasid = pasid;
	req.virt_pasid = virt;
	req.flags = flags;
	req.pt = req.hwpt = t->hwpt;
	req.ioas = t->ioas;
	return req;
}

static void fields_alloc(uint32_t ids[3], uint32_t numbers[3])
{
	const uint32_t flags = IOMMU_EXT_PASID_GLOBAL | IOMMU_EXT_PASID_VIRT;
	struct iommufd_policy_request req;

	ask(IOMMUFD_HOOK_PASID_ALLOC);
	tap__err(pasid__new(m.fd, m.dev, &ids[0], &numbers[0]), 0, "pasid_alloc: alloc any");
	req = device_request(IOMMUFD_HOOK_PASID_ALLOC);
	hooks__is(&pol, &req, "pasid_alloc: of any");
	ask(IOMMUFD_HOOK_PASID_ALLOC);
	tap__err(pasid__alloc(m.fd, m.dev, IOMMU_EXT_PASID_FIXED, 77, 0, &ids[1], &numbers[1]), 0,
		 "pasid_alloc: alloc 77");
	req.flags = IOMMUFD_REQUEST_FIXED;
	req.pasid = 77;
	hooks__is(&pol, &req, "pasid_alloc: of 77");
	ask(IOMMUFD_HOOK_PASID_ALLOC);
	tap__err(pasid__alloc(m.fd, m.dev, flags, 0, 9, &ids[2], &numbers[2]), 0,
		 "pasid_alloc: alloc from the global pool");
	req.flags = IOMMUFD_REQUEST_GLOBAL;
	req.pasid = IOMMUFD_NONE;
	req.virt_pasid = 9;
	hooks__is(&pol, &req, "pasid_alloc: from the global pool, 9 in the guest");
}

/* Check the request of an attach, and reset the hook for the next one. */
static void attach_is(const struct iommufd_policy_request *req, const char *name)
{
	hooks__is(&pol, req, name);
	ask(IOMMUFD_HOOK_PASID_ATTACH);
}

static void fields_pasid_attach(const struct hooks_tables *t, const uint32_t ids[3],
				const uint32_t numbers[3])
{
	struct iommufd_policy_request req;

	ask(IOMMUFD_HOOK_PASID_ATTACH);
	tap__err(pasid__attach(m.fd, ids[1], t->hwpt, NULL), 0, "pasid_attach: attach 77");
	req = attach_request(t, 77, IOMMUFD_NONE, 0);
	attach_is(&req, "pasid_attach: of 77");
	tap__err(pasid__replace(m.fd, ids[1], t->whole, NULL), 0, "pasid_attach: replace");
	req.flags = IOMMUFD_REQUEST_REPLACE;
	req.pt = req.hwpt = t->whole;
	attach_is(&req, "pasid_attach: replace");
	tap__err(pasid__attach(m.fd, ids[2], t->hwpt, NULL), 0,
		 "pasid_attach: attach the global one");
	req = attach_request(t, numbers[2], 9, IOMMUFD_REQUEST_GLOBAL);
	attach_is(&req, "pasid_attach: of the global one");
	tap__err(pasid__attach(m.fd, ids[0], t->sva, NULL), 0,
		 "pasid_attach: to the memory of the process");
	req = attach_request(t, numbers[0], IOMMUFD_NONE, IOMMUFD_REQUEST_SHARED);
	req.pt = t->sva;
	req.hwpt = req.ioas = IOMMUFD_NONE;
	attach_is(&req, "pasid_attach: to the memory of the process");
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 33, t->hwpt), 0,
		 "pasid_attach: by a driver");
	req = attach_request(t, 33, IOMMUFD_NONE, IOMMUFD_REQUEST_DRIVER);
	attach_is(&req, "pasid_attach: by a driver");
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, 33, 0), 0, "pasid_attach: detach");
	tap__is(hooks__asked(&pol, IOMMUFD_HOOK_PASID_ATTACH), 0,
		"pasid_attach: not asked about a detach");
}

static void fields_fault(const struct hooks_tables *t, uint32_t pasid, uint32_t shared)
{
	struct iommufd_policy_request req;
	struct iommu_hwpt_pgfault got[4];
	char byte;

	ask(IOMMUFD_HOOK_FAULT);
	tap__err(mock__request(&m, pasid, 5, AT(3), 3), 0, "fault: make three page requests");
	tap__is(fault__read(t->fault_fd, got, 4), 3, "fault: all three are in the queue");
	req = device_request(IOMMUFD_HOOK_FAULT);
	req.hwpt = t->hwpt;
	req.ioas = t->ioas;
	req.pasid = pasid;
	/* From the lowest page to the end of the highest, in any order of the requests. */
	req.iova = AT(3);
	req.length = 3 * P;
	req.prot = IOMMUFD_PROT_READ;
	req.requests = 3;
	hooks__is(&pol, &req, "fault");
	tap__err(fault__answer(t->fault_fd, got[0].cookie, 1), 0, "fault: respond");

	/* For the page table of the process, the kernel responds if the policy allows it. */
	ask(IOMMUFD_HOOK_FAULT);
	madvise(mem + 9 * P, P, MADV_DONTNEED);
	tap__err(mock__dma(&m, shared, (uintptr_t)mem + 9 * P, &byte, 1, false), 0,
		 "fault: in the memory of the process");
	hooks__say(&pol, IOMMUFD_HOOK_FAULT, -EACCES);
	madvise(mem + 9 * P, P, MADV_DONTNEED);
	tap__err(mock__dma(&m, shared, (uintptr_t)mem + 9 * P, &byte, 1, false), -EIO,
		 "fault: refused in the memory of the process");
}

static void fields_pasid(void)
{
	uint32_t ids[3] = {}, numbers[3] = {};
	struct hooks_tables t;

	if (!fixture__start(&m, &pol, "pasid", "") || !hooks__tables(&t, &m, mem, "pasid"))
		return;
	fields_alloc(ids, numbers);
	fields_pasid_attach(&t, ids, numbers);
	fields_fault(&t, numbers[2], numbers[0]);
	close(t.fault_fd);
	fixture__end(&m, &pol, "pasid");
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	if (!mem)
		return tap__bail("no memory");
	fields_device();
	fields_memory();
	fields_pasid();
	fields_pci();
	tap__is(policy__count(), 0, "no policy is loaded at the end");
	return tap__done();
}
