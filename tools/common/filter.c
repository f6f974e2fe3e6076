// SPDX-License-Identifier: GPL-2.0-only
/*
 * The filter options, see filter.h.
 */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "device_name.h"
#include "event.h"
#include "filter.h"
#include "human.h"
#include "machine.h"
#include "msg.h"
#include "parse.h"

static int set_uid(struct iommufd_filter *filter, const char *arg, char *why)
{
	const struct passwd *user;
	__u64 number;

	if (*arg >= '0' && *arg <= '9') {
		if (parse__count(arg, 0, UINT_MAX - 1, &number, why))
			return -EINVAL;
		filter->uid = number;
		return 0;
	}
	user = getpwnam(arg);
	if (!user) {
		snprintf(why, PARSE_WHY_MAX, "unknown user '%.32s'", arg);
		return -EINVAL;
	}
	filter->uid = user->pw_uid;
	return 0;
}

static int set_comm(struct iommufd_filter *filter, const char *arg, char *why)
{
	char name[EVENT_COMM_LEN] = {}, mask[EVENT_COMM_LEN] = {};
	size_t size = strlen(arg);
	bool is_prefix = size && arg[size - 1] == '*';

	if (!size) {
		snprintf(why, PARSE_WHY_MAX, "needs a name");
		return -EINVAL;
	}
	/* The kernel truncates names to 15 bytes, so truncate the wanted name, too. */
	if (is_prefix)
		size--;
	if (size >= sizeof(name)) {
		size = sizeof(name) - 1;
		is_prefix = false;
	}
	memcpy(name, arg, size);
	memset(mask, 0xff, is_prefix ? size : size + 1);
	memcpy(filter->comm, name, sizeof(name));
	memcpy(filter->comm_mask, mask, sizeof(mask));
	return 0;
}

static int set_machine(struct iommufd_filter *filter, const char *arg, char *why)
{
	_Static_assert(sizeof(filter->machine) == MACHINE_MAX, "a machine's name fits");
	if (!*arg || strlen(arg) >= sizeof(filter->machine)) {
		snprintf(why, PARSE_WHY_MAX, "needs a name of 1 to %zu bytes",
			 sizeof(filter->machine) - 1);
		return -EINVAL;
	}
	strcpy(filter->machine, arg);
	return 0;
}

/* A text with the characters of a PCI address alone is not taken for a name. */
static int set_device(struct iommufd_filter *filter, const char *arg, char *why)
{
	int err = parse__sbdf(arg, &filter->sbdf, why);

	if (err && (!arg[strspn(arg, "0123456789abcdefABCDEF:.")] || strpbrk(arg, " \t\n/")))
		return err;
	if (!err && filter->sbdf != EVENT_NONE)
		return 0;
	/* The driver, too, cuts a long name. */
	filter->sbdf = EVENT_NONE;
	memset(filter->device, 0, sizeof(filter->device));
	memcpy(filter->device, arg, strnlen(arg, sizeof(filter->device) - 1));
	return 0;
}

bool filter__has_device(const struct iommufd_filter *filter, __u32 sbdf, const char *name)
{
	if (!(filter->use & EVENT_FILTER_DEVICE))
		return true;
	if (!iommufd_filter__has_name(filter))
		return sbdf == filter->sbdf;
	return !strncmp(name, (const char *)filter->device, sizeof(filter->device));
}

static int set_cgroup(struct iommufd_filter *filter, const char *option, const char *arg)
{
	char why[CGROUP_WHY_MAX];
	unsigned int level;
	int err;

	err = cgroup__parse(arg, &filter->cgroup, why);
	if (err || cgroup__level(arg, filter->cgroup, &level, why)) {
		msg("%s: %s", option, why);
		return err == -ENODEV ? err : -EINVAL;
	}
	filter->cgroup_level = level;
	filter->use |= EVENT_FILTER_CGROUP;
	return 0;
}

static int set_number(__u32 *to, const char *arg, __u64 min, __u64 max, char *why)
{
	char least[32], most[32];
	__u64 number;

	if (parse__count(arg, min, max, &number, why)) {
		snprintf(least, sizeof(least), "%llu", min);
		snprintf(most, sizeof(most), "%llu", max);
		parse__add_bound(why, least, most);
		return -EINVAL;
	}
	*to = number;
	return 0;
}

int filter__set(struct iommufd_filter *filter, __u32 which, const char *option, const char *arg)
{
	char why[PARSE_WHY_MAX];
	int err = 0;

	switch (which) {
	case EVENT_FILTER_TGID:
		err = set_number(&filter->tgid, arg, 1, INT_MAX, why);
		break;
	case EVENT_FILTER_CTX:
		err = set_number(&filter->ctx, arg, 0, EVENT_NONE - 1, why);
		break;
	case EVENT_FILTER_IOAS:
		err = set_number(&filter->ioas, arg, 0, EVENT_NONE - 1, why);
		break;
	case EVENT_FILTER_PASID:
		err = set_number(&filter->pasid, arg, 0, (1 << 20) - 1, why);
		break;
	case EVENT_FILTER_DEVICE:
		err = set_device(filter, arg, why);
		break;
	case EVENT_FILTER_LATENCY:
		err = parse__seconds(arg, 0, LLONG_MAX, &filter->latency_ns, why);
		break;
	case EVENT_FILTER_IOVA:
		err = parse__range(arg, &filter->iova_first, &filter->iova_last, why);
		break;
	case EVENT_FILTER_LENGTH:
		err = parse__size(arg, 0, ULLONG_MAX, &filter->length, why);
		break;
	case EVENT_FILTER_COMM:
		err = set_comm(filter, arg, why);
		break;
	case EVENT_FILTER_UID:
		err = set_uid(filter, arg, why);
		break;
	case EVENT_FILTER_MACHINE:
		err = set_machine(filter, arg, why);
		break;
	case EVENT_FILTER_CGROUP:
		return set_cgroup(filter, option, arg);
	}
	if (err) {
		msg("%s: %s", option, why);
		return -EINVAL;
	}
	filter->use |= which;
	return 0;
}

int filter__parse(const struct opt *opt, void *target, const char *arg)
{
	char option[32];

	snprintf(option, sizeof(option), "--%s", opt->name);
	return filter__set(target, opt->choice, option, arg);
}

/* The conditions on the user and the cgroup of the thread. A record without them does not match. */
static bool thread_matches(const struct iommufd_filter *filter, const struct event_thread *thread)
{
	char path[CGROUP_PATH_MAX], machine[MACHINE_MAX];
	bool has_path;

	if (!thread)
		return false;
	if (filter->use & EVENT_FILTER_UID && thread->uid != filter->uid)
		return false;
	if (!(filter->use & (EVENT_FILTER_CGROUP | EVENT_FILTER_MACHINE)))
		return true;
	has_path = !cgroup__path(thread->cgroup, path, sizeof(path));
	machine__name(machine, has_path ? path : NULL);
	if (filter->use & EVENT_FILTER_MACHINE && !machine__matches(machine, filter->machine))
		return false;
	return !(filter->use & EVENT_FILTER_CGROUP) ||
	       cgroup__is_below(thread->cgroup, has_path ? path : NULL, filter->cgroup);
}

/* Whether the device of a record has the name that the filter wants. */
static bool has_wanted_name(const struct iommufd_filter *filter,
			    const struct event_subject *subject, const struct event_record *record)
{
	const struct args_io_page_fault *fault = (const void *)record->args;
	const char *name;

	if (subject->sbdf != EVENT_NONE)
		return false;
	if (record->event == EVENT_io_page_fault)
		return iommufd_filter__is_name(filter, &fault->name0);
	if (subject->device == EVENT_NONE)
		return false;
	name = device_name__find(subject->ctx, subject->device);
	return name && filter__has_device(filter, EVENT_NONE, name);
}

int filter__matches(const struct iommufd_filter *filter, const struct event_record *record)
{
	struct event_subject subject;
	__u64 comm[2];

	event__subject(record, &subject);
	if (iommufd_filter__has_name(filter))
		subject.is_named = has_wanted_name(filter, &subject, record);
	if (!iommufd_filter__match(filter, &subject))
		return 0;
	if (filter->use & FILTER_ON_THREAD && !thread_matches(filter, event__thread(record)))
		return 0;
	if (!(filter->use & EVENT_FILTER_COMM))
		return 1;
	_Static_assert(sizeof(comm) == sizeof(record->comm), "a name is two words");
	memcpy(comm, record->comm, sizeof(comm));
	return record->comm[0] && (comm[0] & filter->comm_mask[0]) == filter->comm[0] &&
	       (comm[1] & filter->comm_mask[1]) == filter->comm[1];
}

static void put_id(struct json *json, const struct iommufd_filter *filter, __u32 which,
		   const char *key, __u64 value)
{
	json__u64_or_null(json, key, filter->use & which, value);
}

void filter__put_json(const struct iommufd_filter *filter, struct json *json)
{
	char comm[EVENT_COMM_LEN + 1], sbdf[HUMAN_SBDF_MAX];
	const char *mask = (const char *)filter->comm_mask;
	size_t size;

	json__object(json, "filter");
	put_id(json, filter, EVENT_FILTER_TGID, "tgid", filter->tgid);
	if (filter->use & EVENT_FILTER_COMM) {
		memcpy(comm, filter->comm, EVENT_COMM_LEN);
		comm[EVENT_COMM_LEN] = '\0';
		size = strlen(comm);
		if (!mask[size])
			strcpy(comm + size, "*");
		json__string(json, "comm", comm);
	} else {
		json__null(json, "comm");
	}
	put_id(json, filter, EVENT_FILTER_UID, "uid", filter->uid);
	put_id(json, filter, EVENT_FILTER_CGROUP, "cgroup", filter->cgroup);
	if (filter->use & EVENT_FILTER_MACHINE)
		json__string_n(json, "machine", filter->machine, sizeof(filter->machine));
	else
		json__null(json, "machine");
	put_id(json, filter, EVENT_FILTER_CTX, "ctx", filter->ctx);
	put_id(json, filter, EVENT_FILTER_IOAS, "ioas", filter->ioas);
	if (filter->use & EVENT_FILTER_DEVICE && !iommufd_filter__has_name(filter))
		json__string(json, "bdf", human__sbdf(sbdf, filter->sbdf));
	else
		json__null(json, "bdf");
	if (iommufd_filter__has_name(filter))
		json__string_n(json, "device", (const char *)filter->device,
			       sizeof(filter->device));
	else
		json__null(json, "device");
	put_id(json, filter, EVENT_FILTER_PASID, "pasid", filter->pasid);
	json__bool(json, "failed", filter->use & EVENT_FILTER_FAILED);
	json__u64(json, "min_latency_ns", filter->latency_ns);
	json__u64(json, "min_length_bytes", filter->length);
	json__hex_or_null(json, "iova_first", filter->use & EVENT_FILTER_IOVA, filter->iova_first);
	json__hex_or_null(json, "iova_last", filter->use & EVENT_FILTER_IOVA, filter->iova_last);
	json__end(json);
}
