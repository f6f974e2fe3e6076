// SPDX-License-Identifier: GPL-2.0-only
/* Loading, replacing and unloading policies, and the iterators of BPF programs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "../../lib/policy/hooks.h"
#include "../../lib/policy/look.h"
#include "fail-nth.h"

#define OBJECT "build/tests/storm.bpf.o"

/* Two policies whose programs are loaded, once for all worlds. */
static struct policy policies[2];
static struct look look;

static int setup_policies(struct world *w)
{
	int ret = 0;

	w->policies = true;
	for (unsigned int i = 0; i < 2 && !ret && !policies[i].obj; i++) {
		ret = policy__open(&policies[i], OBJECT, "@name=fail-nth");
		ret = ret ?: policy__attach(&policies[i]);
		if (ret)
			break;
		/* The map stays registered, so that links can be made of it. */
		bpf_link__destroy(policies[i].link);
		policies[i].link = NULL;
	}
	return ret;
}

static int link_new(struct world *w)
{
	int fd = bpf_link_create(bpf_map__fd(policies[0].ops), 0, BPF_STRUCT_OPS, NULL);

	w->fd[0] = fd;
	return fd < 0 ? fd : 0;
}

static int setup_link(struct world *w)
{
	return setup_policies(w) ?: link_new(w);
}

static int link_replace(struct world *w)
{
	return bpf_link_update(w->fd[0], bpf_map__fd(policies[1].ops), NULL);
}

static int link_back(struct world *w)
{
	return bpf_link_update(w->fd[0], bpf_map__fd(policies[0].ops), NULL);
}

static int link_detach(struct world *w)
{
	return bpf_link_detach(w->fd[0]);
}

static int link_again(struct world *w)
{
	return undo_fd(w) ?: link_new(w);
}

/* ---- policies that are only tried ---- */

static struct policy trial;
static struct bpf_object *tool;

static int setup_trial(struct world *w)
{
	int ret = 0;

	w->policies = true;
	if (trial.obj)
		return 0;
	ret = policy__open(&trial, OBJECT, "@name=fail-nth-trial @flags=8");
	ret = ret ?: policy__attach(&trial);
	if (ret)
		return ret;
	bpf_link__destroy(trial.link);
	trial.link = NULL;
	tool = bpf_object__open_file("build/tests/trial.bpf.o", NULL);
	return tool ? bpf_object__load(tool) : -errno;
}

static int trial_new(struct world *w)
{
	int fd = bpf_link_create(bpf_map__fd(trial.ops), 0, BPF_STRUCT_OPS, NULL);

	w->fd[0] = fd;
	return fd < 0 ? fd : 0;
}

static int setup_trial_link(struct world *w)
{
	return setup_trial(w) ?: trial_new(w);
}

/* Try an empty request, for a bind. */
static int trial_try(struct world *w)
{
	/* The same struct as in the BPF program. */
	struct {
		__u32 id, request_size, result_size;
		__s32 ret;
	} args = { 0, sizeof(struct iommufd_policy_request), sizeof(struct iommufd_policy_trial),
		   -EBADMSG };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &args, .ctx_size_in = sizeof(args));
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int ret = bpf_link_get_info_by_fd(w->fd[0], &info, &size);

	args.id = info.id;
	ret = ret   ?:
		      bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(
						     tool, "try_request")),
					     &opts);
	return ret ?: args.ret;
}

/* ---- iterators ---- */

static int setup_look(struct world *w)
{
	int ret = look.obj ? 0 : look__open(&look);

	ret = ret ?: mock__hwpt(&w->m, w->m.ioas, 0, 0, 0, NULL, 0, &w->id[0]);
	return ret ?: ioas__map_at(w->m.fd, w->m.ioas, memory.small, SIZE, FREE);
}

static int expect(int got, int want)
{
	return got < 0 ? got : got == want ? 0 : -EBADMSG;
}

static int context(const struct world *w)
{
	uint64_t id = 0;

	return iommu__fdinfo(w->m.fd, "iommufd-context", &id) ? 0 : (int)id;
}

static int setup_context(struct world *w)
{
	w->iova = context(w);
	return setup_look(w);
}

static int look_ctxs(struct world *w)
{
	(void)w;
	return expect(look__ctxs(&look), 1);
}

/* IOAS, device, the mock's device, two page tables. */
static int look_objects(struct world *w)
{
	return expect(look__objects(&look, w->iova, IOMMUFD_INFO_ANY), 5);
}

static int look_areas(struct world *w)
{
	return expect(look__areas(&look, w->iova, w->m.ioas, 0), 2);
}

static int look_totals(struct world *w)
{
	uint64_t bytes = look__ctx(&look, w->iova);

	return bytes == UINT64_MAX ? -ENOMEM : bytes == 2 * SIZE ? 0 : -EBADMSG;
}

const struct step policy_steps[] = {
	{ "load a policy", setup_policies, link_new, undo_fd, 0 },
	{ "replace a policy", setup_link, link_replace, link_back, UNDO_ALLOCATES },
	{ "unload a policy", setup_link, link_detach, link_again, FREES | UNDO_ONCE },
	{ "load a policy to try", setup_trial, trial_new, undo_fd, 0 },
	{ "try a policy", setup_trial_link, trial_try, NULL, 0 },
	{ "iterator over contexts", setup_context, look_ctxs, NULL, 0 },
	{ "iterator over objects", setup_context, look_objects, NULL, 0 },
	{ "iterator over areas", setup_context, look_areas, NULL, 0 },
	{ "totals", setup_context, look_totals, NULL, 0 },
	{},
};
