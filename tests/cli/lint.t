#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 1800
#
# What "make lint" does: each of its checks is a test point.
. "$(dirname "$0")/../lib/tap.sh"
# Not yet free of findings: checkpatch text.
for check in kbuild analyzer format shellcheck codespell layers mandoc; do
	ok "lint: $check has no findings" scripts/lint "$check"
done
finish
