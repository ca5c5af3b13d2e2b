#!/usr/bin/env bash
# Runs ends of different age against each other: those of the baseline commit (tests/compat/baseline) and those of this tree.
# Old clients at a new server and new clients at an old one, in both encodings, through TLS and a proxy that cuts; then 200 clients of both ages while an old server is replaced by a new one, and back.
# Nothing may be lost, come twice or out of order, or end without an outcome.
#
#   tests/compat.sh             the short form, at most 3 minutes on 2 cores, with the builds
#   tests/compat.sh --long      more clients, for longer, and each age against itself too; about 8 minutes
#   tests/compat.sh --planted   proves that it can fail: plants each incompatible change of tests/compat/*.patch in this tree's ends, which has to be found
#
# Further arguments, name=value, go to tests/Eit.Compat (clients=8 seconds=20 crowd=200 each=5 seed=1). It needs the history of the repository, and leaves nothing behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en

form=short
case "${1:-}" in --long | --planted) form="${1#--}" && shift ;; esac

baseline="$(grep -v '^#' tests/compat/baseline)"
if ! git cat-file -e "$baseline^{commit}" 2>/dev/null; then
    echo "The baseline commit $baseline (tests/compat/baseline) is not in this clone." >&2
    if [[ "$(git rev-parse --is-shallow-repository 2>/dev/null)" == true ]]; then echo "The clone is shallow: run 'git fetch --unshallow' first." >&2; fi
    exit 2
fi

copy="$(mktemp -d)"
trap 'rm -rf "$copy"' EXIT

# Both are built in copies, so that neither finds what the other, or you, have built.
projects=(Eit.Backoff Eit.Protocol Eit.Link Eit.Connection Eit.Server Eit.Rpc Eit.Rpc.Client Eit.Rpc.Server Eit.Rpc.Generators Eit.Chaos)
mkdir -p "$copy/old/tests" "$copy/new/tests"
git archive "$baseline" | tar -x -C "$copy/old" --exclude='tests/*' --exclude='bench/*' --exclude='samples/*' --exclude='docs/*'
tar -c --exclude=bin --exclude=obj .editorconfig global.json Directory.*.props src/Directory.Build.props src/BannedSymbols.txt "${projects[@]/#/src/}" tests/Eit.Compat | tar -x -C "$copy/new"
for age in old new; do tar -c --exclude=bin --exclude=obj tests/Directory.Build.props tests/Eit.Compat.End | tar -x -C "$copy/$age"; done

# build AGE PROJECT ARGUMENTS...
build() {
    local age="$1" project="$2"
    shift 2
    dotnet build "$copy/$age/tests/$project" --configuration Release --verbosity quiet -p:RunAnalyzers=false -p:TreatWarningsAsErrors=false -p:GenerateDocumentationFile=false "$@" >"$copy/build.log" 2>&1 ||
        { cat "$copy/build.log"; echo "$project of $age does not build."; exit 2; }
}

run() {
    dotnet "$copy/new/tests/Eit.Compat/bin/Release/net10.0/Eit.Compat.dll" notes="$copy/notes" \
        old="$copy/old/tests/Eit.Compat.End/bin/Release/net10.0/Eit.Compat.End.dll" new="$copy/new/tests/Eit.Compat.End/bin/Release/net10.0/Eit.Compat.End.dll" "$@"
}

plant() { (cd "$copy/new" && patch --quiet --strip=1 --fuzz=0 "$@"); }

for file in tests/compat/*.patch; do
    plant --dry-run <"$file" || { echo "$file does not fit the code any more."; exit 2; }
done

began=$SECONDS
build old Eit.Compat.End -p:Side=Baseline
build new Eit.Compat
build new Eit.Compat.End
echo "Built ${baseline:0:7} and this tree in $((SECONDS - began)) s."

case "$form" in
    short) run "$@" ;;
    long) run all=1 clients=10 seconds=180 each=20 "$@" ;;
    planted)
        missed=0
        for file in tests/compat/*.patch; do
            plant <"$file"
            build new Eit.Compat.End
            code=0
            run clients=2 seconds=5 crowd=0 patience=5 "$@" >"$copy/run.log" 2>&1 || code=$?
            if [[ $code -eq 1 ]]; then
                echo "$(basename "$file" .patch): found: $(grep -m 1 -E '^  (wrong|lost|twice|out of order|outcome):' "$copy/run.log" | cut -c 3-200)"
            else
                cat "$copy/run.log"
                echo "$(basename "$file" .patch): NOT FOUND (exit code $code)"
                missed=$((missed + 1))
            fi
            plant --reverse <"$file"
        done
        build new Eit.Compat.End
        run clients=2 seconds=5 crowd=0 patience=5 "$@" || { echo "The tree as it is fails too: nothing is proved."; exit 1; }
        echo "$missed planted changes were not found; without them nothing is found."
        [[ $missed -eq 0 ]]
        ;;
esac
