// SPDX-License-Identifier: GPL-2.0-only
/*
 * --at: finds the address space of a device or PASID, and the area at an IOVA. See at.h.
 *
 * All objects of the driver are read once. A device leads to its page table, and that to the IOAS:
 * a HWPT directly, a nested one or an SVA object not, because their addresses are not the driver's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at.h"
#include "cgroup.h"
#include "clock.h"
#include "driver_state.h"
#include "env.h"
#include "filter.h"
#include "human.h"
#include "msg.h"
#include "parse.h"

/* ---- the argument ---- */

static int refuse_arg(const char *arg, const char *why)
{
	msg("--at: %s in '%.64s'; write DEVICE:IOVA, DEVICE@PASID:IOVA or CTX/IOAS:IOVA, like "
	    "00:04.0:0x10000",
	    why, arg);
	return -EINVAL;
}

/* CTX/IOAS */
static int parse_ids(struct at *at, char *text, char *slash, char *why)
{
	__u64 ctx, ioas;

	*slash = '\0';
	if (parse__count(text, 0, IOMMUFD_NONE - 1, &ctx, why) ||
	    parse__count(slash + 1, 0, IOMMUFD_NONE - 1, &ioas, why))
		return -EINVAL;
	at->has_ioas = true;
	at->ctx = ctx;
	at->ioas = ioas;
	return 0;
}

int at__parse(struct at *at, const char *arg)
{
	char text[128], why[PARSE_WHY_MAX], *colon, *sign;

	memset(at, 0, sizeof(*at));
	if (strlen(arg) >= sizeof(text))
		return refuse_arg(arg, "too many characters");
	strcpy(text, arg);
	/* A PCI address has colons, too. */
	colon = strrchr(text, ':');
	if (!colon)
		return refuse_arg(arg, "no IOVA");
	*colon = '\0';
	if (parse__address(colon + 1, &at->iova, why))
		return refuse_arg(arg, why);
	sign = strchr(text, '/');
	if (sign && parse_ids(at, text, sign, why))
		return refuse_arg(arg, why);
	at->is_given = true;
	if (sign)
		return 0;
	sign = strchr(text, '@');
	if (sign) {
		*sign = '\0';
		if (filter__set(&at->device, EVENT_FILTER_PASID, "--at", sign + 1))
			return -EINVAL;
	}
	if (!*text)
		return refuse_arg(arg, "no device");
	return filter__set(&at->device, EVENT_FILTER_DEVICE, "--at", text);
}

/* ---- the driver's objects ---- */

struct list {
	void *items;
	size_t size;
	unsigned int nr, room;
};

struct lists {
	struct list payers; /* struct iommufd_payer_info */
	struct list objects; /* struct iommufd_object_info */
};

static int append(struct list *list, const void *data, size_t size)
{
	void *more;

	/* Records of newer drivers may be longer. */
	if (size < list->size)
		return 0;
	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		more = realloc(list->items, list->room * list->size);
		if (!more) {
			msg("not enough memory");
			return -ENOMEM;
		}
		list->items = more;
	}
	memcpy((char *)list->items + list->nr++ * list->size, data, list->size);
	return 0;
}

static int take(void *arg, const void *data, size_t size)
{
	const struct top_record *record = data;
	struct lists *lists = arg;

	size -= sizeof(*record);
	if (record->type == TOP_RECORD_PAYER)
		return append(&lists->payers, record->data, size);
	if (record->type == TOP_RECORD_OBJECT)
		return append(&lists->objects, record->data, size);
	return 0;
}

static const struct iommufd_object_info *object_at(const struct lists *lists, unsigned int index)
{
	return (const struct iommufd_object_info *)lists->objects.items + index;
}

static const struct iommufd_object_info *find_object(const struct lists *lists, __u32 ctx, __u32 id)
{
	unsigned int i;

	for (i = 0; i < lists->objects.nr; i++)
		if (object_at(lists, i)->ctx == ctx && object_at(lists, i)->id == id)
			return object_at(lists, i);
	return NULL;
}

/* ---- from a device to its address space ---- */

static const char *device_name(const struct iommufd_object_info *device, char text[HUMAN_SBDF_MAX])
{
	return device->sbdf != IOMMUFD_NONE ? human__sbdf(text, device->sbdf) : device->name;
}

static const struct iommufd_object_info *find_device(const struct lists *lists,
						     const struct iommufd_filter *wanted)
{
	unsigned int i;

	for (i = 0; i < lists->objects.nr; i++) {
		const struct iommufd_object_info *object = object_at(lists, i);

		if (object->type == IOMMUFD_INFO_DEVICE &&
		    filter__has_device(wanted, object->sbdf, object->name))
			return object;
	}
	return NULL;
}

/* Find a PASID of a device; with pasid IOMMUFD_NONE the attached one, counting all of these. */
static const struct iommufd_object_info *find_pasid(const struct lists *lists,
						    const struct iommufd_object_info *device,
						    __u32 pasid, char *all, unsigned int *nr)
{
	const struct iommufd_object_info *found = NULL;
	unsigned int i;
	size_t used = 0;

	*nr = 0;
	for (i = 0; i < lists->objects.nr; i++) {
		const struct iommufd_object_info *object = object_at(lists, i);

		if (object->ctx != device->ctx || object->type != IOMMUFD_INFO_PASID ||
		    object->parent != device->id)
			continue;
		if (pasid != IOMMUFD_NONE && object->pasid != pasid)
			continue;
		if (pasid == IOMMUFD_NONE && object->attached == IOMMUFD_NONE)
			continue;
		found = object;
		if (used < 100)
			used += sprintf(all + used, "%s%u", *nr ? ", " : "", object->pasid);
		++*nr;
	}
	return found;
}

/* Find the object that the device or its PASID is attached to. */
static int find_table(const struct lists *lists, const struct at *at, struct at_answer *answer,
		      __u32 *pt)
{
	const struct iommufd_object_info *device = &answer->device, *pasid;
	char name[HUMAN_SBDF_MAX], all[128] = "";
	unsigned int nr;

	*pt = device->pt;
	answer->pasid = IOMMUFD_NONE;
	if (at->device.use & EVENT_FILTER_PASID && at->device.pasid) {
		pasid = find_pasid(lists, device, at->device.pasid, all, &nr);
		if (!pasid || pasid->attached == IOMMUFD_NONE) {
			msg("--at: PASID %u of device %s is %s", at->device.pasid,
			    device_name(device, name),
			    pasid ? "not attached to an address space" :
				    "no PASID object of iommufd; iommutop --view devices lists "
				    "them");
			return -ENOENT;
		}
	} else if (at->device.use & EVENT_FILTER_PASID || *pt != IOMMUFD_NONE) {
		pasid = NULL;
	} else {
		pasid = find_pasid(lists, device, IOMMUFD_NONE, all, &nr);
		if (nr > 1) {
			msg("--at: device %s has several PASIDs (%s); choose one with "
			    "DEVICE@PASID:IOVA or --pasid",
			    device_name(device, name), all);
			return -ENOENT;
		}
	}
	if (pasid) {
		answer->pasid = pasid->pasid;
		*pt = pasid->attached;
	}
	if (*pt != IOMMUFD_NONE)
		return 0;
	msg("--at: device %s has no address space: it is not attached", device_name(device, name));
	return -ENOENT;
}

/* Find the IOAS behind a page table. */
static int find_ioas(const struct lists *lists, struct at_answer *answer, __u32 pt)
{
	const struct iommufd_object_info *object = find_object(lists, answer->ctx, pt);
	char name[HUMAN_SBDF_MAX];

	device_name(&answer->device, name);
	if (object && object->type == IOMMUFD_INFO_HWPT)
		object = find_object(lists, answer->ctx, object->parent);
	if (object && object->type == IOMMUFD_INFO_IOAS) {
		answer->ioas = object->id;
		return 0;
	}
	if (object && object->type == IOMMUFD_INFO_NESTED)
		msg("--at: the device is attached to the nested page table %u, whose addresses "
		    "only the guest knows; ask for one of its parent with CTX/IOAS:IOVA",
		    pt);
	else if (object &&
		 (object->type == IOMMUFD_INFO_SVA || object->type == IOMMUFD_INFO_HWPT_SVA))
		msg("--at: the device uses the addresses of a process (SVA object %u); its memory "
		    "map is in /proc/PID/maps",
		    pt);
	else
		msg("--at: the device was detached meanwhile; try again");
	return -ENOENT;
}

static int resolve(const struct lists *lists, const struct at *at, struct at_answer *answer)
{
	const struct iommufd_object_info *object;
	char sbdf[HUMAN_SBDF_MAX];
	__u32 pt;
	int err;

	if (at->has_ioas) {
		object = find_object(lists, at->ctx, at->ioas);
		if (!object || object->type != IOMMUFD_INFO_IOAS) {
			msg("--at: context %u has no address space %u; iommutop -b -n 1 lists them",
			    at->ctx, at->ioas);
			return -ENOENT;
		}
		answer->ctx = at->ctx;
		answer->ioas = at->ioas;
		return 0;
	}
	object = find_device(lists, &at->device);
	if (!object) {
		msg("--at: device %.32s is not bound to iommufd; iommutop --view devices lists "
		    "those that are",
		    iommufd_filter__has_name(&at->device) ? (const char *)at->device.device :
							    human__sbdf(sbdf, at->device.sbdf));
		return -ENOENT;
	}
	answer->has_device = true;
	answer->device = *object;
	answer->ctx = object->ctx;
	err = find_table(lists, at, answer, &pt);
	return err ? err : find_ioas(lists, answer, pt);
}

/* ---- the area ---- */

static void fill_area(struct at_area *to, const struct lists *lists, __u32 ctx,
		      const struct iommufd_area_info *info)
{
	const struct iommufd_payer_info *payer;
	char path[CGROUP_PATH_MAX];
	unsigned int i;

	to->is_there = true;
	to->info = *info;
	to->payer.tgid = info->tgid;
	for (i = 0; i < lists->payers.nr; i++) {
		payer = (const struct iommufd_payer_info *)lists->payers.items + i;
		if (payer->ctx == ctx && (__u32)payer->id == info->payer)
			to->payer = *payer;
	}
	if (to->payer.cgroup && !cgroup__path(to->payer.cgroup, path, sizeof(path)))
		machine__name(to->machine, path);
}

static int find_area(struct driver_state *driver, const struct lists *lists,
		     struct at_answer *answer)
{
	struct top_area_walk walk = {
		.ctx = answer->ctx,
		.ioas = answer->ioas,
		.from = answer->iova,
		.below = 1,
	};
	const struct iommufd_area_info *areas;
	unsigned int i;
	int err;

	err = driver_state__areas(driver, &walk, &areas);
	if (err)
		return err;
	if (walk.done == TOP_UNKNOWN) {
		msg("--at: the loaded module iommufd cannot list areas; it is older than this "
		    "iosnoop");
		return -ENODEV;
	}
	for (i = 0; i < walk.nr && i < 2; i++) {
		const struct iommufd_area_info *area = &areas[i];

		if (area->iova > answer->iova) {
			fill_area(&answer->above, lists, answer->ctx, area);
			break;
		}
		answer->is_mapped = answer->iova - area->iova < area->length;
		fill_area(answer->is_mapped ? &answer->area : &answer->below, lists, answer->ctx,
			  area);
		if (answer->is_mapped)
			break;
	}
	if (answer->is_mapped)
		answer->below.is_there = false;
	return 0;
}

/* ---- the steps ---- */

static struct driver_state *open_driver(enum driver_kind kind, int *err)
{
	struct driver_state *driver;
	char why[ENV_WHY_MAX];
	__u64 missing;

	*err = driver__choose(NULL, &kind);
	if (*err)
		return NULL;
	*err = -ENODEV;
	if (kind == DRIVER_AUTO) {
		msg("module iommufd is not loaded, so nothing is mapped\n"
		    "  load it: modprobe iommufd, or insmod build/iommufd.ko in the build tree");
		return NULL;
	}
	*err = -EPERM;
	if (!env__missing_caps(NULL, ENV_CAP_SYS_ADMIN, &missing) && missing) {
		msg("--at needs CAP_SYS_ADMIN, because it calls functions of a module; run iosnoop "
		    "with sudo");
		return NULL;
	}
	driver = driver_state__open(kind);
	if (driver)
		return driver;
	*err = errno == EPERM || errno == EACCES ? -EPERM : -ENODEV;
	msg("cannot read the driver's objects: %s",
	    env__why_refused(kind == DRIVER_TYPE1 ? "vfio_iommu_type1" : "iommufd", -errno, why));
	return NULL;
}

int at__run(const struct at *at, enum driver_kind kind, bool json)
{
	struct lists lists = {
		.payers.size = sizeof(struct iommufd_payer_info),
		.objects.size = sizeof(struct iommufd_object_info),
	};
	struct at_answer answer = { .iova = at->iova, .pasid = IOMMUFD_NONE };
	struct driver_state_info info;
	struct driver_state *driver;
	int err;

	driver = open_driver(kind, &err);
	if (!driver)
		return err;
	err = driver_state__objects(driver, take, &lists, &info);
	if (!err)
		err = resolve(&lists, at, &answer);
	if (!err)
		err = find_area(driver, &lists, &answer);
	if (!err) {
		answer.now_ns = clock__now();
		answer.wall_offset_ns = clock__wall_offset();
		(json ? at__print_json : at__print_text)(&answer);
		err = answer.is_mapped ? 0 : -ENOENT;
	}
	free(lists.payers.items);
	free(lists.objects.items);
	driver_state__close(driver);
	return err;
}
