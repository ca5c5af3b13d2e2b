#!/usr/bin/env bash
# Proves that the simulation can fail: breaks the protocol's code in a copy, in one place at a time, and runs what has to find it.
# Each file of tests/mutations says what it breaks and what finds it. Takes names of files (without .patch) to run only those.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

copy="$(mktemp -d)"
trap 'rm -rf "$copy"' EXIT
cp -R .editorconfig global.json Directory.*.props PROTOCOL.md "$copy"
mkdir -p "$copy/src" "$copy/tests"
cp -R src/Directory.Build.props src/BannedSymbols.txt src/Eit.Backoff src/Eit.Protocol "$copy/src"
cp -R tests/Directory.Build.props tests/Eit.Simulation "$copy/tests"
rm -rf "$copy"/src/*/{bin,obj} "$copy"/tests/*/{bin,obj}

build() { dotnet build --configuration Release --verbosity quiet -p:RunAnalyzers=false "$copy/tests/Eit.Simulation" >"$copy/build.log" 2>&1 || { cat "$copy/build.log"; return 1; }; }
run() { dotnet "$copy/tests/Eit.Simulation/bin/Release/net10.0/Eit.Simulation.dll" "$@" >"$copy/run.log" 2>&1; }

missed=0
names=("$@")
[[ ${#names[@]} -gt 0 ]] || for file in tests/mutations/*.patch; do names+=("$(basename "$file" .patch)"); done
for name in "${names[@]}"; do
    file="$PWD/tests/mutations/$name.patch"
    read -ra command <<<"$(sed -n 's/^Found by: //p' "$file")"
    (cd "$copy" && patch --quiet --strip=1 --fuzz=0 <"$file") || { echo "$name: does not fit the code any more"; exit 1; }
    build || { echo "$name: does not build"; exit 1; }
    code=0
    run "${command[@]}" || code=$?
    if [[ $code -eq 1 ]]; then
        echo "$name: found by ${command[*]}: $(grep -m 1 -oE 'first failing seed.*|broken.*|failed:.*' "$copy/run.log" | cut -c 1-160)"
    else
        echo "$name: NOT FOUND by ${command[*]} (exit code $code)"
        missed=$((missed + 1))
    fi
    (cd "$copy" && patch --quiet --strip=1 --fuzz=0 --reverse <"$file")
done

build
run --seeds 400 && run --flow --seeds 400 || { echo "The code as it is fails too: nothing is proved."; exit 1; }
echo "${#names[@]} mutations, $missed not found; without them nothing is found."
[[ $missed -eq 0 ]]
