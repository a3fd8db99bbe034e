# shellcheck shell=bash
# go: tools that Debian lacks and its Go can build, for the tests; each is built once, into build/tools.

go_tool() {
    echo "$ROOT/build/tools/$1-$2"
}

# go_tool_make NAME VERSION PACKAGE: Go's own caches go again. Go calls the program by the last word of its package, its major version apart.
go_tool_make() {
    local name=$1 version=$2 package=$3 tools=$ROOT/build/tools program
    program=$(go_tool "$name" "$version")
    [[ ! -x $program ]] || return 0
    say "$name: building it with Go"
    mkdir -p "$tools"
    GOBIN=$tools/bin GOPATH=$tools/go GOCACHE=$tools/cache GOFLAGS=-modcacherw \
        /usr/bin/go install "$package@$version" > "$tools/log" 2>&1 < /dev/null ||
        die "$name: Go could not build it: $(tail -n 1 "$tools/log")" "Is there a network, or a mirror named in GOPROXY? More: $tools/log. Then run this again."
    [[ ! $package =~ /v[0-9]+$ ]] || package=${package%/*}
    mv "$tools/bin/${package##*/}" "$program"
    rm -rf "${tools:?}"/{go,cache,bin}
}
