# shellcheck shell=bash
# python: the test tools that Debian lacks, from PyPI, in an environment of their own below build/.

PYTHON_TOOLS=$ROOT/build/python

# python_tools_need: makes the environment when it is not there, or its list has changed. The copy of the list comes last: a cut-off install is none.
python_tools_need() {
    local list=$ROOT/tests/system/requirements.txt log
    ! cmp -s "$list" "$PYTHON_TOOLS/requirements.txt" || return 0
    say "python: installing the test tools of tests/system/requirements.txt"
    rm -rf "$PYTHON_TOOLS"
    mkdir -p "$ROOT/build"
    log=$(mktemp)
    if ! { /usr/bin/python3 -m venv "$PYTHON_TOOLS" && "$PYTHON_TOOLS/bin/pip" install --quiet --disable-pip-version-check -r "$list"; } &> "$log"; then
        die "the Python tools could not be installed: $(tail -n 3 "$log")" "Often it is the network. Then run this again."
    fi
    rm "$log"
    cp "$list" "$PYTHON_TOOLS/requirements.txt"
}
