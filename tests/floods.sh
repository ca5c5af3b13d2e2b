#!/usr/bin/env bash
# Floods a server with a heap of 400 MiB in one way after the other, with 50 ordinary clients beside it, and prints a line for each: see docs/FLOODS.md.
#
#   tests/floods.sh                          all of them, 60 s each, about 15 minutes
#   tests/floods.sh --seconds 10             10 s each
#   tests/floods.sh --seconds 10 grow evict  those
#   tests/floods.sh --any-pace ...           however slow the ordinary clients become: for machines that have other things to do
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec dotnet run -c Release --project tests/Eit.Floods -- "$@"
