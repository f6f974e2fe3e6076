# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the variables are those of tests/vm/run
# The guest of tests/vm/run for a kernel of arm64 (scripts/kernel), to be sourced by it: QEMU's virt
# machine with an SMMUv3 and a GICv3, in software. Its root is the one of scripts/cross. The
# project's folder and the kernel's modules are where they are here, and what "make cross" has built
# is in the place of the project's build folder. arm64 is the folder of scripts/kernel.

[[ ! $tty && ! $icount && ! $scalable ]] ||
	die "a guest of arm64 has neither --tty nor --icount nor --scalable"
cross_folder=$("$root/scripts/cross") || die "the root of arm64 cannot be had, see above"
arm64_setting() { sed -n "s/^$2 = *//p" "$1"; }
host_root=$(arm64_setting "$cross_folder/paths.mk" CROSS_ROOT)
qemu=$(arm64_setting "$cross_folder/paths.mk" CROSS_QEMU)
strip=$(arm64_setting "$arm64/paths.mk" CROSS)strip

# With pages of 16 KiB the test programs are other ones.
cross_build=$root/build/arm64
if [[ $release == *-16k ]]; then cross_build+=-16k; fi
cross_build+=/build

# Let the guest find the modules, which are in the build folder that it does not see.
arm64_views() {
	local f
	[[ -e $cross_build/tests ]] ||
		die "no programs of arm64 in $cross_build: run make cross KERNEL=$release"
	mkdir "$tmp/modules"
	while read -r f; do
		cp "$f" "$tmp/modules/"
		echo "/run/vm/modules/${f##*/}"
	done <"$tmp/load" >"$tmp/load.new"
	mv "$tmp/load.new" "$tmp/load"
	views=("$root" "$cross_build") views_at=("$root" "$root/build")
	# What a test has made here before.
	for f in "$root/build/tests/man-example" "$root/build/conformance"; do
		if [[ -e $f ]]; then views+=("$f") views_at+=("$f"); fi
	done
	if [[ $tree_kind == installed ]]; then views+=("$tree") views_at+=("$tree"); fi
}

arm64_machine() {
	machine=virt,gic-version=3,iommu=smmuv3
	# The kernel signs addresses all the time; emulation knows a quick way to do it.
	cpu=max,pauth-impdef=on
	iommu_device=()
	cmdline=${cmdline/intel_iommu=on/} cmdline=${cmdline/console=ttyS0/console=ttyAMA0}
}
