#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 900
# takes: 15
#
# Each check of "make lint" finds its fault: plant one of each kind in a copy of the tree, and see
# the check fail with the class of the fault, where it reported nothing before.
. "$(dirname "$0")/../lib/tap.sh"

dir=$(mktemp -d "$PWD/build/tests/lint-faults.XXXXXX")
trap 'rm -rf "$dir"' EXIT
git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$dir"
mkdir -p "$dir/build"
ln -s "$PWD"/build/{setup,uapi} "$dir/build"
krel=$(sed -n 's/^SETUP_KREL = //p' build/setup/paths.mk)
# The layer check reads objects. Links are enough: a planted object takes the place of a link.
mkdir -p "$dir/build/obj/$krel" "$dir/build/obj/user"
cp -al "build/obj/$krel/kernel" "$dir/build/obj/$krel"
cp -al build/obj/user/tools "$dir/build/obj/user"
cp -r build/man "$dir/build"
cd "$dir" || exit 1
git init -q
git add -A

# lint_finds CLASS CHECK FILE...: the check fails, and reports a finding of this class
lint_finds() {
	local class=$1 status=0
	shift
	scripts/lint "$@" >lint.out 2>&1 || status=$?
	((status == 1)) && grep -qE "^ +[^ ]+:[0-9]+: ($class)" lint.out && return
	echo "status $status, no finding '$class' in:"
	cat lint.out
	return 1
}

# plant NAME CLASS CHECK FILE TEXT: with TEXT at the end of FILE
plant() {
	local name=$1 class=$2 check=$3 file=$4
	cp "$file" "$dir/saved"
	printf '%s\n' "$5" >>"$file"
	ok "$check: $name" lint_finds "$class" "$check" "$file"
	cp "$dir/saved" "$file"
}

c=tools/common/human.c
ok "the copy has no findings" scripts/lint analyzer checkpatch format text codespell shellcheck \
	mandoc kbuild "$c" scripts/demo man/iommufd-policies.7 README.md kernel/trace/trace.c

plant "a warning of gcc W=1" unused-variable kbuild kernel/trace/trace.c \
	$'static int __used planted(void)\n{\n\tint unused;\n\n\treturn 0;\n}'
plant "a warning of sparse" sparse kbuild kernel/trace/trace.c 'static void *__used planted = 0;'
plant "memory freed twice" analyzer-double-free analyzer $c "#include <stdlib.h>"$'\n'\
$'void planted(void *p);\nvoid planted(void *p)\n{\n\tfree(p);\n\tfree(p);\n}'
plant "a missing blank" SPACING checkpatch $c \
	$'static inline int planted(int a)\n{\n\treturn a+ 1;\n}'
plant "a wrong indent" format format $c $'static inline int planted(void)\n{\n  return 1;\n}'
# shellcheck disable=SC2016 # planted as it stands
plant "a variable without quotes" SC2086 shellcheck scripts/demo 'rm -rf $1'
plant "an unknown macro" ERROR mandoc man/iommufd-policies.7 '.Planted'
# The page that "make" wrote has the fault, of its source or of the table of options.
echo .Planted >>build/man/iopolicy.8
ok "mandoc: the source of a page" lint_finds ERROR mandoc man/iopolicy.8.in
ok "mandoc: the options in a page" lint_finds ERROR mandoc tools/iopolicy/options.c
plant "a misspelt word" "re""cieve" codespell README.md 're''cieve'
plant "a long line" COLUMNS text $c "/* $(printf 'planted %.0s' {1..13})*/"
plant "a blank at the end" BLANKS text README.md 'planted '
plant "a check disabled without a reason" REASON text scripts/demo '# shell''check disable=SC2086'
sed -i 1,3d scripts/demo
ok "text: no license" lint_finds SPDX text scripts/demo

# ---- the order of the folders ----
ok "layers: the copy has no findings" scripts/lint layers
sed -i '/^#include "umem/a #include "main/main.h"' kernel/umem/umem.c
ok "layers: a header of a folder above" lint_finds UPWARD layers
git checkout -q kernel/umem/umem.c

# plant_object OBJECT NAME: it also calls NAME()
plant_object() {
	local gcc=${CC:-gcc}
	echo "void $2(void); void planted_$RANDOM(void); void planted_$RANDOM(void) { $2(); }" |
		"$gcc" -c -x c - -o planted.o
	ld -r "$1" planted.o -o both.o && rm "$1" && mv both.o "$1"
}
obj=build/obj/$krel/kernel
cp "$obj/umem/umem.o" saved.o
plant_object "$obj/umem/umem.o" iommufd_object_destroy
ok "layers: a call of a folder above" lint_finds UPWARD layers
rm "$obj/umem/umem.o" && cp saved.o "$obj/umem/umem.o"
cp "$obj/umem/owner.o" saved.o
plant_object "$obj/umem/owner.o" umem_pin
ok "layers: two files that call each other" lint_finds CIRCLE layers
rm "$obj/umem/owner.o" && cp saved.o "$obj/umem/owner.o"
obj=build/obj/user/tools/iosnoop
cp $obj/render/table.o saved.o
plant_object $obj/render/table.o stream__run
sed -i '0,/^#include "/s//#include "..\/source\/source.h"\n&/' tools/iosnoop/render/table.c
ok "layers: a renderer that uses a source" lint_finds NEIGHBOUR layers
finish
