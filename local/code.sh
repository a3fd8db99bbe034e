# shellcheck shell=bash
# code: how the sources are to look — the formatter and the linters.

jumun_fmt() {
    packages_need test
    case ${1:-} in
        --check) sources | (cd "$ROOT" && xargs -r -0 clang-format --dry-run --Werror) || die "the files above are not formatted" "./jumun fmt does it." ;;
        '') sources | (cd "$ROOT" && xargs -r -0 clang-format -i) ;;
        *) die "fmt does not know '$1'" "It is: ./jumun fmt [--check]" ;;
    esac
}

# Ours, whether committed or not yet.
sources() {
    git -C "$ROOT" ls-files -z --cached --others --exclude-standard -- '*.c' '*.h'
}

jumun_lint() {
    packages_need build test
    build_step dev cmake --preset dev # anew each time: what is compiled, and how, is what is looked at
    together lint_shell lint_cppcheck lint_tidy lint_analyzer
    say "lint: nothing found"
}

lint_shell() {
    (cd "$ROOT" && shellcheck -x jumun .ci/run local/*.sh local/compose/*.sh local/template/*.sh local/template/kubernetes/local*/make-secrets ./*/service.sh tests/images/targets tests/cluster/run tests/cluster/observed tests/cluster/restart-node tests/cluster/images tests/cluster/stores/*.sh \
        kubernetes/overlays/*/make-secrets kubernetes/components/postgres/roles.sh istio/canary/canary docs/operations/*.sh docs/operations/cluster/*.sh) ||
        die "shellcheck found the above" "Mend it, or say in a remark there why it is right."
    say "lint: shellcheck has looked"
}

lint_cppcheck() {
    local dir=$ROOT/build/cppcheck
    mkdir -p "$dir"
    lint_commands > "$dir/compile_commands.json"
    # It reads no system headers; of those, only the lists of sys/queue.h look to it like broken C. Across files it takes every out parameter
    # for a read of what is not set (ctuuninitvar); the sanitizers look for the real ones.
    cppcheck --include="/usr/include/$(cc -print-multiarch)/sys/queue.h" --project="$dir/compile_commands.json" --cppcheck-build-dir="$dir" \
        --enable=warning,performance,portability --suppress=ctuuninitvar --inline-suppr --quiet --error-exitcode=1 --template=gcc ||
        die "cppcheck found the above" "Mend it, or say in a remark there why it is right."
    say "lint: cppcheck has looked"
}

lint_tidy() {
    lint_files | xargs -r -0 -n 2 -P "$(nproc)" clang-tidy -p "$ROOT/build/dev" --quiet 2> "$ROOT/build/clang-tidy.log" ||
        die "clang-tidy found the above" "Mend it, or say in a remark there why it is right. What it complained of itself is in $ROOT/build/clang-tidy.log."
    clang-tidy --quiet "$ROOT/local/kafka/topics.c" -- -std=gnu17 2>> "$ROOT/build/clang-tidy.log" ||
        die "clang-tidy found the above" "Mend it, or say in a remark there why it is right."
    say "lint: clang-tidy has looked"
}

# GCC's own: along the paths of a function. What it finds is an error of the build.
lint_analyzer() {
    build_preset analyzer "${SERVICES[@]}"
    say "lint: gcc -fanalyzer has looked"
}

# What is compiled, without what the build itself writes.
lint_commands() {
    jq --arg build "$ROOT/build/" 'map(select(.file | startswith($build) | not))' "$ROOT/build/dev/compile_commands.json"
}

lint_files() {
    lint_commands | jq -j 'map(.file) | unique[] | . + "\u0000"'
}
