// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_EXT_DEVICE_INFO and IOMMU_EXT_PT_INFO where PASIDs and shared page tables are concerned:
 * calls succeed when the capability is there, and fail when it is not.
 *
 * vm: --mock
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/iommufd_new.h>

#include "../lib/info.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

/* The mock's driver says that its page tables of processes are safe, or takes it back. */
static int say_safe(bool safe)
{
	static const char path[] = "/sys/module/iommufd_mock/parameters/sva_safe";
	int file = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (file < 0)
		return -errno;
	ret = write(file, safe ? "1" : "0", 1) < 0 ? -errno : 0;
	close(file);
	return ret;
}

static int pasid_alloc(const struct mock *m, uint32_t *id)
{
	struct iommu_ext_pasid_alloc cmd = { .size = sizeof(cmd), .dev_id = m->dev };
	int ret = iommu__ioctl(m->fd, IOMMU_EXT_PASID_ALLOC, &cmd);

	*id = cmd.out_pasid_id;
	return ret;
}

static int pasid_attach(const struct mock *m, uint32_t pasid_id, uint32_t pt, uint32_t *hwpt)
{
	struct iommu_ext_pasid_attach cmd = {
		.size = sizeof(cmd),
		.pasid_id = pasid_id,
		.pt_id = pt,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_EXT_PASID_ATTACH, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

static int pasid_detach(const struct mock *m, uint32_t pasid_id)
{
	struct iommu_ext_pasid_detach cmd = { .size = sizeof(cmd), .pasid_id = pasid_id };

	return iommu__ioctl(m->fd, IOMMU_EXT_PASID_DETACH, &cmd);
}

static int sva_alloc(int fd, uint32_t *id)
{
	struct iommu_ext_sva_alloc cmd = { .size = sizeof(cmd) };
	int ret = iommu__ioctl(fd, IOMMU_EXT_SVA_ALLOC, &cmd);

	*id = cmd.out_sva_id;
	return ret;
}

/* With PASIDs the device as a whole has to be on a page table for PASIDs, too. */
static bool start(struct mock *m, const char *name, uint32_t flags)
{
	uint32_t hwpt;

	if (!mock__start(m, name, flags))
		return false;
	if (!(flags & MOCK_FLAGS_DEVICE_PASID))
		return true;
	mock__hwpt(m, m->ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, NULL, 0, &hwpt);
	return tap__err(mock__replace(m, hwpt), 0, "%s: on a page table for PASIDs", name);
}

static void check_sva(const char *what, int fd, uint32_t id, uint32_t flags, uint32_t parent)
{
	struct iommu_ext_pt_info info;
	struct info_ranges r;

	tap__err(info__pt(fd, id, &info, &r), 0, "%s: ask", what);
	tap__is(info.out_kind, IOMMU_EXT_PT_SVA, "%s: it is a process's", what);
	tap__hex(info.out_flags, flags, "%s: flags", what);
	tap__hex(info.out_parent_id, parent, "%s: parent", what);
	tap__ok(info.out_ioas_id == IOMMU_EXT_NONE && info.out_fault_id == IOMMU_EXT_NONE,
		"%s: no IOAS, no fault queue", what);
	tap__ok(!info.out_data_type && !info.out_page_sizes && !info.out_aperture_start &&
			!info.out_aperture_last && !info.out_alignment && !info.num_ranges,
		"%s: nothing of another kind", what);
}

static void test_objects(void)
{
	uint32_t sva, dead = 0, pasid, hwpt;
	struct mock m;
	pid_t pid;
	int pipefd[2];

	if (!start(&m, "objects", MOCK_FLAGS_DEVICE_PASID))
		return;
	tap__err(sva_alloc(m.fd, &sva), 0, "objects: share this process");
	check_sva("SVA", m.fd, sva, 0, IOMMU_EXT_NONE);
	tap__err(pasid_alloc(&m, &pasid), 0, "objects: a PASID");
	tap__err(pasid_attach(&m, pasid, sva, &hwpt), 0, "objects: attach");
	check_sva("its page table", m.fd, hwpt,
		  IOMMU_EXT_PT_AUTO | IOMMU_EXT_PT_FAULTS | IOMMU_EXT_PT_PASID, sva);
	check_sva("SVA, attached", m.fd, sva, 0, IOMMU_EXT_NONE);
	tap__err(pasid_detach(&m, pasid), 0, "objects: detach");
	tap__err(info__pt(m.fd, hwpt, &(struct iommu_ext_pt_info){}, NULL), -ENOENT,
		 "objects: the page table is gone");

	/* A child shares itself, is attached, and ends. */
	if (pipe(pipefd))
		return;
	pid = fork();
	if (!pid) {
		uint32_t ids[2] = {};

		if (!sva_alloc(m.fd, &ids[0]) && !pasid_attach(&m, pasid, ids[0], &ids[1]) &&
		    write(pipefd[1], ids, sizeof(ids)) == sizeof(ids))
			_exit(0);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	if (read(pipefd[0], &dead, 4) != 4 || read(pipefd[0], &hwpt, 4) != 4)
		tap__ok(false, "objects: a child's");
	check_sva("dead", m.fd, dead, IOMMU_EXT_PT_DEAD, IOMMU_EXT_NONE);
	check_sva("dead one's page table", m.fd, hwpt,
		  IOMMU_EXT_PT_AUTO | IOMMU_EXT_PT_FAULTS | IOMMU_EXT_PT_PASID | IOMMU_EXT_PT_DEAD,
		  dead);
	tap__err(pasid_detach(&m, pasid), 0, "objects: detach");
	tap__err(info__pt(m.fd, pasid, &(struct iommu_ext_pt_info){}, NULL), -EINVAL,
		 "objects: a PASID is no page table");
	close(m.fd);
}

/* Both ioctls return the same width, and the capabilities are right. */
static void test_device(const char *what, uint32_t flags, bool safe)
{
	struct iommu_ext_pasid_query query = { .size = sizeof(query) };
	bool pasids = flags & MOCK_FLAGS_DEVICE_PASID;
	struct iommu_ext_device_info info;
	struct info_formats formats;
	struct info_ranges ranges;
	uint32_t sva, hwpt;
	struct mock m;

	if (!start(&m, what, flags))
		return;
	tap__err(say_safe(safe), 0, "%s: set the driver's answer", what);
	tap__err(info__device(m.fd, m.dev, &info, &ranges, &formats), 0, "%s: ask", what);
	tap__is(!!(info.out_caps & IOMMU_EXT_CAP_PASID), pasids, "%s: PASIDs", what);
	tap__is(!!(info.out_caps & IOMMU_EXT_CAP_SVA), pasids && safe, "%s: SVA", what);
	tap__err(pasid_alloc(&m, &query.pasid_id), pasids ? 0 : -EOPNOTSUPP,
		 "%s: a PASID, if there are", what);
	if (pasids) {
		tap__err(iommu__ioctl(m.fd, IOMMU_EXT_PASID_QUERY, &query), 0, "%s: ask", what);
		tap__is(info.out_pasid_width, query.out_width, "%s: width", what);
		sva_alloc(m.fd, &sva);
		tap__err(pasid_attach(&m, query.pasid_id, sva, &hwpt), safe ? 0 : -EOPNOTSUPP,
			 "%s: attach this process, if it is said", what);
	} else {
		tap__is(info.out_pasid_width, 0, "%s: width", what);
	}
	close(m.fd);
	tap__err(say_safe(true), 0, "%s: as before", what);
}

int main(void)
{
	tap__start();
	test_objects();
	test_device("safe", MOCK_FLAGS_DEVICE_PASID, true);
	test_device("not safe", MOCK_FLAGS_DEVICE_PASID, false);
	test_device("no PASIDs", 0, true);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
