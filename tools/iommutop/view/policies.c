// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of policies: verdicts and the reason of the last refusal; below, verdicts by hook.
 */
#include "view/view.h"

static struct view_list policies, hooks;
static unsigned int focus;

static const struct view_column policy_columns[] = {
	{ .name = "name", .width = 14, .least = 12, .most = 20 },
	{ .name = "allowed" },
	{ .name = "denied" },
	{ .name = "denied_now" },
	{ .name = "would_deny" },
	{ .name = "last_error", .width = 7, .most = 10 },
	{ .name = "reason", .width = 22, .roomy = 40, .most = 40 },
	{ .name = "priority" },
	{ .name = "audit" },
	{ .name = "cgroup", .most = 30 },
	{ .name = "id" },
	{ .name = "last_pid" },
};

static const struct view_column hook_columns[] = {
	{ .name = "name", .width = 14, .least = 12, .most = 20 },
	{ .name = "hook", .width = 14, .most = 16 },
	{ .name = "allowed" },
	{ .name = "denied" },
	{ .name = "denied_now" },
	{ .name = "would_deny" },
	{ .name = "allowed_now" },
	{ .name = "would_deny_now" },
	{ .name = "id" },
};

static void start(void)
{
	view_list__close(&policies);
	view_list__close(&hooks);
	VIEW_LIST_INIT(&policies, MODEL_POLICIES, policy_columns);
	VIEW_LIST_INIT(&hooks, MODEL_HOOKS, hook_columns);
	policies.empty = "no policy is loaded; iopolicy load loads one";
	hooks.empty = "no hooks without a policy";
	focus = 0;
}

/* The selected reason, if there was no room for all of it. */
static bool hint(struct ui *ui, char *text, enum term_style *style)
{
	*style = STYLE_NORMAL;
	return view__cut_text(&view_policies, ui, "reason", text);
}

const struct view view_policies = {
	.title = "Policies",
	.lists = { &policies, &hooks },
	.focus = &focus,
	.start = start,
	.draw = view__draw_two,
	.act = view__switch_focus,
	.hint = hint,
};
