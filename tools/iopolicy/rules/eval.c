// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decide requests with an image in user space: iommufd_rules_match.h, as in the kernel, and what
 * bpf/policies/rules.bpf.c adds to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/cdefs.h>

#include "rules/clause.h"
#include "rules/value.h"

struct rules_env {
	const struct rules_image *image;
	const struct rules_world *world;
};

#define rules_for(i, n) for (i = 0; i < n; i++)
#define rules_find_key(image, first, nr, value) find_key(image, first, nr, value)
#define rules_total(q, member) ((q)->member)

static __u32 find_key(const volatile struct rules_image *image, __u32 first, __u32 nr, __u64 value)
{
	__u32 low = 0, high = nr, middle;

	while (high - low > 1) {
		middle = (low + high) / 2;
		if (image->keys[(first + middle) & (RULES_KEYS - 1)] <= value)
			low = middle;
		else
			high = middle;
	}
	return first + low;
}

static __u32 rules_copied_kind(const struct rules_env *env,
			       const struct iommufd_policy_request *request)
{
	(void)request;
	return env->world->copied;
}

static bool rules_patterns(const struct rules_env *env,
			   const struct iommufd_policy_request *request, __u64 *patterns)
{
	(void)request;
	if (!env->world->cgroup)
		return false;
	*patterns = pattern__match(env->image, env->world->cgroup);
	return true;
}

static __u32 facts_of_device(const struct rules_image *image, const struct rules_device *device)
{
	__u32 facts = 0;
	unsigned int i;

	for (i = 0; i < image->nr_boxes; i++) {
		const struct rules_box *box = &image->box[i];

		if (device->vendor >= box->vendor_first && device->vendor <= box->vendor_last &&
		    device->product >= box->product_first && device->product <= box->product_last &&
		    device->sbdf >= box->sbdf_first && device->sbdf <= box->sbdf_last)
			facts |= 1u << i;
	}
	return facts;
}

static bool rules_facts(const struct rules_env *env, const struct iommufd_policy_request *request,
			__u32 wanted, __u32 *facts)
{
	const struct rules_device own = { request->vendor, request->product, request->sbdf };
	const struct rules_world *world = env->world;
	unsigned int i;

	for (i = 0; i < world->nr_devices; i++)
		*facts |= facts_of_device(env->image, &world->devices[i]);
	if (request->hook == IOMMUFD_HOOK_DEVICE_BIND)
		*facts |= facts_of_device(env->image, &own);
	if (!(wanted & ~RULES_FACTS_BOUND))
		return true;
	if (request->flags & IOMMUFD_REQUEST_SHARED) {
		*facts |= 1u << RULES_FACT_WRITE | 1u << RULES_FACT_KIND(IOMMUFD_MEMORY_USER);
		return true;
	}
	for (i = 0; i <= IOMMUFD_MEMORY_COPY; i++)
		if (world->kinds >> i & 1)
			*facts |= 1u << RULES_FACT_KIND(i);
	if (world->writable)
		*facts |= 1u << RULES_FACT_WRITE;
	return world->has_areas;
}

#include "iommufd_rules_match.h"

/* ---- parts, for requests of which not everything is known ---- */

__u64 rules__value(const struct iommufd_policy_request *q, const struct rules_world *world,
		   unsigned int field)
{
	struct rules_env own = { NULL, world }, *env = &own;

	switch (field) {
#define VALUE(ID, name, type, hooks, value, text) \
	case RULES_##ID: \
		return value;
		RULES_FIELDS(VALUE)
#undef VALUE
	}
	return 0;
}

__u32 rules__facts(const struct rules_image *image, const struct iommufd_policy_request *request,
		   const struct rules_world *world, __u32 wanted)
{
	const struct rules_env env = { image, world };
	__u32 facts = 0;

	rules_facts(&env, request, wanted, &facts);
	return facts;
}

/* ---- limits ---- */

struct bucket {
	unsigned int rule;
	__u64 per;
	__u64 full_ns;
};

struct rules_state {
	struct bucket *list;
	unsigned int nr;
};

struct rules_state *rules_state__new(void)
{
	return calloc(1, sizeof(struct rules_state));
}

void rules_state__free(struct rules_state *state)
{
	if (state)
		free(state->list);
	free(state);
}

/* NULL without memory: then the call is allowed, as by the kernel. */
static struct bucket *find_bucket(struct rules_state *state, unsigned int rule, __u64 per)
{
	struct bucket *grown;
	unsigned int i;

	for (i = 0; i < state->nr; i++)
		if (state->list[i].rule == rule && state->list[i].per == per)
			return &state->list[i];
	grown = realloc(state->list, (state->nr + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	state->list = grown;
	grown[state->nr] = (struct bucket){ rule, per, 0 };
	return &grown[state->nr++];
}

bool rules__take(const struct rules_rule *rule, unsigned int number,
		 const struct iommufd_policy_request *request, const struct rules_world *world,
		 struct rules_state *state)
{
	struct bucket *bucket;
	__u64 will;

	bucket = state ? find_bucket(state, number, rules_per(request, rule->per)) : NULL;
	if (!bucket)
		return true;
	will = rules_take_tokens(bucket->full_ns, world->now_ns, rules_tokens(request),
				 rule->each_ns, rule->burst);
	if (!will)
		return false;
	bucket->full_ns = will;
	return true;
}

/* ---- reasons ---- */

#define VALUE_LEN 24

static void write_value(const struct iommufd_policy_request *request, unsigned int field, char *to)
{
	__u64 value = rules_value(request, field);
	__u32 low = value;

	switch (rules_fields[field].type) {
	case RULES_TYPE_PCI_ID:
		snprintf(to, VALUE_LEN, "%04x", low);
		break;
	case RULES_TYPE_SBDF:
		snprintf(to, VALUE_LEN, "%04x:%02x:%02x.%x", low >> 16, low >> 8 & 0xff,
			 low >> 3 & 0x1f, low & 7);
		break;
	case RULES_TYPE_ADDRESS:
		snprintf(to, VALUE_LEN, "0x%llx", value);
		break;
	case RULES_TYPE_SIZE:
		snprintf(to, VALUE_LEN, "%llu KiB", (value >> 10) + !!(value & 1023));
		break;
	case RULES_TYPE_KIND:
		snprintf(to, VALUE_LEN, "%s",
			 value__kind_name(value) ? value__kind_name(value) : "copy");
		break;
	case RULES_TYPE_STRING:
		snprintf(to, VALUE_LEN, "%.*s", VALUE_LEN - 1,
			 field == RULES_COMM ? request->comm : request->device_name);
		break;
	default:
		snprintf(to, VALUE_LEN, "%llu", value);
	}
}

void rules__reason(const struct rules_rule *rule, const struct iommufd_policy_request *request,
		   char to[IOMMUFD_POLICY_REASON_LEN])
{
	char value[VALUE_LEN];
	unsigned int i;
	int at = 0;

	for (i = 0; i <= RULES_VALUES && at < IOMMUFD_POLICY_REASON_LEN; i++) {
		at += snprintf(to + at, IOMMUFD_POLICY_REASON_LEN - at, "%s",
			       rule->texts + rule->text[i]);
		if (i >= rule->nr_values || at >= IOMMUFD_POLICY_REASON_LEN)
			continue;
		write_value(request, rule->value[i], value);
		at += snprintf(to + at, IOMMUFD_POLICY_REASON_LEN - at, "%s", value);
	}
}

/* ---- decisions ---- */

static bool match(const struct rules_image *image, struct rules_env *env,
		  const struct iommufd_policy_request *request, __u64 keep[RULES_WORDS])
{
	switch (request->hook) {
#define MATCH(ID, name, sleep, text) \
	case IOMMUFD_HOOK_##ID: \
		return rules_match(image, env, IOMMUFD_HOOK_##ID, request, keep);
		IOMMUFD_POLICY_HOOKS(MATCH)
#undef MATCH
	}
	return false;
}

void rules__decide(const struct rules_image *image, const struct iommufd_policy_request *request,
		   const struct rules_world *world, struct rules_state *state,
		   struct rules_verdict *verdict)
{
	struct rules_env env = { image, world };
	unsigned int clause, number, last = RULES_MAX;
	const struct rules_rule *rule;
	__u64 keep[RULES_WORDS];

	memset(verdict, 0, sizeof(*verdict));
	verdict->decided_by = -1;
	if (!match(image, &env, request, keep))
		return;
	while ((clause = rules_take_clause(keep)) < RULES_CLAUSES) {
		number = image->hook[request->hook].rule[clause];
		rule = &image->rule[number];
		if (number == last)
			continue;
		last = number;
		if (rule->action == RULES_ALLOW) {
			verdict->decided_by = number;
			return;
		}
		if (rule->action == RULES_LIMIT && rules__take(rule, number, request, world, state))
			continue;
		rules__reason(rule, request, verdict->reason);
		if (rule->is_audit) {
			verdict->audited[verdict->nr_audited++] = number;
			continue;
		}
		verdict->ret = -(int)rule->error;
		verdict->decided_by = number;
		return;
	}
}
