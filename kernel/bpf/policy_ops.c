// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct iommufd_policy_ops as a BPF struct_ops: validate policies, and explain why one is
 * rejected.
 *
 * The kernel passes a verifier log only to the callbacks that check accesses to a program's
 * argument. All others explain a rejection in the kernel's log, in a line "iommufd: policy ...",
 * which iopolicy(8) shows to the user.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/iommu.h>
#include <linux/module.h>

#include "bpf/bpf.h"
#include "policy/policy.h"
#include "policy/policy_ops.h"

#define POLICY_FLAGS \
	(IOMMUFD_POLICY_AUDIT | IOMMUFD_POLICY_NO_TOTALS | IOMMUFD_POLICY_EJECT | \
	 IOMMUFD_POLICY_TRIAL)

#define HOOK(ID, hook_name, may_sleep, text) { .name = #hook_name, .sleep = may_sleep },
static const struct {
	const char *name;
	bool sleep;
} hooks[] = { IOMMUFD_POLICY_HOOKS(HOOK) };
#undef HOOK

static int ops_init(struct btf *btf)
{
	return 0;
}

/*
 * Functions of the kernel that read user memory. A program must not, because its caller can change
 * the memory after the decision. The caller cannot hold the memory back: iommufd_policy_ask()
 * disables page faults. ops_func_proto() rejects the helpers of this kind.
 */
/* clang-format off */
static const char *const user_readers[] = {
	"bpf_copy_from_user_str",
	"bpf_copy_from_user_dynptr",
	"bpf_copy_from_user_str_dynptr",
	"bpf_copy_from_user_task_str",
	"bpf_copy_from_user_task_dynptr",
	"bpf_copy_from_user_task_str_dynptr",
	"bpf_probe_read_user_dynptr",
	"bpf_probe_read_user_str_dynptr",
};

/* clang-format on */

/*
 * Get the name of a function of the kernel by its id in the kernel's BTF; "" if it cannot be read.
 *
 * The build cannot write the ids of these functions into the module, because newer versions of
 * pahole give it a BTF that refers to a few types of the kernel only. Nothing that is exported
 * returns a name. But btf_type_by_id() of a module's BTF finds the kernel's types, too; the first
 * one follows the header, whose strings have the names.
 */
static const char *func_name(const struct btf *btf, u32 id)
{
	const struct btf_type *first = btf_type_by_id(btf, 1), *func = btf_type_by_id(btf, id);
	const u32 shortest = offsetofend(struct btf_header, str_len);
	const struct btf_header *header;
	u32 len;

	/* Newer versions of pahole may write a longer header. */
	for (len = shortest; first && func && len <= 2 * shortest; len += 4) {
		header = (const void *)first - len;
		if (header->magic == BTF_MAGIC && header->version == BTF_VERSION &&
		    header->hdr_len == len && !header->type_off && func->name_off < header->str_len)
			return (const char *)header + len + header->str_off + func->name_off;
	}
	return "";
}

/*
 * Return the name of a function by which a program reads user memory, or NULL. A name that cannot
 * be read counts as one.
 */
static const char *reads_user_memory(const struct bpf_prog *prog)
{
	const char *name;
	unsigned int k;
	u32 i;

	for (i = 0; i < prog->len; i++) {
		const struct bpf_insn *insn = &prog->insnsi[i];

		/* An offset of 0: a function of the kernel, not of a module. */
		if (insn->code != (BPF_JMP | BPF_CALL) || insn->off ||
		    insn->src_reg != BPF_PSEUDO_KFUNC_CALL)
			continue;
		name = func_name(prog->aux->attach_btf, insn->imm);
		if (!*name)
			return "a function without a name";
		for (k = 0; k < ARRAY_SIZE(user_readers); k++)
			if (!strcmp(name, user_readers[k]))
				return name;
	}
	return NULL;
}

/* Check that a program may sleep only if its hook may, and does not read user memory. */
static int ops_check_member(const struct btf_type *t, const struct btf_member *member,
			    const struct bpf_prog *prog)
{
	u32 hook = __btf_member_bit_offset(t, member) / (BITS_PER_BYTE * sizeof(void *));
	const char *reader = reads_user_memory(prog);

	static_assert(offsetof(struct iommufd_policy_ops, cgroup) ==
		      IOMMUFD_HOOKS * sizeof(void *));
	if (hook < ARRAY_SIZE(hooks) && !hooks[hook].sleep && prog->sleepable) {
		pr_warn("iommufd: policy program '%s' rejected: hook %s must not sleep; put the program into section struct_ops/%s, without .s\n",
			prog->aux->name, hooks[hook].name, hooks[hook].name);
		return -EINVAL;
	}
	if (reader) {
		pr_warn("iommufd: policy program '%s' rejected: it calls %s(), but a policy cannot read user memory, which the caller could change after the decision; use the fields of the request\n",
			prog->aux->name, reader);
		return -EINVAL;
	}
	return 0;
}

static int init_name(struct iommufd_policy_ops *ops, const struct iommufd_policy_ops *user)
{
	if (!iommufd_policy_name_ok(user->name)) {
		pr_warn("iommufd: policy rejected: invalid name; use 1 to %d letters, digits, '_', '-' and '.', and do not begin with '.'\n",
			IOMMUFD_POLICY_NAME_LEN - 1);
		return -EINVAL;
	}
	memcpy(ops->name, user->name, sizeof(ops->name));
	return 1;
}

/* Copy a member. Returns 1, or 0 for a hook, which the caller sets. */
static int ops_init_member(const struct btf_type *t, const struct btf_member *member, void *kdata,
			   const void *udata)
{
	const struct iommufd_policy_ops *user = udata;
	struct iommufd_policy_ops *ops = kdata;

	switch (__btf_member_bit_offset(t, member) / BITS_PER_BYTE) {
	case offsetof(struct iommufd_policy_ops, cgroup):
		ops->cgroup = user->cgroup;
		return 1;
	case offsetof(struct iommufd_policy_ops, priority):
		ops->priority = user->priority;
		return 1;
	case offsetof(struct iommufd_policy_ops, flags):
		if (user->flags & ~POLICY_FLAGS) {
			pr_warn("iommufd: policy rejected: unknown flags %#x; this driver supports IOMMUFD_POLICY_AUDIT (%#x), IOMMUFD_POLICY_NO_TOTALS (%#x), IOMMUFD_POLICY_EJECT (%#x) and IOMMUFD_POLICY_TRIAL (%#x)\n",
				user->flags & ~POLICY_FLAGS, IOMMUFD_POLICY_AUDIT,
				IOMMUFD_POLICY_NO_TOTALS, IOMMUFD_POLICY_EJECT,
				IOMMUFD_POLICY_TRIAL);
			return -EINVAL;
		}
		ops->flags = user->flags;
		return 1;
	case offsetof(struct iommufd_policy_ops, version):
		if (user->version != IOMMUFD_POLICY_VERSION) {
			pr_warn("iommufd: policy rejected: interface version %u, this driver supports version %u; set .version = IOMMUFD_POLICY_VERSION and compile with this driver's iommufd_policy.bpf.h\n",
				user->version, IOMMUFD_POLICY_VERSION);
			return -EINVAL;
		}
		ops->version = user->version;
		return 1;
	case offsetof(struct iommufd_policy_ops, name):
		return init_name(ops, user);
	case offsetof(struct iommufd_policy_ops, budget_ms):
		ops->budget_ms = user->budget_ms;
		return 1;
	default:
		return 0;
	}
}

static int ops_validate(void *kdata)
{
	const struct iommufd_policy_ops *ops = kdata;

	if (iommufd_policy_hooks(ops))
		return 0;
	pr_warn("iommufd: policy '%s' rejected: it has no hook, so it would decide nothing; define at least one\n",
		ops->name);
	return -EINVAL;
}

static bool is_trial(const struct iommufd_policy_ops *ops)
{
	return ops->flags & IOMMUFD_POLICY_TRIAL;
}

static int ops_reg(void *kdata, struct bpf_link *link)
{
	if (is_trial(kdata))
		return iommufd_trial_add(kdata, link);
	return iommufd_policy_add(kdata, link);
}

/*
 * BPF calls this in three cases. BPF_MAP_DELETE_ELEM removes a policy without a link.
 * BPF_LINK_DETACH holds a reference to the link. Otherwise the last reference is gone: the process
 * that closed the last file descriptor is current, or a worker if that was a pin. The second one
 * holds a mutex that each load, replace and detach of a struct_ops link takes, as the caller of
 * ops_update() does; the last one holds none.
 */
static void ops_unreg(void *kdata, struct bpf_link *link)
{
	if (is_trial(kdata))
		iommufd_trial_remove(link);
	else
		iommufd_policy_remove(kdata, !link || atomic64_read(&link->refcnt));
}

static int ops_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	const struct iommufd_policy_ops *ops = kdata, *old_ops = old_kdata;

	if (is_trial(ops) || is_trial(old_ops)) {
		pr_warn("iommufd: policy '%s' cannot be replaced with '%s': a policy with the flag IOMMUFD_POLICY_TRIAL neither replaces another one nor is replaced\n",
			old_ops->name, ops->name);
		return -EINVAL;
	}
	return iommufd_policy_replace(kdata, old_kdata, link);
}

/* A program may read its argument, the request. */
static bool ops_is_valid_access(int off, int size, enum bpf_access_type type,
				const struct bpf_prog *prog, struct bpf_insn_access_aux *info)
{
	if (off < 0 || off >= sizeof(__u64) * MAX_BPF_FUNC_ARGS || off % size)
		return false;
	if (type != BPF_READ) {
		bpf_log(info->log, "a policy cannot write its argument\n");
		return false;
	}
	return btf_ctx_access(off, size, type, prog, info);
}

static int ops_btf_struct_access(struct bpf_verifier_log *log, const struct bpf_reg_state *reg,
				 int off, int size)
{
	bpf_log(log, "a policy cannot write the request: it decides by its return value\n");
	return -EACCES;
}

static const struct bpf_func_proto *ops_func_proto(enum bpf_func_id id, const struct bpf_prog *prog)
{
	if (id == BPF_FUNC_probe_read_user || id == BPF_FUNC_probe_read_user_str)
		return NULL;
	return bpf_base_func_proto(id, prog);
}

static const struct bpf_verifier_ops verifier_ops = {
	.get_func_proto = ops_func_proto,
	.is_valid_access = ops_is_valid_access,
	.btf_struct_access = ops_btf_struct_access,
};

static int iommufd_policy_stub(const struct iommufd_policy_request *req)
{
	return 0;
}

static struct iommufd_policy_ops cfi_stubs = {
#define STUB(ID, name, sleep, text) .name = iommufd_policy_stub,
	IOMMUFD_POLICY_HOOKS(STUB)
#undef STUB
};

static struct bpf_struct_ops policy_struct_ops = {
	.verifier_ops = &verifier_ops,
	.init = ops_init,
	.check_member = ops_check_member,
	.init_member = ops_init_member,
	.validate = ops_validate,
	.reg = ops_reg,
	.unreg = ops_unreg,
	.update = ops_update,
	.cfi_stubs = &cfi_stubs,
	.name = "iommufd_policy_ops",
	.owner = THIS_MODULE,
};

/**
 * iommufd_policy_init() - register the struct_ops and the kfuncs
 *
 * If the module has no BTF, or the kernel no BPF, the driver works without policies.
 *
 * Return: 0.
 */
int iommufd_policy_init(void)
{
	int ret = -EOPNOTSUPP;

#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
	/* Registering succeeds without BTF, so check for it here. */
	if (IS_ENABLED(CONFIG_BPF_JIT) && THIS_MODULE->btf_data_size)
		ret = iommufd_kfunc_init();
	if (!ret)
		ret = register_bpf_struct_ops(&policy_struct_ops, iommufd_policy_ops);
#endif
	if (ret)
		pr_info("iommufd: policies are not available (%d): the module or the kernel has no BTF\n",
			ret);
	return 0;
}
