// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules: decides by a rule file, which needs neither a compiler nor C; see iopolicy-rules(5).
 *
 * iopolicy apply FILE.rules compiles the rules, writes the result into the map .rodata.rules before
 * it loads this object, and leaves out the hooks that no rule has. Loaded without rules, the policy
 * allows all.
 *
 * Maps:
 *	source		the text of the rule file, which iopolicy set reads
 *	stats		number of a rule -> its counts, see struct rules_stat
 *	refusals	the last 256 refusals in a ring, see struct rules_refusal
 *	refused		at 0: the number of refusals so far
 *	buckets		of limits, by rule and by the context, process, user, cgroup or device
 *			that it counts for: the time, in ns of CLOCK_MONOTONIC, at which the
 *			bucket will be full; the 16384 used last
 *	cgroups		cgroup (8 bytes) -> bits of the patterns that it matches, computed at
 *			its first request
 *
 * Patterns match paths of cgroups, not ids, so a rule also applies to a cgroup that is created
 * later. A cgroup of version 2 is never renamed or moved, so the computed bits stay valid.
 *
 * Restrictions: if there is no memory for a limit's bucket, the policy allows the call. If the path
 * of a cgroup cannot be read (the process is outside of its own cgroup namespace, or a cgroup is
 * deeper than 16 levels), rules that test cgroups apply if they refuse, and do not apply if they
 * allow. iommufd_rules_match.h decides; the same code runs in iopolicy test.
 */
#include <iommufd_policy.bpf.h>

struct rules_env {
	__u32 unused;
};

#define rules_for(i, n) bpf_for(i, 0, n)
#define rules_find_key(image, first, nr, value) rules_find(first, nr, value)
#define rules_total(q, member) (iommufd_policy_totals(q), (q)->member)

struct bpf_spin_lock {
	__u32 val;
};

struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

#include "iommufd_rules.h"

/* The members of the kernel's structs that lead to the path of a cgroup. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct kernfs_node {
	const char *name;
};

struct cgroup {
	struct kernfs_node *kn;
	int level;
};

#pragma clang attribute pop

extern struct cgroup *bpf_cgroup_from_id(__u64 id) __ksym;
extern struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgroup, int level) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgroup) __ksym;

const volatile struct rules_image rules SEC(".rodata.rules");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} source SEC(".maps");

struct stat {
	struct bpf_spin_lock lock; /* of last */
	__u32 unused;
	struct rules_stat stat;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULES_MAX);
	__type(key, __u32);
	__type(value, struct stat);
} stats SEC(".maps");

/* At 0: the number of refusals so far. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} refused SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULES_REFUSALS);
	__type(key, __u32);
	__type(value, struct rules_refusal);
} refusals SEC(".maps");

struct bucket_key {
	__u64 value;
	__u32 rule;
	__u32 hook;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct bucket_key);
	__type(value, __u64);
} buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, iommufd_cgroup_t);
	__type(value, __u64);
} cgroups SEC(".maps");

/* Find the last key that is not above the value. A global function is verified only once. */
__noinline __u32 rules_find(__u32 first, __u32 nr, __u64 value)
{
	__u32 low = 0, high = nr, middle;

	for (int i = 0; i < 13; i++) {
		if (high - low < 2)
			break;
		middle = (low + high) / 2;
		if (rules.keys[(first + middle) & (RULES_KEYS - 1)] <= value)
			low = middle;
		else
			high = middle;
	}
	return first + low;
}

/* ---- cgroups ---- */

/* Whether a name is, or begins like, the name of a pattern. Both are padded with 0. */
static __always_inline bool is_name(const __u64 name[RULES_NAME_LEN / 8],
				    const volatile struct rules_pattern *pattern, __u32 at)
{
	const volatile __u64 *want =
		(const volatile void *)rules.name[pattern->name[at] & (RULES_NAMES - 1)];
	__u32 length = RULES_NAME_LEN;
	__u64 differs = 0;
	__u32 i;

	if (pattern->is_prefix && at == pattern->nr - 1u)
		length = pattern->prefix_length;
	for (i = 0; i < RULES_NAME_LEN / 8; i++) {
		__u64 mask = -1ull;

		if (length < (i + 1) * 8)
			mask = length <= i * 8 ? 0 : (1ull << (length - i * 8) * 8) - 1;
		differs |= (name[i] ^ want[i]) & mask;
	}
	return !differs;
}

/*
 * Compare the next name with the patterns that match so far: bits of alive. Return those that still
 * match; those whose last name matches are added to found.
 */
static __noinline __u64 match_level(const __u64 *name, __u32 level, __u64 alive, __u64 *found)
{
	__u64 next = 0;
	__u32 i;

	if (!name || !found)
		return 0;
	bpf_for(i, 0, RULES_PATTERNS) {
		const volatile struct rules_pattern *pattern;
		__u32 n = i & (RULES_PATTERNS - 1);

		if (i >= rules.nr_patterns)
			break;
		pattern = &rules.pattern[n];
		if (!(alive >> n & 1) || level >= pattern->nr ||
		    !is_name(name, pattern, level & (RULES_DEPTH - 1)))
			continue;
		if (level + 1 == pattern->nr)
			*found |= 1ull << n;
		else
			next |= 1ull << n;
	}
	return next;
}

/* Read the name of a cgroup's ancestor. Return its size with the 0, or an error. */
static __always_inline int read_name(struct cgroup *cgroup, int level, __u64 *name)
{
	struct cgroup *above = bpf_cgroup_ancestor(cgroup, level);
	int size = -EINVAL;

	if (!above)
		return size;
	size = bpf_probe_read_kernel_str(name, RULES_NAME_LEN, above->kn->name);
	bpf_cgroup_release(above);
	return size;
}

/* Compute the patterns that match a cgroup, or one above it. */
static __noinline int find_patterns(__u64 id, __u64 *found)
{
	struct cgroup *cgroup = bpf_cgroup_from_id(id);
	__u64 alive = -1ull;
	int level, depth, ret = 0;

	if (!cgroup)
		return -EINVAL;
	depth = cgroup->level;
	if (depth > RULES_DEPTH)
		ret = -EINVAL;
	bpf_for(level, 1, RULES_DEPTH + 1) {
		__u64 name[RULES_NAME_LEN / 8] = {};

		if (ret || level > depth || !alive)
			break;
		if (read_name(cgroup, level, name) < 0)
			ret = -EINVAL;
		else
			alive = match_level(name, level - 1, alive, found);
	}
	bpf_cgroup_release(cgroup);
	return ret;
}

static __noinline bool patterns_of(__u64 id, __u64 *patterns)
{
	__u64 *known = bpf_map_lookup_elem(&cgroups, &id), found = 0;

	if (known) {
		*patterns = *known;
		return true;
	}
	if (find_patterns(id, &found))
		return false;
	bpf_map_update_elem(&cgroups, &id, &found, BPF_ANY);
	*patterns = found;
	return true;
}

static __always_inline bool rules_patterns(struct rules_env *env,
					   const struct iommufd_policy_request *q, __u64 *patterns)
{
	return patterns_of(q->cgroup, patterns);
}

/* ---- facts ---- */

/* The kind of a copy is that of its areas, which exist already; a dma-buf's if there is any. */
static __always_inline __u32 rules_copied_kind(struct rules_env *env,
					       const struct iommufd_policy_request *q)
{
	__u64 iova = q->iova, end = iova + q->length;
	__u32 kind = IOMMUFD_MEMORY_NONE;
	struct iommufd_area_info *area;

	bpf_for_each(iommufd_area, area, q->ctx, q->ioas, iova) {
		if (area->iova >= end)
			break;
		if (area->kind > kind)
			kind = area->kind;
	}
	return kind;
}

static __always_inline __u32 facts_of_device(__u32 vendor, __u32 product, __u32 sbdf)
{
	__u32 facts = 0, i;

	bpf_for(i, 0, RULES_BOXES) {
		const volatile struct rules_box *box = &rules.box[i & (RULES_BOXES - 1)];

		if (i >= rules.nr_boxes)
			break;
		if (vendor >= box->vendor_first && vendor <= box->vendor_last &&
		    product >= box->product_first && product <= box->product_last &&
		    sbdf >= box->sbdf_first && sbdf <= box->sbdf_last)
			facts |= 1u << (i & (RULES_BOXES - 1));
	}
	return facts;
}

static __noinline __u32 facts_of_bound(__u32 ctx)
{
	struct iommufd_object_info *info;
	__u32 facts = 0;

	bpf_for_each(iommufd_object, info, ctx, IOMMUFD_INFO_DEVICE)
		facts |= facts_of_device(info->vendor, info->product, info->sbdf);
	return facts;
}

static __noinline __u32 facts_of_areas(__u32 ctx, __u32 ioas, __u32 wanted)
{
	struct iommufd_area_info *area;
	__u32 facts = 0;

	bpf_for_each(iommufd_area, area, ctx, ioas, 0) {
		facts |= 1u << (RULES_FACT_KIND(area->kind) & 31);
		if (area->prot & IOMMUFD_PROT_WRITE)
			facts |= 1u << RULES_FACT_WRITE;
		if ((facts & wanted) == wanted)
			break;
	}
	return facts;
}

static __always_inline bool rules_facts(struct rules_env *env,
					const struct iommufd_policy_request *q, __u32 wanted,
					__u32 *facts)
{
	__u32 ctx = q->ctx, ioas = q->ioas;

	if (wanted & RULES_FACTS_BOUND) {
		*facts |= facts_of_bound(ctx);
		if (q->hook == IOMMUFD_HOOK_DEVICE_BIND)
			*facts |= facts_of_device(q->vendor, q->product, q->sbdf);
	}
	if (!(wanted & ~RULES_FACTS_BOUND))
		return true;
	/* The memory of a process is all mapped, for reading and writing. */
	if (q->flags & IOMMUFD_REQUEST_SHARED) {
		*facts |= 1u << RULES_FACT_WRITE | 1u << RULES_FACT_KIND(IOMMUFD_MEMORY_USER);
		return true;
	}
	if (ioas == IOMMUFD_NONE)
		return false;
	*facts |= facts_of_areas(ctx, ioas, wanted & ~RULES_FACTS_BOUND);
	return true;
}

#include "iommufd_rules_match.h"

/* ---- actions of a rule ---- */

#define VALUE_LEN 24

/* How each field is written. */
#define TYPE(ID, name, type, hooks, value, text) RULES_TYPE_##type,
static const __u8 types[] = { RULES_FIELDS(TYPE) };
#undef TYPE

static __always_inline void write_kind(char *to, __u64 kind)
{
	if (kind == IOMMUFD_MEMORY_USER)
		BPF_SNPRINTF(to, VALUE_LEN, "user");
	else if (kind == IOMMUFD_MEMORY_FILE)
		BPF_SNPRINTF(to, VALUE_LEN, "file");
	else if (kind == IOMMUFD_MEMORY_DMABUF)
		BPF_SNPRINTF(to, VALUE_LEN, "dmabuf");
	else
		BPF_SNPRINTF(to, VALUE_LEN, "copy");
}

static __noinline int write_value(const struct iommufd_policy_request *q, __u32 field, char *to)
{
	__u64 value = rules_value(q, field);

	if (!to || field >= RULES_NR_FIELDS)
		return 0;
	switch (types[field]) {
	case RULES_TYPE_PCI_ID:
		BPF_SNPRINTF(to, VALUE_LEN, "%04x", (__u32)value);
		break;
	case RULES_TYPE_SBDF:
		BPF_SNPRINTF(to, VALUE_LEN, "%04x:%02x:%02x.%x", (__u32)value >> 16,
			     (__u32)value >> 8 & 0xff, (__u32)value >> 3 & 0x1f, (__u32)value & 7);
		break;
	case RULES_TYPE_ADDRESS:
		BPF_SNPRINTF(to, VALUE_LEN, "0x%llx", value);
		break;
	case RULES_TYPE_SIZE:
		BPF_SNPRINTF(to, VALUE_LEN, "%llu KiB", (value >> 10) + !!(value & 1023));
		break;
	case RULES_TYPE_KIND:
		write_kind(to, value);
		break;
	case RULES_TYPE_STRING:
		BPF_SNPRINTF(to, VALUE_LEN, "%s",
			     field == RULES_COMM ? (unsigned long)q->comm :
						   (unsigned long)q->device_name);
		break;
	default:
		BPF_SNPRINTF(to, VALUE_LEN, "%llu", value);
	}
	return 0;
}

#define TEXT(i) ((unsigned long)&rule->texts[rule->text[i] & (RULES_TEXT - 1)])

/* The values are written first, then put between the texts. */
static __noinline int write_reason(const struct iommufd_policy_request *q, __u32 number,
				   char to[IOMMUFD_POLICY_REASON_LEN])
{
	const volatile struct rules_rule *rule = &rules.rule[number & (RULES_MAX - 1)];
	char values[RULES_VALUES][VALUE_LEN] = {};
	__u32 i, n;

	if (!to)
		return 0;
	bpf_for(i, 0, RULES_VALUES) {
		if (i >= rule->nr_values)
			break;
		n = i < RULES_VALUES ? i : 0;
		write_value(q, rule->value[n], values[n]);
	}
	BPF_SNPRINTF(to, IOMMUFD_POLICY_REASON_LEN, "%s%s%s%s%s%s%s", TEXT(0),
		     (unsigned long)values[0], TEXT(1), (unsigned long)values[1], TEXT(2),
		     (unsigned long)values[2], TEXT(3));
	return 0;
}

/* Keep a refusal in the ring, for iopolicy why. */
static __noinline int keep(const struct iommufd_policy_request *q, __u32 number, bool is_audit,
			   const char reason[IOMMUFD_POLICY_REASON_LEN])
{
	struct rules_refusal *refusal;
	__u32 zero = 0, slot;
	__u64 *total, count;

	total = bpf_map_lookup_elem(&refused, &zero);
	if (!total || !reason)
		return 0;
	count = __sync_fetch_and_add(total, 1) + 1;
	slot = count % RULES_REFUSALS;
	refusal = bpf_map_lookup_elem(&refusals, &slot);
	if (!refusal)
		return 0;
	__sync_lock_test_and_set(&refusal->number, 0);
	refusal->time_ns = bpf_ktime_get_ns();
	refusal->rule = number;
	refusal->hook = q->hook;
	refusal->error = rules.rule[number & (RULES_MAX - 1)].error;
	refusal->is_audit = is_audit;
	refusal->tgid = q->tgid;
	refusal->uid = q->uid;
	refusal->ctx = q->ctx;
	bpf_probe_read_kernel_str(refusal->comm, sizeof(refusal->comm), q->comm);
	__builtin_memcpy(refusal->reason, reason, sizeof(refusal->reason));
	__sync_lock_test_and_set(&refusal->number, count);
	return 0;
}

/* Give the reason of a refusal, and keep it. */
static __noinline int note(const struct iommufd_policy_request *q, __u32 number, bool is_audit)
{
	char reason[IOMMUFD_POLICY_REASON_LEN] = {};
	__u64 now = bpf_ktime_get_ns();
	struct stat *stat = bpf_map_lookup_elem(&stats, &number);
	__u32 hook = q->hook, tgid = q->tgid, uid = q->uid;

	write_reason(q, number, reason);
	iommufd_policy_reason(q, reason, sizeof(reason));
	keep(q, number, is_audit, reason);
	if (!stat)
		return 0;
	__sync_fetch_and_add(is_audit ? &stat->stat.audited : &stat->stat.denied, 1);
	bpf_spin_lock(&stat->lock);
	stat->stat.time_ns = now;
	stat->stat.hook = hook;
	stat->stat.error = rules.rule[number & (RULES_MAX - 1)].error;
	stat->stat.tgid = tgid;
	stat->stat.uid = uid;
	__builtin_memcpy(stat->stat.reason, reason, sizeof(reason));
	bpf_spin_unlock(&stat->lock);
	return 0;
}

static __always_inline void count_allowed(__u32 number)
{
	struct stat *stat = bpf_map_lookup_elem(&stats, &number);

	if (stat)
		__sync_fetch_and_add(&stat->stat.allowed, 1);
}

/* A walk over the true clauses of a request. Global functions cannot get the request itself. */
struct walk {
	__u64 keep[RULES_WORDS];
	__u64 per[RULES_NR_PER]; /* the values that limits count by */
	__u64 tokens;
	__u32 hook;
	__u32 last; /* the rule before */
};

#define NO_MORE -1

/* Take tokens from a bucket, or return 0. A global function is verified only once. */
__noinline int rules_take(__u32 number, __u64 per, __u64 tokens)
{
	const volatile struct rules_rule *rule = &rules.rule[number & (RULES_MAX - 1)];
	struct bucket_key key = { .value = per, .rule = number };
	__u64 now = bpf_ktime_get_ns(), always = 0, was, will;
	__u64 *full_ns = bpf_map_lookup_elem(&buckets, &key);

	if (!full_ns) {
		/* If another CPU has created it meanwhile, use that one. */
		bpf_map_update_elem(&buckets, &key, &always, BPF_NOEXIST);
		full_ns = bpf_map_lookup_elem(&buckets, &key);
	}
	/* Allow if there is no memory for a bucket, rather than stop all programs. */
	if (!full_ns)
		return 1;
	for (int i = 0; i < 64; i++) {
		was = *(volatile __u64 *)full_ns;
		will = rules_take_tokens(was, now, tokens, rule->each_ns, rule->burst);
		if (!will)
			return 0;
		if (__sync_val_compare_and_swap(full_ns, was, will) == was)
			return 1;
	}
	/* Other threads were faster each time. */
	return 0;
}

#define GO_ON -2

/* Look at the next true clause. Return the rule that would refuse, NO_MORE or GO_ON. */
static __always_inline int look_at_next(struct walk *walk, __u32 hook)
{
	const volatile struct rules_rule *rule;
	__u32 clause, number, per;

	clause = rules_take_clause(walk->keep);
	if (clause >= RULES_CLAUSES)
		return NO_MORE;
	number = rules.hook[hook].rule[clause & (RULES_CLAUSES - 1)];
	if (number == walk->last)
		return GO_ON;
	walk->last = number;
	rule = &rules.rule[number & (RULES_MAX - 1)];
	per = rule->per;
	if (rule->action == RULES_ALLOW) {
		count_allowed(number);
		return NO_MORE;
	}
	if (rule->action != RULES_LIMIT || per >= RULES_NR_PER ||
	    !rules_take(number, walk->per[per], walk->tokens))
		return number;
	return walk->keep[0] | walk->keep[1] | walk->keep[2] | walk->keep[3] ? GO_ON : NO_MORE;
}

/* Find the next rule that would refuse. Return its number, or NO_MORE if the call is allowed. */
__noinline int rules_next(struct walk *walk)
{
	__u32 i, hook;
	int number;

	if (!walk)
		return NO_MORE;
	/* Read it once, so that the verifier knows its bounds below. */
	hook = *(volatile __u32 *)&walk->hook;
	if (hook >= IOMMUFD_HOOKS)
		return NO_MORE;
	/* Mostly there is one, so do without a loop at first. */
	number = look_at_next(walk, hook);
	if (number != GO_ON)
		return number;
	bpf_for(i, 0, RULES_CLAUSES) {
		number = look_at_next(walk, hook);
		if (number != GO_ON)
			return number;
	}
	return NO_MORE;
}

/* Refuse by a rule. Return 0 if it only audits. */
static __noinline int refuse(const struct iommufd_policy_request *q, __u32 number)
{
	const volatile struct rules_rule *rule = &rules.rule[number & (RULES_MAX - 1)];

	note(q, number, rule->is_audit);
	return rule->is_audit ? 0 : -(int)rule->error;
}

/* Walk over the rules whose condition is true, until one decides. */
static __noinline int act(const struct iommufd_policy_request *q, struct walk *walk)
{
	int i, number, ret;

	if (!walk)
		return 0;
	for (i = 0; i < RULES_NR_PER; i++)
		walk->per[i] = rules_per(q, i);
	walk->tokens = rules_tokens(q);
	walk->last = RULES_MAX;
	number = rules_next(walk);
	if (number < 0)
		return 0;
	ret = refuse(q, number);
	bpf_for(i, 0, RULES_CLAUSES) {
		if (ret)
			break;
		number = rules_next(walk);
		if (number < 0)
			break;
		ret = refuse(q, number);
	}
	return ret;
}

static __always_inline int decide(const struct iommufd_policy_request *q, __u32 hook)
{
	struct walk walk;

	if (!rules_match(&rules, (void *)0, hook, q, walk.keep))
		return 0;
	walk.hook = hook;
	return act(q, &walk);
}

IOMMUFD_HOOK(device_bind, rules_bind)
{
	return decide(req, IOMMUFD_HOOK_DEVICE_BIND);
}

IOMMUFD_HOOK(device_attach, rules_attach)
{
	return decide(req, IOMMUFD_HOOK_DEVICE_ATTACH);
}

IOMMUFD_HOOK(ioas_map, rules_map)
{
	return decide(req, IOMMUFD_HOOK_IOAS_MAP);
}

IOMMUFD_HOOK(ioas_unmap, rules_unmap)
{
	return decide(req, IOMMUFD_HOOK_IOAS_UNMAP);
}

IOMMUFD_HOOK(hwpt_alloc, rules_hwpt)
{
	return decide(req, IOMMUFD_HOOK_HWPT_ALLOC);
}

IOMMUFD_HOOK(pasid_alloc, rules_pasid_alloc)
{
	return decide(req, IOMMUFD_HOOK_PASID_ALLOC);
}

IOMMUFD_HOOK(pasid_attach, rules_pasid_attach)
{
	return decide(req, IOMMUFD_HOOK_PASID_ATTACH);
}

IOMMUFD_HOOK_NOSLEEP(fault, rules_fault)
{
	return decide(req, IOMMUFD_HOOK_FAULT);
}

IOMMUFD_HOOK(ioas_change_process, rules_change)
{
	return decide(req, IOMMUFD_HOOK_IOAS_CHANGE_PROCESS);
}

IOMMUFD_POLICY(rules_policy) = {
	.device_bind = (void *)rules_bind,
	.device_attach = (void *)rules_attach,
	.ioas_map = (void *)rules_map,
	.ioas_unmap = (void *)rules_unmap,
	.hwpt_alloc = (void *)rules_hwpt,
	.pasid_alloc = (void *)rules_pasid_alloc,
	.pasid_attach = (void *)rules_pasid_attach,
	.fault = (void *)rules_fault,
	.ioas_change_process = (void *)rules_change,
	.name = "rules",
	.version = IOMMUFD_POLICY_VERSION,
	.flags = IOMMUFD_POLICY_NO_TOTALS,
};
