#!/usr/bin/env bash
# Runs the fault suite, and prints its report: every scenario of tests/Eit.Faults.Tests with its recovery times, and what was lost or came twice.
#
#   tests/faults.sh                     all of them, about 6 minutes
#   tests/faults.sh 'nginx|HAProxy'     those whose name has one of these words
#
# It needs Linux, root (for network namespaces with veth, nft and tbf) and Debian's nginx, haproxy, nftables, iproute2 and libfaketime, which it installs where they are missing.
# What was asked for and this machine lacks or forbids is said at the end; then the suite has failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"

report="$(mktemp)"
space="eitprobe$$"
policy=/usr/sbin/policy-rc.d
lacks=()
reasons=()

clean() {
    ip link del "${space}a" 2>/dev/null
    ip netns del "$space" 2>/dev/null
    [[ -z "${held:-}" ]] || rm -f "$policy"
    rm -f "$report"
}
trap clean EXIT

# Installs packages. The distribution starts the services that it installs, unless it is told not to; here they are only programs.
install() {
    echo "Installing $*."
    if [[ $EUID -ne 0 ]]; then echo "They can't be installed: this is not root." && return; fi
    if [[ ! -e "$policy" ]]; then held=yes && printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; fi
    apt-get update --quiet=2
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "$@" || echo "Not all of them could be installed."
    if [[ -n "${held:-}" ]]; then rm -f "$policy" && held=; fi
}

echo "The fault suite needs root, and Debian's nginx, haproxy, nftables, iproute2 and libfaketime."
packages=()
command -v nginx >/dev/null || packages+=(nginx-light)
command -v haproxy >/dev/null || packages+=(haproxy)
command -v nft >/dev/null || packages+=(nftables)
command -v ip >/dev/null || packages+=(iproute2)
[[ -n "$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null)" ]] || packages+=(libfaketime)
[[ ${#packages[@]} -eq 0 ]] || install "${packages[@]}"

# probe NEED REASON COMMAND...: without what the command shows, the scenarios that need it are left out.
probe() {
    local need="$1" reason="$2" said
    shift 2
    if said="$("$@" 2>&1)"; then return; fi
    lacks+=("$need")
    reasons+=("$reason: $(tail -n 1 <<<"$said")")
}

namespaces() {
    ip netns add "$space" &&
        ip link add "${space}a" type veth peer name "${space}b" netns "$space" &&
        ip netns exec "$space" nft "add table inet eit; add chain inet eit up { type filter hook input priority 0; }; add rule inet eit up numgen random mod 100 < 5 drop; add rule inet eit up meta l4proto tcp reject with tcp reset" &&
        tc qdisc add dev "${space}a" root tbf rate 256kbit burst 4kb latency 400ms &&
        tc -n "$space" qdisc add dev "${space}b" root tbf rate 256kbit burst 4kb latency 400ms
}

probe Signals "processes can't be sent signals" kill -0 $$
probe Limits "limits of processes can't be changed" prlimit --pid $$ --nofile
probe Nginx "there is no nginx" nginx -v
probe Haproxy "there is no HAProxy" haproxy -v
probe Faketime "there is no libfaketime" bash -c '[[ -n "$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null)" ]] || { echo "no libfaketimeMT.so.1 under /usr/lib"; exit 1; }'
probe Namespaces "network namespaces with veth, nft and tbf are not to be had" namespaces

began=$SECONDS
EIT_FAULTS="${1:-all}" EIT_FAULTS_LACKS="$(IFS=,; echo "${lacks[*]:-}")" EIT_FAULTS_REPORT="$report" \
    dotnet test tests/Eit.Faults.Tests --configuration Release --logger "console;verbosity=minimal"
verdict=$?

echo
cat "$report"
echo
echo "It took $((SECONDS - began)) s."
for i in "${!lacks[@]}"; do
    if grep -q "NOT RUN: this machine lacks ${lacks[$i]}\$" "$report"; then echo "NOT RUN: ${reasons[$i]}."; fi
done
exit $verdict
