#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 1800
#
# Each check of "make lint" is a test point: it must have no findings.
. "$(dirname "$0")/../lib/tap.sh"
for check in kbuild analyzer checkpatch format shellcheck layers mandoc codespell text; do
	ok "lint: $check has no findings" scripts/lint "$check"
done
finish
