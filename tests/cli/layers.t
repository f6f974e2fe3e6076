#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The folders depend on each other in the order of docs/layers.txt. The other checks of "make lint"
# are a step of their own in continuous integration; cli/lint-faults tests them.
. "$(dirname "$0")/../lib/tap.sh"
ok "layers: no finding" scripts/lint layers
finish
