# shellcheck shell=bash
# "quickstart test": builds, and the phases of the tests.

show()
{
	printf -- '---- %s\n' "$1"
	cat -- "$log_dir/$1.log"
}

# begin NAME COMMAND...: in the background, in a process group of its own
begin()
{
	local name=$1
	shift
	set -m
	"$@" >"$log_dir/$name.log" 2>&1 </dev/null &
	jobs[$name]=$!
	set +m
}

# finish NAME HOW-TO-RUN-IT-AGAIN: wait for it and show all it said
finish()
{
	local status=0
	wait "${jobs[$1]}" || status=$?
	unset "jobs[$1]"
	show "$1"
	[ "$status" -eq 0 ] || failed "$1" "$2"
	printf -- '---- %s: ok, %d s after the start\n' "$1" "$SECONDS"
}

failed()
{
	die "the phase \"$1\" failed" "Again, it alone: $2"
}

# Ours, not those that autoreconf installs; quickstart brings its parts along.
shell_scripts()
{
	local file
	find quickstart .ci build-aux completions debian hosting t -type f \
	    ! -name 'quick-*.sh' ! -name compile ! -name depcomp ! -name missing \
	    ! -name install-sh ! -name ar-lib ! -name 'config.*' \
	    ! -name '*-driver*' -print | while read -r file; do
		if head -n 1 -- "$file" | grep -aqE \
		    '^#!.*[/ ](ba|da)?sh( |$)|^# shellcheck shell='; then
			printf '%s\n' "$file"
		fi
	done
}

# The builds, each in the background.
build_all()
{
	make_configure >"$log_dir/autoreconf.log" 2>&1 || {
		show autoreconf
		failed autoreconf "$again && autoreconf -fi"
	}
	begin plain build_in build
	begin asan build_in build-asan --enable-werror CFLAGS="-O1 -g -fsanitize=address,undefined \
-fno-sanitize-recover=all -fno-omit-frame-pointer"
	begin tsan build_in build-tsan --enable-werror CFLAGS="-O1 -g -fsanitize=thread \
-fno-omit-frame-pointer"
	finish plain "$again && make -C build"
	finish asan "$again && make -C build-asan"
	finish tsan "$again && make -C build-tsan"
}

# phase TITLE BUILDDIR TARGET [NAME=VALUE...]: one target of make
phase()
{
	local title=$1 build=$2 target=$3
	shift 3
	step "$title, $SECONDS s after the start"
	"${no_aslr[@]}" make -s -C "$build" --no-print-directory "$target" "$@" ||
		failed "$title" "$again && make -C $build $target${*:+ ${*@Q}}"
}

run_tests()
{
	local no_aslr=() again more=()
	steps=11
	if [ "$full" = yes ]; then
		[ "$(id -u)" -eq 0 ] || die "test --full needs root" \
		    "It boots a Debian of its own. Without --full root is not needed."
		steps=12
		more=("${full_packages[@]}")
	fi
	check_path "the directory of this checkout" "$here" "Move it elsewhere."
	cd "$here"
	again="cd $(printf %q "$here")"
	log_dir=$here/build/log
	mkdir -p "$log_dir"
	SECONDS=0

	step "Packages"
	need_packages "${build_packages[@]}" "${run_packages[@]}" \
	    "${test_packages[@]}" "${more[@]}"

	step "shellcheck"
	shell_scripts | xargs -d '\n' shellcheck -x ||
		failed shellcheck "$again && shellcheck -x quickstart"

	step "Builds: plain, with address and undefined, with thread sanitizer"
	build_all

	phase "lint: gcc -fanalyzer, clang-tidy, cppcheck" build lint
	phase "Faults, each with its control" build check-faults
	phase "Fuzzing, for a minute" build fuzz
	phase "Coverage" build coverage
	[ "$full" = no ] ||
		phase "The Debian package in a Debian of its own, a browser" build check-full
	# gcc 12's sanitizers cannot map their shadow on kernels that randomise
	# addresses with more than 28 bits.
	if setarch "$(uname -m)" -R true 2>/dev/null; then
		no_aslr=(setarch "$(uname -m)" -R)
	fi
	phase "The concurrent tests with thread sanitizer" build-tsan check \
	    SR_TESTS=concurrent
	phase "All tests with address and undefined sanitizer" build-asan check
	no_aslr=()
	phase "All tests of the release's archive: distcheck" build distcheck \
	    DISTCHECK_CONFIGURE_FLAGS="--quiet --enable-werror"
	# Last, so that prove has the last word.
	phase "All tests" build check
}
