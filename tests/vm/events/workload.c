// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workload of tests/vm/events.c: each function makes calls with values that differ, and notes
 * the values that the fields of their events must have.
 */
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../lib/ext.h"
#include "../../lib/iommu.h"
#include "../../lib/mem.h"
#include "../../lib/mock.h"
#include "../../lib/tap.h"
#include "../../lib/vfio.h"
#include "workload.h"

#define BASE 0x10000000ull

static struct workload_value values[128];
static unsigned int nr_values;

const struct workload_value *workload__values(unsigned int *nr)
{
	*nr = nr_values;
	return values;
}

static void expect(const char *event, const char *field, uint64_t val)
{
	if (nr_values < sizeof(values) / sizeof(values[0]))
		values[nr_values++] = (struct workload_value){ event, field, val };
}

static int read_dirty(int fd, uint32_t hwpt)
{
	uint64_t bitmap = 0;
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.flags = IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR,
		.iova = 5 * BASE,
		.length = 4 * MEM_PAGE,
		.page_size = 2 * MEM_PAGE,
		.data = (uintptr_t)&bitmap,
	};

	return iommu__ioctl(fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

/* Memory of processes cannot be taken over, only that of files. */
static int take_over(int fd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	expect("ioas_change_process", "pages", 0);
	expect("ioas_change_process", "ret", -EINVAL);
	return iommu__ioctl(fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd) == -EINVAL ? 0 : -EBADMSG;
}

/* Three pages pinned, written and returned by something without DMA. */
static int use_access(int fd, uint32_t ioas, char *mem)
{
	struct iommu_test_cmd create = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = ioas,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	struct iommu_test_cmd pin = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.access_pages = {
			.flags = MOCK_FLAGS_ACCESS_WRITE, .iova = BASE + 2 * MEM_PAGE,
			.length = 3 * MEM_PAGE, .uptr = (uintptr_t)mem + 2 * MEM_PAGE,
		},
	};
	struct iommu_test_cmd unpin = { .op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES };
	char data[77] = {};
	struct iommu_test_cmd rw = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.access_rw = {
			.iova = BASE + 5, .length = sizeof(data), .uptr = (uintptr_t)data,
			.flags = MOCK_ACCESS_RW_WRITE,
		},
	};
	int ret = mock__test(fd, &create);

	if (ret)
		return ret;
	pin.id = create.create_access.out_access_fd;
	unpin.id = pin.id;
	rw.id = pin.id;
	ret = mock__test(fd, &pin);
	unpin.destroy_access_pages.access_pages_id = pin.access_pages.out_access_pages_id;
	if (!ret)
		ret = mock__test(fd, &rw);
	if (!ret)
		ret = mock__test(fd, &unpin);
	close(pin.id);
	expect("access_pin", "ioas", ioas);
	expect("access_pin", "iova", BASE + 2 * MEM_PAGE);
	expect("access_pin", "length", 3 * MEM_PAGE);
	expect("access_unpin", "iova", BASE + 2 * MEM_PAGE);
	expect("access_unpin", "length", 3 * MEM_PAGE);
	expect("access_rw", "iova", BASE + 5);
	expect("access_rw", "length", sizeof(data));
	expect("access_rw", "ret", 0);
	return ret;
}

static int hwpt_alloc(int fd, uint32_t dev, uint32_t pt, uint32_t flags, uint32_t fault,
		      uint32_t iotlb, uint32_t *id)
{
	struct iommu_hwpt_selftest data = { .iotlb = iotlb };
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = dev,
		.pt_id = pt,
		.data_type = iotlb ? IOMMU_HWPT_DATA_SELFTEST : 0,
		.data_len = iotlb ? sizeof(data) : 0,
		.data_uptr = (uintptr_t)&data,
		.fault_id = fault,
	};
	int ret = iommu__ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return ret;
}

/* Three requests, of which the second is none. */
static int invalidate(int fd, uint32_t dev, uint32_t ioas)
{
	struct iommu_hwpt_invalidate_selftest inv[3] = { [1] = { .flags = 1u << 31 } };
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.data_uptr = (uintptr_t)inv,
		.entry_num = 3,
		.data_type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
		.entry_len = sizeof(*inv),
	};
	uint32_t parent;
	int ret = hwpt_alloc(fd, dev, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, &parent);

	if (!ret)
		ret = hwpt_alloc(fd, dev, parent, 0, 0, IOMMU_TEST_IOTLB_DEFAULT, &cmd.hwpt_id);
	if (ret)
		return ret;
	ret = iommu__ioctl(fd, IOMMU_HWPT_INVALIDATE, &cmd);
	expect("hwpt_invalidate", "id", cmd.hwpt_id);
	expect("hwpt_invalidate", "type", IOMMU_HWPT_INVALIDATE_DATA_SELFTEST);
	expect("hwpt_invalidate", "asked", 3);
	expect("hwpt_invalidate", "done", 1);
	expect("hwpt_invalidate", "ret", ret);
	return cmd.entry_num == 1 && ret ? 0 : -EBADMSG;
}

/* A group of three page requests, read and refused. */
static int page_request(int fd, struct mock *dev, uint32_t ioas)
{
	struct iommu_fault_alloc fault = { .size = sizeof(fault) };
	struct iommufd_mock_cmd request = {
		.op = MOCK_OP_PAGE_REQUEST,
		.id = dev->dev,
		.page_request = {
			.grpid = 77, .perm = IOMMU_PGFAULT_PERM_WRITE, .requests = 3,
			.addr = 7 * BASE,
		},
	};
	struct iommu_hwpt_page_response answer = { .code = IOMMUFD_PAGE_RESP_INVALID };
	struct iommu_hwpt_pgfault faults[3];
	struct pollfd poll_fault = { .events = POLLIN };
	uint32_t hwpt;
	int ret = iommu__ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &fault);

	if (ret)
		return ret;
	poll_fault.fd = fault.out_fault_fd;
	ret = hwpt_alloc(fd, dev->dev, ioas, IOMMU_HWPT_FAULT_ID_VALID, fault.out_fault_id, 0,
			 &hwpt);
	if (!ret)
		ret = mock__replace(dev, hwpt);
	if (!ret)
		ret = mock__ext(fd, &request);
	if (!ret && (poll(&poll_fault, 1, TAP_PATIENCE_MS) != 1 ||
		     read(fault.out_fault_fd, faults, sizeof(faults)) != sizeof(faults)))
		ret = -EIO;
	answer.cookie = faults[0].cookie;
	if (!ret && write(fault.out_fault_fd, &answer, sizeof(answer)) != sizeof(answer))
		ret = -EIO;
	if (!ret)
		ret = mock__replace(dev, ioas);
	close(fault.out_fault_fd);

	expect("fault_report", "device", dev->dev);
	expect("fault_report", "hwpt", hwpt);
	expect("fault_report", "fault", fault.out_fault_id);
	expect("fault_report", "pasid", 0);
	expect("fault_report", "grpid", 77);
	expect("fault_report", "addr", faults[2].addr);
	expect("fault_report", "perm", IOMMU_PGFAULT_PERM_WRITE);
	expect("fault_report", "requests", 3);
	expect("fault_report", "sbdf", UINT32_MAX);
	expect("fault_report", "tgid", getpid());
	expect("fault_response", "device", dev->dev);
	expect("fault_response", "fault", fault.out_fault_id);
	expect("fault_response", "grpid", 77);
	expect("fault_response", "cookie", answer.cookie);
	expect("fault_response", "code", IOMMUFD_PAGE_RESP_INVALID);
	expect("fault_response", "addr", faults[2].addr);
	expect("fault_response", "tgid", getpid());
	return ret;
}

/* An unprivileged process pins 30 pages with a limit of 20. */
static int exceed(int fd, uint32_t ioas, char *mem)
{
	struct rlimit old, few = { 20 * MEM_PAGE, RLIM_INFINITY };
	int ret;

	getrlimit(RLIMIT_MEMLOCK, &old);
	few.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &few);
	if (setresuid(54321, 54321, 0))
		return -errno;
	ret = ioas__map_at(fd, ioas, mem, 30 * MEM_PAGE, 5 * BASE);
	if (setresuid(0, 0, 0))
		return -errno;
	setrlimit(RLIMIT_MEMLOCK, &old);
	expect("refused", "reason", 1);
	expect("refused", "sbdf", UINT32_MAX);
	expect("refused", "limit", 20 * MEM_PAGE);
	expect("refused", "need", 30 * MEM_PAGE);
	expect("refused", "present", 0);
	expect("refused", "ret", -ENOMEM);
	return ret == -ENOMEM ? 0 : -EBADMSG;
}

static void expect_pasid(const char *event, uint32_t id, uint32_t dev, uint32_t number)
{
	expect(event, "id", id);
	expect(event, "device", dev);
	expect(event, "pasid", number);
	expect(event, "virt_pasid", 21);
}

static void expect_pasid_tables(const char *event, uint32_t pt, uint32_t hwpt)
{
	expect(event, "pt", pt);
	expect(event, "hwpt", hwpt);
}

/* A device with a PASID object, that a guest knows as 21, goes from an IOAS to a HWPT. */
static int use_pasid(int fd, uint32_t ioas)
{
	uint32_t whole, hwpt, automatic, id, number;
	struct mock dev;
	int ret = mock__device(&dev, fd, ioas, MOCK_FLAGS_DEVICE_PASID);

	if (!ret)
		ret = hwpt_alloc(fd, dev.dev, ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, &whole);
	if (!ret)
		ret = mock__replace(&dev, whole);
	if (!ret)
		ret = hwpt_alloc(fd, dev.dev, ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, &hwpt);
	if (!ret)
		ret = pasid__alloc(fd, dev.dev, IOMMU_EXT_PASID_VIRT, 0, 21, &id, &number);
	if (!ret)
		ret = mock__queue(&dev, 0, MOCK_QUEUE_GUEST, 21, NULL, NULL);
	if (!ret)
		ret = pasid__attach(fd, id, ioas, &automatic);
	if (!ret)
		ret = pasid__replace(fd, id, hwpt, NULL);
	if (!ret)
		ret = pasid__detach(fd, id);
	if (!ret)
		ret = iommu__destroy(fd, id);
	if (!ret)
		ret = iommu__destroy(fd, dev.obj);
	if (ret)
		return ret;

	expect("hwpt_alloc", "device", dev.dev);
	expect("hwpt_alloc", "pt", ioas);
	expect("hwpt_alloc", "ioas", ioas);
	expect("hwpt_alloc", "parent", IOMMU_EXT_NONE);
	expect("hwpt_alloc", "hwpt", hwpt);
	expect("hwpt_alloc", "flags", IOMMUFD_NEW_HWPT_ALLOC_PASID);
	expect("hwpt_alloc", "data_type", 0);
	expect("hwpt_alloc", "ret", 0);
	expect_pasid("pasid_alloc", id, dev.dev, number);
	expect("pasid_alloc", "flags", IOMMU_EXT_PASID_VIRT);
	expect("pasid_alloc", "ret", 0);
	expect_pasid("pasid_free", id, dev.dev, number);
	expect_pasid("pasid_attach", id, dev.dev, number);
	expect_pasid_tables("pasid_attach", ioas, automatic);
	expect("pasid_attach", "ret", 0);
	expect_pasid("pasid_replace", id, dev.dev, number);
	expect_pasid_tables("pasid_replace", hwpt, hwpt);
	expect("pasid_replace", "old_hwpt", automatic);
	expect("pasid_replace", "ret", 0);
	expect_pasid("pasid_detach", id, dev.dev, number);
	expect_pasid_tables("pasid_detach", hwpt, hwpt);
	expect("pasid_translate", "device", dev.dev);
	expect("pasid_translate", "virt_pasid", 21);
	expect("pasid_translate", "pt", IOMMU_EXT_NONE);
	expect("pasid_translate", "pasid", number);
	expect("pasid_translate", "ret", 0);
	return 0;
}

/* Two pages of a file of seven, from the third one on. */
static int map_file(int fd, uint32_t ioas)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_R | IOAS_FIXED,
		.ioas_id = ioas,
		.start = 2 * MEM_PAGE,
		.length = 2 * MEM_PAGE,
		.iova = 6 * BASE,
	};
	int ret;

	cmd.fd = memfd_create("events", MFD_CLOEXEC);
	if (cmd.fd < 0 || ftruncate(cmd.fd, 7 * MEM_PAGE))
		return -errno;
	ret = iommu__ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
	close(cmd.fd);
	expect("ioas_map_file", "ioas", ioas);
	expect("ioas_map_file", "iova", 6 * BASE);
	expect("ioas_map_file", "length", 2 * MEM_PAGE);
	expect("ioas_map_file", "user_va", 2 * MEM_PAGE);
	expect("ioas_map_file", "pages", 2);
	expect("ioas_map_file", "ret", 0);
	return ret;
}

/* Hit the events that need a device of the mock. Does nothing on a machine without the mock. */
static int mock_workload(int fd, char *mem)
{
	struct mock dev;
	uint32_t ioas;
	int ret = ioas__alloc(fd, &ioas);

	if (!ret)
		ret = mock__device(&dev, fd, ioas, 0);
	if (ret == -ENOTTY)
		return 0;
	if (!ret)
		ret = ioas__map_at(fd, ioas, mem, 23 * MEM_PAGE, BASE);
	if (!ret)
		ret = map_file(fd, ioas);
	if (!ret)
		ret = use_access(fd, ioas, mem);
	if (!ret)
		ret = invalidate(fd, dev.dev, ioas);
	if (!ret)
		ret = page_request(fd, &dev, ioas);
	if (!ret)
		ret = use_pasid(fd, ioas);
	if (!ret)
		ret = exceed(fd, ioas, mem);
	return ret ? ret : iommu__destroy(fd, dev.obj);
}

int workload__run(const char *bdf)
{
	struct vfio_dev dev = { .fd = -1 };
	char *mem = mem__small(64 * MEM_PAGE);
	uint64_t to = 3 * BASE;
	uint32_t a = 0, b = 0;
	int ret, fd;

	fd = iommu__open();
	ret = fd < 0 ? fd : ioas__alloc(fd, &b);
	if (!ret)
		ret = ioas__alloc(fd, &a);
	if (!ret)
		ret = mock_workload(fd, mem);
	if (!ret && bdf)
		ret = vfio__open(&dev, bdf);
	if (!ret && bdf)
		ret = vfio__bind(&dev, fd);
	if (!ret && bdf)
		ret = vfio__attach_ioas(&dev, b);
	if (!ret && bdf)
		ret = vfio__attach_ioas(&dev, a);
	if (!ret)
		ret = ioas__map_at(fd, a, mem, 23 * MEM_PAGE, BASE);
	if (!ret)
		ret = ioas__copy(fd, b, a, BASE + MEM_PAGE, 7 * MEM_PAGE, IOAS_R | IOAS_FIXED, &to);
	if (!ret)
		ret = take_over(fd);
	if (!ret)
		ret = ioas__unmap_at(fd, b, to, 7 * MEM_PAGE);
	/* The trace keeps the last map only: one that fails. */
	if (!ret && ioas__map_at(fd, a, mem, 5 * MEM_PAGE, BASE) != -EEXIST)
		ret = -EBADMSG;
	if (!ret && read_dirty(fd, 12345) != -ENOENT)
		ret = -EBADMSG;
	if (!ret && bdf)
		ret = vfio__detach(&dev);
	vfio__close(&dev);
	if (fd >= 0)
		close(fd);
	mem__free(mem, 64 * MEM_PAGE);
	return ret;
}
