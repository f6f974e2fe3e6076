// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices of iommufd_mock.ko; see mock.h.
 *
 * Outputs are stored whether a call succeeded or not, so that tests see all that the kernel wrote.
 */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mock.h"
#include "tap.h"

int mock__test(int fd, struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return iommu__ioctl(fd, IOMMU_TEST_CMD, cmd);
}

int mock__ext(int fd, struct iommufd_mock_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return iommu__ioctl(fd, IOMMU_TEST_CMD, cmd);
}

int mock__add(struct mock *m, const struct mock *other, uint32_t pt, uint32_t flags)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.id = pt,
		.mock_domain_flags.dev_flags = flags,
	};
	int ret;

	*m = *other;
	ret = mock__test(m->fd, &cmd);
	m->obj = cmd.mock_domain_flags.out_stdev_id;
	m->hwpt = cmd.mock_domain_flags.out_hwpt_id;
	m->dev = cmd.mock_domain_flags.out_idev_id;
	return ret;
}

int mock__open(struct mock *m, uint32_t flags)
{
	int ret;

	*m = (struct mock){ .fd = iommu__open() };
	if (m->fd < 0)
		return m->fd;
	ret = ioas__alloc(m->fd, &m->ioas);
	if (!ret)
		ret = mock__add(m, m, m->ioas, flags);
	if (ret)
		close(m->fd);
	return ret;
}

bool mock__start(struct mock *m, const char *name, uint32_t flags)
{
	tap__diag("%s", name);
	return tap__err(mock__open(m, flags), 0, "%s: context with a device", name);
}

static int add_device(struct mock *m, int fd, uint32_t pt, struct iommufd_mock_cmd *cmd)
{
	int ret;

	cmd->op = MOCK_OP_DEVICE;
	cmd->id = pt;
	ret = mock__ext(fd, cmd);
	*m = (struct mock){
		.fd = fd,
		.obj = cmd->device.out_stdev_id,
		.hwpt = cmd->device.out_hwpt_id,
		.dev = cmd->device.out_idev_id,
	};
	return ret;
}

int mock__device(struct mock *m, int fd, uint32_t pt, uint32_t flags)
{
	struct iommufd_mock_cmd cmd = { .device.dev_flags = flags };

	return add_device(m, fd, pt, &cmd);
}

int mock__device_resv(struct mock *m, int fd, uint32_t pt, uint64_t start, uint64_t length)
{
	struct iommufd_mock_cmd cmd = { .device = { .start = start, .length = length } };

	return add_device(m, fd, pt, &cmd);
}

static bool has_devices(void)
{
	glob_t found;
	bool any = !glob("/sys/bus/platform/devices/iommufd-mock.*", GLOB_NOSORT, NULL, &found);

	if (any)
		globfree(&found);
	return any;
}

bool mock__gone(void)
{
	return tap__until(!has_devices());
}

int mock__replace(const struct mock *m, uint32_t pt)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = m->obj,
		.mock_domain_replace.pt_id = pt,
	};

	return mock__test(m->fd, &cmd);
}

int mock__pasid(const struct mock *m, uint32_t op, uint32_t pasid, uint32_t pt)
{
	struct iommu_test_cmd cmd = {
		.op = op,
		.id = m->obj,
		.pasid_attach = { .pasid = pasid, .pt_id = pt },
	};

	return mock__test(m->fd, &cmd);
}

int mock__hwpt(const struct mock *m, uint32_t pt, uint32_t flags, uint32_t fault, uint32_t type,
	       const void *data, uint32_t length, uint32_t *id)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = m->dev,
		.pt_id = pt,
		.data_type = type,
		.data_len = length,
		.data_uptr = (uintptr_t)data,
		.fault_id = fault,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return ret;
}

static int do_dma(const struct mock *m, uint32_t pasid, uint32_t flags, uint64_t iova, void *data,
		  size_t length, uint64_t *done)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_DMA,
		.id = m->dev,
		.dma = {
			.pasid = pasid,
			.flags = flags,
			.iova = iova,
			.length = length,
			.uptr = (uintptr_t)data,
			.timeout_ms = TAP_PATIENCE_MS,
		},
	};
	int ret = mock__ext(m->fd, &cmd);

	if (done)
		*done = cmd.dma.out_done;
	return ret;
}

int mock__dma_done(const struct mock *m, uint32_t pasid, uint64_t iova, void *data, size_t length,
		   bool write, uint64_t *done)
{
	return do_dma(m, pasid, write ? MOCK_DMA_WRITE : 0, iova, data, length, done);
}

int mock__dma(const struct mock *m, uint32_t pasid, uint64_t iova, void *data, size_t length,
	      bool write)
{
	return mock__dma_done(m, pasid, iova, data, length, write, NULL);
}

int mock__dma_queue(const struct mock *m, uint32_t queue, uint64_t iova, void *data, size_t length,
		    bool write)
{
	return do_dma(m, queue, MOCK_DMA_QUEUE | (write ? MOCK_DMA_WRITE : 0), iova, data, length,
		      NULL);
}

int mock__queue(const struct mock *m, uint32_t queue, uint32_t action, uint32_t value,
		uint32_t *pasid, uint64_t *told)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_QUEUE,
		.id = m->dev,
		.queue = { .queue = queue, .action = action, .value = value },
	};
	int ret = mock__ext(m->fd, &cmd);

	if (pasid)
		*pasid = cmd.queue.out_pasid;
	if (told)
		*told = cmd.queue.out_notified;
	return ret;
}

int mock__fail(const struct mock *m, uint32_t id, uint32_t kind, uint32_t skip, uint32_t count)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_FAIL,
		.id = id,
		.fail = { .kind = kind, .skip = skip, .count = count },
	};

	return mock__ext(m->fd, &cmd);
}

int mock__request(const struct mock *m, uint32_t pasid, uint32_t grpid, uint64_t addr,
		  uint32_t requests)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_PAGE_REQUEST,
		.id = m->dev,
		.page_request = {
			.pasid = pasid,
			.grpid = grpid,
			.perm = IOMMU_PGFAULT_PERM_READ,
			.requests = requests,
			.addr = addr,
		},
	};

	return mock__ext(m->fd, &cmd);
}

int mock__responses(const struct mock *m, struct iommufd_mock_response *resp, uint32_t max)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_RESPONSES,
		.id = m->dev,
		.responses = { .uptr = (uintptr_t)resp, .num = max },
	};
	int ret = mock__ext(m->fd, &cmd);

	return ret ? ret : (int)cmd.responses.out_num;
}

int mock__device_counts(const struct mock *m, struct iommufd_mock_device_counts *counts)
{
	struct iommufd_mock_cmd cmd = { .op = MOCK_OP_DEVICE_COUNTS, .id = m->dev };
	int ret = mock__ext(m->fd, &cmd);

	*counts = cmd.device_counts;
	return ret;
}

int mock__table_counts(const struct mock *m, uint32_t hwpt,
		       struct iommufd_mock_table_counts *counts)
{
	struct iommufd_mock_cmd cmd = { .op = MOCK_OP_TABLE_COUNTS, .id = hwpt };
	int ret = mock__ext(m->fd, &cmd);

	*counts = cmd.table_counts;
	return ret;
}

int mock__viommu(const struct mock *m, uint32_t parent, struct iommu_viommu_selftest *data,
		 uint32_t *id)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = m->dev,
		.hwpt_id = parent,
		.data_len = data ? sizeof(*data) : 0,
		.data_uptr = (uintptr_t)data,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_VIOMMU_ALLOC, &cmd);

	*id = cmd.out_viommu_id;
	return ret;
}

int mock__vdevice(const struct mock *m, uint32_t viommu, uint64_t virt_id, uint32_t *id)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.dev_id = m->dev,
		.virt_id = virt_id,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_VDEVICE_ALLOC, &cmd);

	*id = cmd.out_vdevice_id;
	return ret;
}

int mock__veventq(const struct mock *m, uint32_t viommu, uint32_t depth, uint32_t *id, int *fd)
{
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = depth,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_VEVENTQ_ALLOC, &cmd);

	*id = cmd.out_veventq_id;
	*fd = ret ? -1 : (int)cmd.out_veventq_fd;
	return ret;
}

int mock__hw_queue(const struct mock *m, uint32_t viommu, uint32_t index, uint64_t iova,
		   uint64_t length, uint32_t *id)
{
	struct iommu_hw_queue_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.type = IOMMU_HW_QUEUE_TYPE_SELFTEST,
		.index = index,
		.nesting_parent_iova = iova,
		.length = length,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_HW_QUEUE_ALLOC, &cmd);

	*id = cmd.out_hw_queue_id;
	return ret;
}

int fault__alloc(int fd, uint32_t *id, int *fault_fd)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };
	int ret = iommu__ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

	*id = cmd.out_fault_id;
	*fault_fd = ret ? -1 : (int)cmd.out_fault_fd;
	return ret;
}

int fault__read(int fault_fd, struct iommu_hwpt_pgfault *faults, unsigned int max)
{
	ssize_t n = read(fault_fd, faults, max * sizeof(*faults));

	return n < 0 ? -errno : n / (ssize_t)sizeof(*faults);
}

int fault__answer(int fault_fd, uint32_t cookie, uint32_t code)
{
	struct iommu_hwpt_page_response resp = { .cookie = cookie, .code = code };

	return write(fault_fd, &resp, sizeof(resp)) < 0 ? -errno : 0;
}

/* Calls back for each object: 1 ends the search. */
static int each_object(int fd, int (*found)(const char *line, void *arg), void *arg)
{
	static const char key[] = "iommufd-object:\t";
	char line[256];
	int ret = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	f = fopen(line, "r");
	if (!f)
		return -errno;
	while (!ret && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, sizeof(key) - 1))
			ret = found(line + sizeof(key) - 1, arg);
	fclose(f);
	return ret;
}

static int count_one(const char *line, void *arg)
{
	(void)line;
	++*(int *)arg;
	return 0;
}

int mock__objects(int fd)
{
	int n = 0, ret = each_object(fd, count_one, &n);

	return ret ? ret : n;
}

struct wanted {
	uint32_t id;
	char *line;
	size_t size;
};

static int is_wanted(const char *line, void *arg)
{
	const struct wanted *want = arg;
	uint32_t id;

	if (sscanf(line, "%*s id=%" SCNu32, &id) != 1 || id != want->id)
		return 0;
	snprintf(want->line, want->size, "%.*s", (int)strcspn(line, "\n"), line);
	return 1;
}

int mock__object(int fd, uint32_t id, char *line, size_t size)
{
	struct wanted want = { id, line, size };
	int ret = each_object(fd, is_wanted, &want);

	return ret == 1 ? 0 : ret ? ret : -ENOENT;
}

/* Whether the kernel has a function. */
static bool has_function(const char *name)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], symbol[256];
	bool found = false;

	while (symbols && !found && fgets(line, sizeof(line), symbols))
		found = sscanf(line, "%*s %*s %255s", symbol) == 1 && !strcmp(symbol, name);
	if (symbols)
		fclose(symbols);
	return found;
}

bool mock__has_requests(void)
{
	return has_function("iopf_queue_add_device");
}

bool mock__replaces_pasids(void)
{
	return has_function("iommu_replace_device_pasid");
}
