// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of policies: verdicts, cost and the reason of the last refusal. Below is one of three
 * lists: the last refusals, refusals by process, or verdicts by hook. The list stays when the focus
 * goes back to the policies.
 */
#include "view/view.h"

static struct view_list policies, refusals, victims, hooks;
static unsigned int focus, below; /* indexes of view_policies.lists */

static const struct view_column policy_columns[] = {
	{ .name = "name", .width = 14, .least = 12, .most = 20 },
	{ .name = "allowed" },
	{ .name = "denied" },
	{ .name = "denied_now" },
	{ .name = "would_deny" },
	{ .name = "last_error", .width = 7, .most = 10 },
	{ .name = "reason", .width = 22, .roomy = 40, .most = 160 },
	{ .name = "time_p99" },
	{ .name = "call_share" },
	{ .name = "priority" },
	{ .name = "audit" },
	{ .name = "ejected" },
	{ .name = "cgroup", .most = 60 },
	{ .name = "id" },
	{ .name = "last_pid" },
	{ .name = "hooks", .most = 60 },
	{ .name = "missing" },
};

static const struct view_column hook_columns[] = {
	{ .name = "name", .width = 14, .least = 12, .most = 20 },
	{ .name = "hook", .width = 14, .most = 16 },
	{ .name = "allowed" },
	{ .name = "denied" },
	{ .name = "denied_now" },
	{ .name = "would_deny" },
	{ .name = "time_p50" },
	{ .name = "time_p99" },
	{ .name = "call_share" },
	{ .name = "asked" },
	{ .name = "allowed_now" },
	{ .name = "would_deny_now" },
	{ .name = "id" },
};

static const struct view_column refusal_columns[] = {
	{ .name = "time", .width = 12, .least = 8, .left = true },
	{ .name = "machine", .width = 7, .least = 6, .most = 20 },
	{ .name = "pid" },
	{ .name = "comm", .width = 8, .most = 15 },
	{ .name = "policy", .width = 8, .most = 20 },
	{ .name = "hook", .width = 8, .most = 16 },
	{ .name = "object" },
	{ .name = "error", .width = 7, .most = 10 },
	{ .name = "reason", .width = 18, .least = 12, .roomy = 40, .most = 160 },
	{ .name = "what" },
	{ .name = "ctx" },
};

static const struct view_column victim_columns[] = {
	{ .name = "machine", .width = 8, .least = 6, .most = 24 },
	{ .name = "pid" },
	{ .name = "comm", .width = 10, .most = 15 },
	{ .name = "denied" },
	{ .name = "denied_total" },
	{ .name = "would_deny_total" },
	{ .name = "refused_total" },
	{ .name = "error", .width = 7, .most = 10 },
	{ .name = "reason", .width = 16, .least = 10, .roomy = 40, .most = 160 },
	{ .name = "policy", .width = 8, .most = 20 },
	{ .name = "last" },
};

static void start(void)
{
	view_list__close(&policies);
	view_list__close(&refusals);
	view_list__close(&victims);
	view_list__close(&hooks);
	VIEW_LIST_INIT(&refusals, MODEL_REFUSALS, refusal_columns);
	refusals.empty = "new refusals appear here";
	refusals.follows = true;
	VIEW_LIST_INIT(&victims, MODEL_VICTIMS, victim_columns);
	victims.empty = "no process was refused anything since iommutop started";
	VIEW_LIST_INIT(&policies, MODEL_POLICIES, policy_columns);
	VIEW_LIST_INIT(&hooks, MODEL_HOOKS, hook_columns);
	policies.empty = "no policy is loaded; iopolicy load loads one";
	hooks.empty = "no hooks without a policy";
	focus = 0;
	below = 1;
}

static void draw(const struct view *view, struct ui *ui, int y, int lines, int columns)
{
	if (focus)
		below = focus;
	view__draw_with(view, below, ui, y, lines, columns);
}

/* The selected reason, if there was no room for all of it. */
static bool hint(struct ui *ui, char *text, enum term_style *style)
{
	*style = STYLE_NORMAL;
	return view__cut_text(&view_policies, ui, "reason", text);
}

const struct view view_policies = {
	.name = "policies",
	.title = "Policies",
	.lists = { &policies, &refusals, &victims, &hooks },
	.focus = &focus,
	.start = start,
	.draw = draw,
	.act = view__switch_focus,
	.hint = hint,
};
