// SPDX-License-Identifier: GPL-2.0-only
/*
 * --at: the answer as text and as a line of JSON. iosnoop(8) describes its keys.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "at.h"
#include "clock.h"
#include "event.h"
#include "human.h"
#include "json.h"
#include "text.h"

static const char *prot_name(__u32 prot)
{
	/* clang-format off */
	static const char *const names[] = {
		[0] = "none",
		[IOMMUFD_PROT_READ] = "r",
		[IOMMUFD_PROT_WRITE] = "w",
		[IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE] = "rw",
	};
	/* clang-format on */

	return names[prot & (IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE)];
}

static const char *kind_name(__u32 kind)
{
	switch (kind) {
	case IOMMUFD_MEMORY_USER:
		return "process";
	case IOMMUFD_MEMORY_FILE:
		return "memfd";
	case IOMMUFD_MEMORY_DMABUF:
		return "dma-buf";
	default:
		return "unknown";
	}
}

static const char *state_name(__u32 flags)
{
	if (flags & IOMMUFD_AREA_STUCK)
		return "stuck";
	if (flags & IOMMUFD_AREA_MAPPING)
		return "mapping";
	return flags & IOMMUFD_AREA_UNMAPPING ? "unmapping" : "mapped";
}

static __u64 last_of(const struct iommufd_area_info *area)
{
	return area->iova + (area->length - 1);
}

static __u64 age_of(const struct at_answer *answer, const struct iommufd_area_info *area)
{
	return answer->now_ns > area->since_ns ? answer->now_ns - area->since_ns : 0;
}

/* ---- text ---- */

static void put_clean(const char *text, size_t size)
{
	char clean[4 * MACHINE_MAX];

	text__clean(clean, sizeof(clean), text, size, MACHINE_MAX, text__locale_is_utf8());
	fputs(clean, stdout);
}

/* "vm1 812 qemu-system-x86, uid 64055" */
static void put_owner(const struct at_area *area)
{
	if (*area->machine) {
		put_clean(area->machine, sizeof(area->machine));
		putchar(' ');
	}
	printf("%u", area->info.tgid);
	if (!area->payer.id)
		return;
	putchar(' ');
	put_clean(area->payer.comm, sizeof(area->payer.comm));
	printf(", uid %u%s", area->payer.uid,
	       area->payer.flags & IOMMUFD_PAYER_ALIVE ? "" : ", has ended");
}

static void put_time(const struct at_answer *answer, const struct iommufd_area_info *area)
{
	__s64 wall_ns = area->since_ns + answer->wall_offset_ns;
	time_t seconds = wall_ns / (__s64)NS_PER_SEC;
	char day[32] = "?", age[HUMAN_MAX];
	struct tm time;

	if (area->since_ns == EVENT_UNKNOWN) {
		printf("mapped   at a time that the driver does not keep\n");
		return;
	}
	if (localtime_r(&seconds, &time))
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &time);
	printf("mapped   %s ago, at %s\n", human__time(age, age_of(answer, area)), day);
}

static void put_memory(const struct at_answer *answer, const struct iommufd_area_info *area)
{
	const char *where = area->kind == IOMMUFD_MEMORY_USER ? "address" : "offset";
	__u64 page = event__page_size(), pages = (area->length + page - 1) / page;
	char huge[HUMAN_MAX], run[HUMAN_MAX];

	printf("memory   %s, %s %#llx%s\n", kind_name(area->kind), where, area->start,
	       area->flags & IOMMUFD_AREA_COPY ? ", a copy (IOMMU_IOAS_COPY)" : "");
	printf("byte     %s %#llx\n", where, area->start + (answer->iova - area->iova));
	if (area->runs == EVENT_UNKNOWN)
		return;
	if (area->runs)
		printf("runs     %llu, %s on average, %s in huge pages\n", area->runs,
		       human__bytes(run, pages * page / area->runs),
		       human__bytes(huge, (__u64)area->huge * IOMMUFD_HUGE_SIZE));
	else if (area->kind != IOMMUFD_MEMORY_DMABUF)
		printf("runs     none: it is in no page table, and not pinned for one\n");
}

static void put_neighbour(const struct at_answer *answer, const struct at_area *area,
			  const char *name, const char *side)
{
	const struct iommufd_area_info *info = &area->info;
	char length[HUMAN_MAX], away[HUMAN_MAX];
	__u64 distance;

	if (!area->is_there) {
		printf("%-8s nothing is mapped %s\n", name, side);
		return;
	}
	distance = info->iova > answer->iova ? info->iova - answer->iova :
					       answer->iova - last_of(info);
	printf("%-8s %#llx to %#llx (%s, %s), %s %s; ", name, info->iova, last_of(info),
	       human__bytes(length, info->length), prot_name(info->prot),
	       human__bytes(away, distance), side);
	put_owner(area);
	putchar('\n');
}

void at__print_text(const struct at_answer *answer)
{
	const struct iommufd_area_info *area = &answer->area.info;
	char sbdf[HUMAN_SBDF_MAX], length[HUMAN_MAX];

	printf("iova     %#llx in ioas %u of context %u", answer->iova, answer->ioas, answer->ctx);
	if (answer->has_device && answer->device.sbdf != IOMMUFD_NONE) {
		printf(", device %s", human__sbdf(sbdf, answer->device.sbdf));
	} else if (answer->has_device) {
		printf(", device ");
		put_clean(answer->device.name, sizeof(answer->device.name));
	}
	if (answer->pasid != IOMMUFD_NONE)
		printf(", PASID %u", answer->pasid);
	printf(answer->is_mapped ? "\n" : ": not mapped\n");
	if (!answer->is_mapped) {
		put_neighbour(answer, &answer->below, "below", "below");
		put_neighbour(answer, &answer->above, "above", "above");
		return;
	}
	printf("area     %#llx to %#llx (%s), %s%s%s\n", area->iova, last_of(area),
	       human__bytes(length, area->length), prot_name(area->prot),
	       strcmp(state_name(area->flags), "mapped") ? ", " : "",
	       strcmp(state_name(area->flags), "mapped") ? state_name(area->flags) : "");
	put_memory(answer, area);
	printf("owner    ");
	put_owner(&answer->area);
	putchar('\n');
	put_time(answer, area);
}

/* ---- JSON ---- */

static void put_json_area(struct json *json, const struct at_answer *answer, const char *key,
			  const struct at_area *area)
{
	const struct iommufd_area_info *info = &area->info;

	if (!area->is_there) {
		json__null(json, key);
		return;
	}
	json__object(json, key);
	json__hex(json, "iova", info->iova);
	json__u64(json, "length_bytes", info->length);
	json__string(json, "prot", prot_name(info->prot));
	json__string(json, "memory", kind_name(info->kind));
	json__string(json, "state", state_name(info->flags));
	json__bool(json, "copy", info->flags & IOMMUFD_AREA_COPY);
	json__hex(json, "start", info->start);
	json__u64_or_null(json, "runs", info->runs != EVENT_UNKNOWN, info->runs);
	json__u64_or_null(json, "huge_bytes", info->runs != EVENT_UNKNOWN,
			  (__u64)info->huge * IOMMUFD_HUGE_SIZE);
	json__u64(json, "tgid", info->tgid);
	json__string_or_null(json, "comm", area->payer.comm, sizeof(area->payer.comm));
	json__u64_or_null(json, "uid", area->payer.id, area->payer.uid);
	json__string_or_null(json, "machine", area->machine, sizeof(area->machine));
	json__u64_or_null(json, "since_ns", info->since_ns != EVENT_UNKNOWN, info->since_ns);
	json__u64_or_null(json, "age_ns", info->since_ns != EVENT_UNKNOWN, age_of(answer, info));
	json__end(json);
}

void at__print_json(const struct at_answer *answer)
{
	const struct iommufd_area_info *area = &answer->area.info;
	char sbdf[HUMAN_SBDF_MAX];
	struct json json;

	json__init(&json, stdout);
	json__object(&json, NULL);
	json__string(&json, "type", "at");
	json__u64(&json, "time_ns", answer->now_ns);
	json__u64(&json, "realtime_ns", answer->now_ns + answer->wall_offset_ns);
	json__hex(&json, "iova", answer->iova);
	json__u64(&json, "ctx", answer->ctx);
	json__u64(&json, "ioas", answer->ioas);
	if (answer->has_device && answer->device.sbdf != IOMMUFD_NONE)
		json__string(&json, "bdf", human__sbdf(sbdf, answer->device.sbdf));
	else
		json__null(&json, "bdf");
	json__string_or_null(&json, "device", answer->device.name, sizeof(answer->device.name));
	event__put_id(&json, "pasid", answer->pasid);
	json__bool(&json, "mapped", answer->is_mapped);
	json__hex_or_null(&json, "address", answer->is_mapped,
			  area->start + (answer->iova - area->iova));
	put_json_area(&json, answer, "area", &answer->area);
	put_json_area(&json, answer, "below", &answer->below);
	put_json_area(&json, answer, "above", &answer->above);
	json__end(&json);
	json__line(&json);
}
