// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output of the kernel, byte by byte: results, and nothing else.
 *
 * Finds these faults: padding, reserved members or the tail of a buffer come from uninitialised
 * kernel memory; a result is stored beyond the struct as user space knows it; an input is changed;
 * a result is not stored at all.
 *
 * Each struct stands in a buffer like this:
 *
 *	the struct	results are set to 0xaa, the rest is the input
 *	32 bytes of 0	unknown to the kernel; for the program they belong to the struct
 *	64 bytes of 0xaa	behind it
 *
 * After a success results differ from 0xaa.., and all other bytes are as they were.
 *
 * vm: --mock
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/info.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define MORE 32
#define BEHIND 64
#define FILLED 0xaa

static struct mock m;
static char *mem;

/* A result: where it is in the struct. */
struct result {
	size_t offset, size;
};

#define RESULT(type, member) { offsetof(type, member), sizeof(((type *)0)->member) }

static bool all_are(const unsigned char *at, size_t n, unsigned char byte)
{
	for (size_t i = 0; i < n; i++)
		if (at[i] != byte)
			return false;
	return true;
}

/* The call with the struct in a buffer; the answer is copied to data. */
static int check(const char *name, unsigned long nr, void *data, size_t size,
		 const struct result *results, unsigned int num)
{
	unsigned char buf[512], before[512];
	unsigned int missing = 0;
	int ret;

	memcpy(buf, data, size);
	for (unsigned int i = 0; i < num; i++)
		memset(buf + results[i].offset, FILLED, results[i].size);
	memset(buf + size, 0, MORE);
	memset(buf + size + MORE, FILLED, BEHIND);
	*(uint32_t *)buf = size + MORE;
	memcpy(before, buf, sizeof(buf));

	ret = iommu__ioctl(m.fd, nr, buf);
	if (!tap__err(ret, 0, "%s: a longer struct", name))
		return ret;
	memcpy(data, buf, size);
	*(uint32_t *)data = size;
	for (unsigned int i = 0; i < num; i++) {
		missing += all_are(buf + results[i].offset, results[i].size, FILLED);
		memset(buf + results[i].offset, FILLED, results[i].size);
	}
	tap__is(missing, 0, "%s: each result is there", name);
	tap__ok(!memcmp(buf, before, size), "%s: no other member has changed", name);
	tap__ok(all_are(buf + size, MORE, 0), "%s: nor the unknown tail", name);
	tap__ok(all_are(buf + size + MORE, BEHIND, FILLED), "%s: nor anything behind", name);
	return 0;
}

#define CHECK(name, nr, cmd, ...) \
	({ \
		static const struct result res[] = { __VA_ARGS__ }; \
		check(name, nr, &(cmd), sizeof(cmd), res, sizeof(res) / sizeof(*res)); \
	})

static void test_ioas(void)
{
	struct iommu_ioas_alloc alloc = {};
	struct iommu_ioas_map map = {
		.flags = IOAS_RW,
		.ioas_id = m.ioas,
		.user_va = (uintptr_t)mem,
		.length = 2 * P,
	};
	struct iommu_ioas_map_file file = {
		.flags = IOAS_RW,
		.ioas_id = m.ioas,
		.length = P,
		.fd = memfd_create("padding", 0),
	};
	struct iommu_ioas_copy copy = {
		.flags = IOAS_RW,
		.dst_ioas_id = m.ioas,
		.src_ioas_id = m.ioas,
		.length = P,
	};
	struct iommu_option option = {
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = IOMMU_OPTION_OP_GET,
		.object_id = m.ioas,
	};
	struct iommu_ioas_unmap unmap = { .ioas_id = m.ioas, .length = 2 * P };

	CHECK("IOAS_ALLOC", IOMMU_IOAS_ALLOC, alloc, RESULT(struct iommu_ioas_alloc, out_ioas_id));
	CHECK("IOAS_MAP", IOMMU_IOAS_MAP, map, RESULT(struct iommu_ioas_map, iova));
	tap__err(ftruncate(file.fd, P), 0, "a file");
	CHECK("IOAS_MAP_FILE", IOMMU_IOAS_MAP_FILE, file, RESULT(struct iommu_ioas_map_file, iova));
	close(file.fd);
	copy.src_iova = map.iova;
	CHECK("IOAS_COPY", IOMMU_IOAS_COPY, copy, RESULT(struct iommu_ioas_copy, dst_iova));
	CHECK("OPTION", IOMMU_OPTION, option, RESULT(struct iommu_option, val64));
	/* Its length is input and output, and the same here: no member may change. */
	unmap.iova = map.iova;
	check("IOAS_UNMAP", IOMMU_IOAS_UNMAP, &unmap, sizeof(unmap), NULL, 0);
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "unmap the rest");
	iommu__destroy(m.fd, alloc.out_ioas_id);
}

/* Ranges are written as far as there are some, or as there is room. */
static void test_ranges(void)
{
	struct iommu_iova_range r[4];
	struct iommu_ioas_iova_ranges cmd = {
		.ioas_id = m.ioas,
		.num_iovas = 4,
		.allowed_iovas = (uintptr_t)r,
	};

	memset(r, FILLED, sizeof(r));
	/* num_iovas is input and output: the number of ranges there are is another. */
	cmd.size = sizeof(cmd);
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_IOVA_RANGES, &cmd), 0, "IOVA_RANGES");
	tap__is(cmd.num_iovas, 1, "IOVA_RANGES: one");
	tap__ok(all_are((void *)&r[1], 3 * sizeof(*r), FILLED), "IOVA_RANGES: no more");
	tap__is(cmd.__reserved, 0, "IOVA_RANGES: reserved");
	memset(r, FILLED, sizeof(r));
	CHECK("IOVA_RANGES", IOMMU_IOAS_IOVA_RANGES, cmd,
	      RESULT(struct iommu_ioas_iova_ranges, out_iova_alignment));
}

static void test_hw_info(void)
{
	unsigned char data[96];
	struct iommu_hw_info info = {
		.dev_id = m.dev,
		.data_len = 64,
		.data_uptr = (uintptr_t)data,
	};
	struct iommu_test_hw_info *driver = (void *)data;
	int ret;

	memset(data, FILLED, sizeof(data));
	info.size = sizeof(info);
	ret = iommu__ioctl(m.fd, IOMMU_GET_HW_INFO, &info);
	tap__err(ret, 0, "GET_HW_INFO: more room than data");
	tap__is(info.data_len, sizeof(*driver), "GET_HW_INFO: length of the data");
	tap__hex(driver->test_reg, IOMMU_HW_INFO_SELFTEST_REGVAL, "GET_HW_INFO: the data");
	tap__ok(all_are(data + sizeof(*driver), 64 - sizeof(*driver), 0),
		"GET_HW_INFO: the room behind it is zeroed");
	tap__ok(all_are(data + 64, 32, FILLED), "GET_HW_INFO: and nothing behind that");

	memset(data, FILLED, sizeof(data));
	info.data_len = 4;
	info.out_data_type = 0;
	ret = iommu__ioctl(m.fd, IOMMU_GET_HW_INFO, &info);
	tap__err(ret, 0, "GET_HW_INFO: less room than data");
	tap__ok(all_are(data + 4, 92, FILLED), "GET_HW_INFO: nothing behind the room");

	memset(data, FILLED, sizeof(data));
	info.data_len = sizeof(*driver);
	CHECK("GET_HW_INFO", IOMMU_GET_HW_INFO, info, RESULT(struct iommu_hw_info, out_data_type),
	      RESULT(struct iommu_hw_info, out_max_pasid_log2),
	      RESULT(struct iommu_hw_info, out_capabilities));

	/* As a program of the first version has it: without the last member. */
	info.size = offsetof(struct iommu_hw_info, out_capabilities);
	info.data_len = 0;
	memset(&info.out_capabilities, FILLED, sizeof(info.out_capabilities));
	ret = iommu__ioctl(m.fd, IOMMU_GET_HW_INFO, &info);
	tap__err(ret, 0, "GET_HW_INFO: a shorter struct");
	tap__ok(all_are((void *)&info.out_capabilities, sizeof(info.out_capabilities), FILLED),
		"GET_HW_INFO: missing members are not written");
}

/* An exact number is input only. The device as a whole has to be at a table for PASIDs. */
static void test_pasid(void)
{
	struct iommu_ext_pasid_alloc alloc = {
		.flags = IOMMU_EXT_PASID_FIXED | IOMMU_EXT_PASID_VIRT,
		.pasid = 5,
		.virt_pasid = 6,
	};
	struct iommu_ext_pasid_attach attach = { .pt_id = m.ioas };
	struct iommu_ext_pasid_query query = {};
	struct iommu_ext_pasid_detach detach = {};
	struct iommu_ext_sva_alloc sva = {};
	struct mock dev;
	uint32_t hwpt;

	tap__err(mock__add(&dev, &m, m.ioas, MOCK_FLAGS_DEVICE_PASID), 0, "a device with PASIDs");
	mock__hwpt(&dev, m.ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &hwpt);
	tap__err(mock__replace(&dev, hwpt), 0, "attached to a table for them");
	alloc.dev_id = dev.dev;
	CHECK("EXT_PASID_ALLOC", IOMMU_EXT_PASID_ALLOC, alloc,
	      RESULT(struct iommu_ext_pasid_alloc, out_pasid_id));
	attach.pasid_id = alloc.out_pasid_id;
	query.pasid_id = alloc.out_pasid_id;
	detach.pasid_id = alloc.out_pasid_id;
	CHECK("EXT_PASID_ATTACH", IOMMU_EXT_PASID_ATTACH, attach,
	      RESULT(struct iommu_ext_pasid_attach, out_hwpt_id));
	CHECK("EXT_PASID_REPLACE", IOMMU_EXT_PASID_REPLACE, attach,
	      RESULT(struct iommu_ext_pasid_attach, out_hwpt_id));
	CHECK("EXT_PASID_QUERY", IOMMU_EXT_PASID_QUERY, query,
	      RESULT(struct iommu_ext_pasid_query, out_dev_id),
	      RESULT(struct iommu_ext_pasid_query, out_pasid),
	      RESULT(struct iommu_ext_pasid_query, out_virt_pasid),
	      RESULT(struct iommu_ext_pasid_query, out_width),
	      RESULT(struct iommu_ext_pasid_query, out_state),
	      RESULT(struct iommu_ext_pasid_query, out_pt_id),
	      RESULT(struct iommu_ext_pasid_query, out_hwpt_id));
	check("EXT_PASID_DETACH", IOMMU_EXT_PASID_DETACH, &detach, sizeof(detach), NULL, 0);
	CHECK("EXT_SVA_ALLOC", IOMMU_EXT_SVA_ALLOC, sva,
	      RESULT(struct iommu_ext_sva_alloc, out_sva_id));
	iommu__destroy(m.fd, sva.out_sva_id);
	iommu__destroy(m.fd, dev.obj);
	iommu__destroy(m.fd, hwpt);
}

/* num_ranges and num_formats are input and output: the same here. */
static void test_info(void)
{
	struct iommu_ext_device_info info, dev = { .dev_id = m.dev };
	struct iommu_ext_pt_info pt = { .pt_id = m.ioas };
	struct info_formats formats;
	struct info_ranges ranges;

	tap__err(info__device(m.fd, m.dev, &info, &ranges, &formats), 0,
		 "EXT_DEVICE_INFO: nothing behind the entries there are");
	dev.num_ranges = info.num_ranges;
	dev.ranges = (uintptr_t)ranges.at;
	dev.num_formats = info.num_formats;
	dev.formats = (uintptr_t)formats.at;
	CHECK("EXT_DEVICE_INFO", IOMMU_EXT_DEVICE_INFO, dev,
	      RESULT(struct iommu_ext_device_info, out_group),
	      RESULT(struct iommu_ext_device_info, out_caps),
	      RESULT(struct iommu_ext_device_info, out_page_sizes),
	      RESULT(struct iommu_ext_device_info, out_aperture_start),
	      RESULT(struct iommu_ext_device_info, out_aperture_last),
	      RESULT(struct iommu_ext_device_info, out_address_width),
	      RESULT(struct iommu_ext_device_info, out_pasid_width));
	tap__err(info__pt(m.fd, m.ioas, &pt, &ranges), 0,
		 "EXT_PT_INFO: nothing behind the entries there are");
	CHECK("EXT_PT_INFO", IOMMU_EXT_PT_INFO, pt, RESULT(struct iommu_ext_pt_info, out_kind),
	      RESULT(struct iommu_ext_pt_info, out_flags),
	      RESULT(struct iommu_ext_pt_info, out_data_type),
	      RESULT(struct iommu_ext_pt_info, out_ioas_id),
	      RESULT(struct iommu_ext_pt_info, out_parent_id),
	      RESULT(struct iommu_ext_pt_info, out_fault_id),
	      RESULT(struct iommu_ext_pt_info, out_page_sizes),
	      RESULT(struct iommu_ext_pt_info, out_aperture_start),
	      RESULT(struct iommu_ext_pt_info, out_aperture_last),
	      RESULT(struct iommu_ext_pt_info, out_alignment));
}

/* A page table, as new programs and as old ones have it. */
static void test_hwpt(uint32_t *parent)
{
	struct iommu_hwpt_alloc cmd = {
		.flags = IOMMU_HWPT_ALLOC_NEST_PARENT,
		.dev_id = m.dev,
		.pt_id = m.ioas,
	};
	struct iommu_hwpt_alloc old = {
		.size = offsetof(struct iommu_hwpt_alloc, data_type),
		.dev_id = m.dev,
		.pt_id = m.ioas,
	};
	unsigned char *behind = (unsigned char *)&old + old.size;
	size_t n = sizeof(old) - old.size;

	CHECK("HWPT_ALLOC", IOMMU_HWPT_ALLOC, cmd, RESULT(struct iommu_hwpt_alloc, out_hwpt_id));
	*parent = cmd.out_hwpt_id;
	memset(behind, FILLED, n);
	tap__err(iommu__ioctl(m.fd, IOMMU_HWPT_ALLOC, &old), 0, "HWPT_ALLOC: a shorter struct");
	tap__ok(all_are(behind, n, FILLED), "HWPT_ALLOC: missing members are not written");
	iommu__destroy(m.fd, old.out_hwpt_id);
}

static void test_viommu(uint32_t parent, uint32_t *viommu_id)
{
	struct {
		struct iommu_viommu_selftest data;
		unsigned char behind[BEHIND];
	} user = { .data.in_data = 0x1234 };
	struct iommu_viommu_alloc viommu = {
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = m.dev,
		.hwpt_id = parent,
		.data_uptr = (uintptr_t)&user.data,
		.data_len = sizeof(user.data),
	};
	struct iommu_vdevice_alloc vdev = { .dev_id = m.dev, .virt_id = 0x77 };
	struct iommu_hw_queue_alloc queue = {
		.type = IOMMU_HW_QUEUE_TYPE_SELFTEST,
		.nesting_parent_iova = MOCK_BASE,
		.length = 32,
	};

	memset(user.behind, FILLED, BEHIND);
	CHECK("VIOMMU_ALLOC", IOMMU_VIOMMU_ALLOC, viommu,
	      RESULT(struct iommu_viommu_alloc, out_viommu_id));
	tap__ok(user.data.out_data == 0x1234 && all_are(user.behind, BEHIND, FILLED),
		"VIOMMU_ALLOC: the driver's data, and nothing behind");
	vdev.viommu_id = viommu.out_viommu_id;
	CHECK("VDEVICE_ALLOC", IOMMU_VDEVICE_ALLOC, vdev,
	      RESULT(struct iommu_vdevice_alloc, out_vdevice_id));
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, MOCK_BASE), 0, "memory for a queue");
	queue.viommu_id = viommu.out_viommu_id;
	CHECK("HW_QUEUE_ALLOC", IOMMU_HW_QUEUE_ALLOC, queue,
	      RESULT(struct iommu_hw_queue_alloc, out_hw_queue_id));
	iommu__destroy(m.fd, queue.out_hw_queue_id);
	*viommu_id = viommu.out_viommu_id;
}

/* Events: a header, the data, and not a byte more. */
static void test_events(uint32_t viommu)
{
	struct iommu_veventq_alloc alloc = {
		.viommu_id = viommu,
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 1,
	};
	struct iommu_hwpt_selftest config = { .iotlb = 1 };
	struct iommu_test_cmd trigger = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent.dev_id = m.dev,
	};
	struct {
		struct iommufd_vevent_header head;
		struct iommu_viommu_event_selftest event;
		unsigned char behind[BEHIND];
	} got;
	struct iommufd_vevent_header lost[2];
	uint32_t nested;
	int fd;

	CHECK("VEVENTQ_ALLOC", IOMMU_VEVENTQ_ALLOC, alloc,
	      RESULT(struct iommu_veventq_alloc, out_veventq_id),
	      RESULT(struct iommu_veventq_alloc, out_veventq_fd));
	fd = alloc.out_veventq_fd;
	mock__hwpt(&m, viommu, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &config, sizeof(config), &nested);
	tap__err(mock__replace(&m, nested), 0, "event: attach a nested table");
	mock__test(m.fd, &trigger);
	mock__test(m.fd, &trigger);
	memset(&got, FILLED, sizeof(got));
	tap__is(read(fd, &got, sizeof(got.head) + sizeof(got.event)),
		sizeof(got.head) + sizeof(got.event), "event: read one");
	tap__ok(!got.head.flags && !got.head.sequence && got.event.virt_id == 0x77,
		"event: header and data");
	tap__ok(all_are(got.behind, BEHIND, FILLED), "event: nothing behind it");
	/* The second did not fit: a header alone says so. */
	memset(lost, FILLED, sizeof(lost));
	tap__is(read(fd, lost, sizeof(lost)), sizeof(*lost), "event: one was lost");
	tap__ok(lost[0].flags == IOMMU_VEVENTQ_FLAG_LOST_EVENTS && lost[0].sequence == 1,
		"event: its header");
	tap__ok(all_are((void *)&lost[1], sizeof(*lost), FILLED), "event: no data behind it");
	close(fd);
	tap__err(mock__replace(&m, m.ioas), 0, "event: detach");
}

static void test_faults(void)
{
	struct iommu_fault_alloc alloc = {};
	struct iommu_hwpt_pgfault got[3], want = {};
	uint32_t hwpt;
	int fd;

	CHECK("FAULT_QUEUE_ALLOC", IOMMU_FAULT_QUEUE_ALLOC, alloc,
	      RESULT(struct iommu_fault_alloc, out_fault_id),
	      RESULT(struct iommu_fault_alloc, out_fault_fd));
	fd = alloc.out_fault_fd;
	mock__hwpt(&m, m.ioas, IOMMU_HWPT_FAULT_ID_VALID, alloc.out_fault_id, 0, NULL, 0, &hwpt);
	tap__err(mock__replace(&m, hwpt), 0, "fault: attach");
	for (uint32_t n = 1; n <= 2; n++) {
		memset(got, FILLED, sizeof(got));
		tap__err(mock__request(&m, 0, n, MOCK_BASE, n), 0, "fault: %u requests", n);
		tap__is(fault__read(fd, got, 3), n, "fault: %u requests: read", n);
		want = (struct iommu_hwpt_pgfault){
			.flags = got[0].flags,
			.dev_id = m.dev,
			.grpid = n,
			.addr = MOCK_BASE,
			.perm = IOMMU_PGFAULT_PERM_READ,
			.cookie = got[0].cookie,
		};
		tap__ok(!(got[0].flags &
			  ~(IOMMU_PGFAULT_FLAGS_PASID_VALID | IOMMU_PGFAULT_FLAGS_LAST_PAGE)),
			"fault: %u requests: flags", n);
		tap__ok(!memcmp(&want, got, sizeof(want)),
			"fault: %u requests: each byte is set, the reserved ones to 0", n);
		tap__ok(all_are((void *)&got[n], (3 - n) * sizeof(*got), FILLED),
			"fault: %u requests: nothing behind", n);
		fault__answer(fd, got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS);
	}
	tap__err(mock__replace(&m, m.ioas), 0, "fault: detach");
	close(fd);
}

/* type1's information, with its chain, in as many bytes as the caller has. */
static void test_type1(void)
{
	union {
		struct vfio_iommu_type1_info info;
		unsigned char bytes[256];
	} u;
	const size_t need = sizeof(u.info) + 16 +
			    sizeof(struct vfio_iommu_type1_info_cap_iova_range) +
			    sizeof(struct vfio_iova_range);
	struct vfio_iommu_type1_info_cap_iova_range *cap;
	struct vfio_iommu_type1_info_dma_avail *avail;
	struct iommu_vfio_ioas set = { .op = IOMMU_VFIO_IOAS_SET, .ioas_id = m.ioas };
	struct iommu_vfio_ioas get = { .op = IOMMU_VFIO_IOAS_GET };

	check("VFIO_IOAS", IOMMU_VFIO_IOAS, &set, sizeof(set), NULL, 0);
	CHECK("VFIO_IOAS", IOMMU_VFIO_IOAS, get, RESULT(struct iommu_vfio_ioas, ioas_id));
	for (size_t argsz = 16; argsz <= need + 8; argsz += argsz < 24 ? 1 : 4) {
		bool fits = argsz >= need;
		size_t room = need;

		/* Of a chain that does not fit, upstream stores the first member if that fits. */
		if (!fits) {
			room = argsz < sizeof(u.info) ? argsz : sizeof(u.info);
			if (argsz >= sizeof(u.info) + sizeof(*avail))
				room += sizeof(*avail);
		}
		memset(&u, FILLED, sizeof(u));
		u.info.argsz = argsz;
		if (iommu__ioctl(m.fd, VFIO_IOMMU_GET_INFO, &u))
			tap__ok(false, "type1: argsz %zu", argsz);
		if (u.info.argsz != need || !all_are(u.bytes + room, sizeof(u) - room, FILLED))
			tap__ok(false, "type1: argsz %zu: nothing behind %zu bytes", argsz, room);
		if (argsz >= sizeof(u.info) && !u.info.cap_offset == fits)
			tap__ok(false, "type1: argsz %zu: the chain, if it has room", argsz);
	}
	avail = (void *)(u.bytes + u.info.cap_offset);
	cap = (void *)(u.bytes + avail->header.next);
	tap__is(u.info.argsz, need, "type1: lengths up to %zu: nothing behind", need);
	tap__ok(avail->header.id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL &&
			cap->header.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE &&
			!cap->header.next && cap->nr_iovas == 1,
		"type1: a chain of two");
	tap__ok(all_are((void *)(avail + 1), (char *)cap - (char *)(avail + 1), FILLED),
		"type1: padding between them is as it was");
	tap__is(cap->reserved, 0, "type1: the reserved member is 0");
}

int main(void)
{
	uint32_t parent, viommu;

	tap__start();
	mem = mem__small(4 * P);
	if (!mem)
		return tap__bail("no memory");
	if (!tap__err(mock__open(&m, 0), 0, "a device"))
		return tap__done();
	test_ioas();
	test_ranges();
	test_hw_info();
	test_pasid();
	test_info();
	test_hwpt(&parent);
	test_viommu(parent, &viommu);
	test_events(viommu);
	test_faults();
	test_type1();
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
