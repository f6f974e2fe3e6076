// SPDX-License-Identifier: GPL-2.0-only
/*
 * The members of a recorded request that are not known, see members.h.
 *
 * struct partial has this by the fields that rules test. Most of them are a member of the request.
 */
#include "rules/members.h"
#include "rules/value.h"
#include "words.h"

#define BIT(bit) (1ull << (bit))

static const struct {
	enum request_member member;
	enum rules_field field;
} same[] = {
	{ REQUEST_ctx, RULES_CTX },
	{ REQUEST_tgid, RULES_PID },
	{ REQUEST_uid, RULES_UID },
	{ REQUEST_device, RULES_SBDF },
	{ REQUEST_ioas, RULES_IOAS },
	{ REQUEST_hwpt, RULES_HWPT },
	{ REQUEST_pasid, RULES_PASID },
	{ REQUEST_virt_pasid, RULES_VIRT },
	{ REQUEST_sbdf, RULES_SBDF },
	{ REQUEST_vendor, RULES_VENDOR },
	{ REQUEST_product, RULES_PRODUCT },
	{ REQUEST_group, RULES_GROUP },
	{ REQUEST_prot, RULES_PROT },
	{ REQUEST_hwpt_flags, RULES_HWPT_FLAGS },
	{ REQUEST_data_type, RULES_DATA_TYPE },
	{ REQUEST_requests, RULES_REQUESTS },
	{ REQUEST_iova, RULES_IOVA },
	{ REQUEST_length, RULES_LENGTH },
	{ REQUEST_start, RULES_START },
	{ REQUEST_need, RULES_NEED },
	{ REQUEST_ctx_pinned, RULES_CTX_PINNED },
	{ REQUEST_process_pinned, RULES_PID_PINNED },
	{ REQUEST_uid_pinned, RULES_UID_PINNED },
	{ REQUEST_cgroup_pinned, RULES_CGROUP_PINNED },
	{ REQUEST_ctx_after, RULES_CTX_AFTER },
	{ REQUEST_process_after, RULES_PID_AFTER },
	{ REQUEST_uid_after, RULES_UID_AFTER },
	{ REQUEST_cgroup_after, RULES_CGROUP_AFTER },
	{ REQUEST_device_name, RULES_NAME },
	{ REQUEST_comm, RULES_COMM },
};

/* Whether a flag that a request of this hook can have is not known. */
static bool lacks_flags(const struct partial *partial)
{
	/* The recorded call is asked about with the memory of the caller. */
	const __u64 other = IOMMUFD_REQUEST_OWNER | RULES_FLAG_COPY;
	unsigned int i;

	for (i = 0; i < rules_nr_flags; i++) {
		const struct flag *flag = &rules_flags_table[i];

		if (flag->field == RULES_FLAGS && flag->hooks >> partial->request.hook & 1 &&
		    flag->bit & ~(partial->known_flags | other))
			return true;
	}
	return false;
}

__u64 members__missing(const struct partial *partial)
{
	const struct iommufd_policy_request *request = &partial->request;
	__u64 missing = 0;
	unsigned int i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (rules_fields[same[i].field].hooks >> request->hook & 1 &&
		    !(partial->known >> same[i].field & 1))
			missing |= BIT(same[i].member);
	if (!partial->world.cgroup)
		missing |= BIT(REQUEST_cgroup);
	if (lacks_flags(partial))
		missing |= BIT(REQUEST_flags);
	/* That of a copy is IOMMUFD_MEMORY_COPY. Rules test the memory behind it. */
	if (request->hook == IOMMUFD_HOOK_IOAS_MAP && request->kind == IOMMUFD_MEMORY_NONE)
		missing |= BIT(REQUEST_kind);
	if ((request->hook == IOMMUFD_HOOK_DEVICE_ATTACH ||
	     request->hook == IOMMUFD_HOOK_PASID_ATTACH) &&
	    request->pt == IOMMUFD_NONE)
		missing |= BIT(REQUEST_pt);
	return missing;
}

char *members__list(char text[MEMBERS_MAX], __u64 members)
{
	struct words words = { .text = text, .size = MEMBERS_MAX };
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < NR_REQUEST_MEMBERS; i++)
		if (members >> i & 1)
			words__add(&words, "%s%s", words.length ? ", " : "",
				   request_member__name(i));
	return text;
}
