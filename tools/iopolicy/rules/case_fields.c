// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values of a request in a case.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "rules/case_fields.h"

#define PLACE(member) \
	offsetof(struct iommufd_policy_request, member), \
		sizeof(((struct iommufd_policy_request *)0)->member)

/* Where a field has its value; fields that are not here follow from others. */
static const struct {
	enum rules_field field;
	unsigned int offset, size;
} places[] = {
	{ RULES_UID, PLACE(uid) },
	{ RULES_PID, PLACE(tgid) },
	{ RULES_CTX, PLACE(ctx) },
	{ RULES_COMM, PLACE(comm) },
	{ RULES_SBDF, PLACE(sbdf) },
	{ RULES_VENDOR, PLACE(vendor) },
	{ RULES_PRODUCT, PLACE(product) },
	{ RULES_GROUP, PLACE(group) },
	{ RULES_NAME, PLACE(device_name) },
	{ RULES_IOAS, PLACE(ioas) },
	{ RULES_HWPT, PLACE(hwpt) },
	{ RULES_IOVA, PLACE(iova) },
	{ RULES_LENGTH, PLACE(length) },
	{ RULES_START, PLACE(start) },
	{ RULES_KIND, PLACE(kind) },
	{ RULES_PASID, PLACE(pasid) },
	{ RULES_VIRT, PLACE(virt_pasid) },
	{ RULES_HWPT_FLAGS, PLACE(hwpt_flags) },
	{ RULES_DATA_TYPE, PLACE(data_type) },
	{ RULES_REQUESTS, PLACE(requests) },
	{ RULES_NEED, PLACE(need) },
	{ RULES_CTX_PINNED, PLACE(ctx_pinned) },
	{ RULES_PID_PINNED, PLACE(process_pinned) },
	{ RULES_UID_PINNED, PLACE(uid_pinned) },
	{ RULES_CGROUP_PINNED, PLACE(cgroup_pinned) },
	{ RULES_CTX_AFTER, PLACE(ctx_after) },
	{ RULES_PID_AFTER, PLACE(process_after) },
	{ RULES_UID_AFTER, PLACE(uid_after) },
	{ RULES_CGROUP_AFTER, PLACE(cgroup_after) },
};

static int set_string(const struct lex *lex, char *to, size_t size)
{
	if (strlen(lex->word) >= size)
		return lex__fail(lex, "'%.40s' is longer than %zu characters", lex->word, size - 1);
	memset(to, 0, size);
	memcpy(to, lex->word, strlen(lex->word));
	return 0;
}

static int set_field(struct rules_case *one, const struct lex *lex, enum rules_field field)
{
	char why[VALUE_WHY_MAX], *to;
	__u64 value, same;
	unsigned int i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i].field == field)
			break;
	if (i == sizeof(places) / sizeof(places[0]))
		return lex__fail(lex, "'%s' follows from iova and length; give those",
				 rules_fields[field].name);
	to = (char *)&one->request + places[i].offset;
	if (rules_fields[field].type == RULES_TYPE_STRING)
		return set_string(lex, to, places[i].size);
	if (value__read(rules_fields[field].type, lex->word, &value, &same, why))
		return lex__fail(lex, "%s", why);
	if (same != value)
		return lex__fail(lex, "'%.60s' is a range; a request has one value", lex->word);
	memcpy(to, &value, places[i].size); /* little-endian */
	return 0;
}

/* VENDOR, VENDOR:PRODUCT or a PCI address of a device that is bound. */
static int add_device(struct rules_case *one, const struct lex *lex)
{
	struct rules_device *device = &one->devices[one->world.nr_devices];
	char why[VALUE_WHY_MAX];
	struct rules_box box;

	if (one->world.nr_devices == CASE_DEVICES)
		return lex__fail(lex, "more than %d bound devices", CASE_DEVICES);
	if (box__read(lex->word, &box, why))
		return lex__fail(lex, "%s", why);
	device->vendor = box.vendor_first == box.vendor_last ? box.vendor_first : IOMMUFD_NONE;
	device->product = box.product_first == box.product_last ? box.product_first : IOMMUFD_NONE;
	device->sbdf = box.sbdf_first == box.sbdf_last ? box.sbdf_first : IOMMUFD_NONE;
	one->world.nr_devices++;
	return 0;
}

static int add_mapped(struct rules_case *one, const struct lex *lex)
{
	unsigned int i;

	if (!strcmp(lex->word, "writable")) {
		one->world.writable = true;
		return 0;
	}
	for (i = IOMMUFD_MEMORY_USER; i <= IOMMUFD_MEMORY_DMABUF; i++) {
		if (strcmp(lex->word, value__kind_name(i)))
			continue;
		one->world.kinds |= 1u << i;
		return 0;
	}
	return lex__expected(lex, "user, file, dmabuf or writable");
}

static int set_time(struct rules_case *one, const struct lex *lex)
{
	char why[PARSE_WHY_MAX];

	if (parse__seconds(lex->word, 0, ~0ull >> 1, &one->world.now_ns, why))
		return lex__fail(lex, "%s", why);
	if (one->is_for_program && one->world.now_ns > CASE_WAIT_NS)
		return lex__fail(lex,
				 "cases of a policy in BPF are decided in real time, so a time "
				 "is at most %llu s",
				 CASE_WAIT_NS / 1000000000);
	return 0;
}

static int set_cgroup(struct rules_case *one, const struct lex *lex)
{
	if (*lex->word != '/')
		return lex__expected(lex, "a path of a cgroup, which begins with /");
	return set_string(lex, one->cgroup, sizeof(one->cgroup));
}

static void set_flag(struct rules_case *one, const struct flag *flag)
{
	if (flag->field == RULES_PROT)
		one->request.prot |= flag->bit;
	else if (flag->bit != RULES_FLAG_COPY)
		one->request.flags |= flag->bit;
	else
		one->is_copy = true;
}

int case__read_value(struct rules_case *one, struct lex *lex)
{
	const struct flag *flag = value__flag(lex->word);
	enum rules_field field = value__field(lex->word);
	char name[LEX_WORD_MAX];
	int err;

	if (flag) {
		set_flag(one, flag);
		return lex__next(lex);
	}
	strcpy(name, lex->word);
	if (field == RULES_NR_FIELDS && strcmp(name, "cgroup") && strcmp(name, "bound") &&
	    strcmp(name, "mapped") && strcmp(name, "time"))
		return lex__expected(lex,
				     "FIELD=VALUE, a flag, cgroup=, bound=, mapped=, time= or ->");
	if (one->is_for_program && (!strcmp(name, "bound") || !strcmp(name, "mapped")))
		return lex__fail(
			lex,
			"'%s' is not part of a request: a policy in BPF asks the driver for "
			"the devices and areas of this machine",
			name);
	err = lex__next(lex);
	if (!err && !lex__take(lex, "=", &err))
		return err ? err : lex__expected(lex, "=");
	if (err)
		return err;
	if (lex->kind != LEX_WORD && lex->kind != LEX_STRING)
		return lex__expected(lex, "a value");
	if (field != RULES_NR_FIELDS)
		err = set_field(one, lex, field);
	else if (!strcmp(name, "cgroup"))
		err = set_cgroup(one, lex);
	else if (!strcmp(name, "bound"))
		err = add_device(one, lex);
	else if (!strcmp(name, "mapped"))
		err = add_mapped(one, lex);
	else
		err = set_time(one, lex);
	return err ? err : lex__next(lex);
}
