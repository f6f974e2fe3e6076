#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The ioctls of /dev/iommu, one program for each family: results for good and bad arguments.
. "$(dirname "$0")/../lib/tap.sh"
for family in abi map copy iova option; do
	diag "uapi-$family"
	include "$tests/uapi-$family"
done
finish
