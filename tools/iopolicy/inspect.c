// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands that put nothing in force: inspect, which reads a file and asks the kernel nothing,
 * and verify, which loads and lets go again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "iopolicy.h"
#include "param.h"
#include "msg.h"
#include "text.h"

/* Calls for each member with a program, those that this version knows and others. */
static void visit_hooks(const struct policy *policy,
			void (*call)(void *ctx, const char *hook, struct bpf_program *program),
			void *ctx)
{
	struct bpf_program *program;
	unsigned int i;

	for (i = 0; i < btf_vlen(policy->type); i++) {
		program = policy__program(policy, i);
		if (program)
			call(ctx,
			     btf__name_by_offset(policy->btf,
						 btf_members(policy->type)[i].name_off),
			     program);
	}
}

/* The first line has the title, those after it have blanks. */
static void begin_line(const char **title)
{
	printf("%-11s ", *title);
	*title = "";
}

static void print_hook(void *ctx, const char *hook, struct bpf_program *program)
{
	begin_line(ctx);
	printf("%-13s %-24s %s\n", hook, bpf_program__name(program),
	       policy__program_sleeps(program) ? "may sleep" : "does not sleep");
}

static void print_hooks(const struct policy *policy)
{
	const char *title = "hooks";

	visit_hooks(policy, print_hook, &title);
	if (*title)
		printf("%-11s none\n", title);
}

static void print_params(const struct params *params)
{
	char text[PARAM_VALUE_MAX];
	const char *title = "parameters";
	unsigned int i;

	for (i = 0; i < params->nr; i++) {
		begin_line(&title);
		printf("%-24s %-16s %s\n", params->list[i].name, params->list[i].type,
		       param__value(text, &params->list[i]));
	}
	if (!params->nr)
		printf("%-11s none\n", title);
}

static void print_maps(const struct policy *policy)
{
	const char *title = "maps", *type;
	struct bpf_map *map;

	bpf_object__for_each_map(map, policy->object) {
		if (map == policy->ops)
			continue;
		type = libbpf_bpf_map_type_str(bpf_map__type(map));
		begin_line(&title);
		printf("%-24s %-16s key %u bytes, value %u bytes, %u entries\n", bpf_map__name(map),
		       type ? type : "?", bpf_map__key_size(map), bpf_map__value_size(map),
		       bpf_map__max_entries(map));
	}
	if (*title)
		printf("%-11s none\n", title);
}

static void print_policy(const struct policy *policy, const struct params *params,
			 const char *license)
{
	char scope[256], name[4 * IOMMUFD_POLICY_NAME_LEN];

	text__clean(name, sizeof(name), policy->name, sizeof(policy->name), sizeof(name), false);
	printf("%-11s %s\n", "policy", name);
	printf("%-11s %s\n", "file", policy->file);
	printf("%-11s %u\n", "interface", policy->version);
	printf("%-11s %s\n", "license", license);
	printf("%-11s %d\n", "priority", policy->priority);
	printf("%-11s %s\n", "scope", report__scope(scope, sizeof(scope), policy->cgroup));
	printf("%-11s %s\n", "mode",
	       policy->flags & IOMMUFD_POLICY_AUDIT ? "audit only" : "enforce");
	print_hooks(policy);
	print_params(params);
	print_maps(policy);
}

static void put_hook(void *ctx, const char *hook, struct bpf_program *program)
{
	struct json *json = ctx;

	json__object(json, NULL);
	json__string(json, "hook", hook);
	json__string(json, "program", bpf_program__name(program));
	json__bool(json, "may_sleep", policy__program_sleeps(program));
	json__end(json);
}

static void put_maps(struct json *json, const struct policy *policy)
{
	struct bpf_map *map;
	const char *type;

	json__array(json, "maps");
	bpf_object__for_each_map(map, policy->object) {
		if (map == policy->ops)
			continue;
		type = libbpf_bpf_map_type_str(bpf_map__type(map));
		json__object(json, NULL);
		json__string(json, "name", bpf_map__name(map));
		json__string(json, "type", type ? type : "?");
		json__u64(json, "key_bytes", bpf_map__key_size(map));
		json__u64(json, "value_bytes", bpf_map__value_size(map));
		json__u64(json, "max_entries", bpf_map__max_entries(map));
		json__end(json);
	}
	json__end(json);
}

static void put_policy(const struct policy *policy, const struct params *params,
		       const char *license)
{
	struct json json;
	unsigned int i;

	report__begin(&json, "inspect");
	json__string(&json, "file", policy->file);
	report__policy(&json, policy);
	json__u64(&json, "interface", policy->version);
	json__string(&json, "license", license);
	json__array(&json, "hooks");
	visit_hooks(policy, put_hook, &json);
	json__end(&json);
	json__array(&json, "parameters");
	for (i = 0; i < params->nr; i++) {
		json__object(&json, NULL);
		json__string(&json, "name", params->list[i].name);
		json__string(&json, "type", params->list[i].type);
		json__u64(&json, "size_bytes", params->list[i].size);
		param__put_json(&json, "default", &params->list[i]);
		json__end(&json);
	}
	json__end(&json);
	put_maps(&json, policy);
	report__end(&json);
}

int inspect__inspect(const struct options *options)
{
	char license[POLICY_LICENSE_MAX];
	struct policy policy;
	struct params params;
	int err;

	err = policy__open(&policy, options->file);
	if (!err)
		err = policy__params(&policy, &params);
	if (err)
		goto close;
	policy__license(options->file, license);
	if (options->json)
		put_policy(&policy, &params, license);
	else
		print_policy(&policy, &params, license);
	params__free(&params);
	err = policy__check(&policy);
close:
	policy__close(&policy);
	return err;
}

static void report_verified(const struct options *options, const struct policy *policy, int err)
{
	struct json json;

	if (!options->json) {
		if (!err)
			printf("ok: the kernel takes %s (%s)\n", policy->name, options->file);
		return;
	}
	report__begin(&json, "verify");
	json__string(&json, "file", options->file);
	json__string(&json, "name", policy->name);
	json__bool(&json, "ok", !err);
	report__end(&json);
}

/* Maps that an author wants pinned by their names are not, for this once. */
static void forget_pins(struct policy *policy)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, policy->object)
		bpf_map__set_pin_path(map, NULL);
}

/* What loading without putting in force can tell; a name may turn out to be taken later. */
int inspect__verify(const struct options *options)
{
	struct policy policy;
	int err;

	err = policy__open(&policy, options->file);
	if (!err)
		err = policy__configure(&policy, options);
	if (!err)
		err = policy__check(&policy);
	if (!err)
		err = machine__check();
	if (!err) {
		forget_pins(&policy);
		err = load__load(&policy, options);
	}
	if (!err)
		err = load__fill(&policy);
	if (!err || err == -ENOEXEC)
		report_verified(options, &policy, err);
	policy__close(&policy);
	return err;
}
