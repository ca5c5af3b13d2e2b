#!/usr/bin/env bash
# The life of a daemon, as an operator sees it: started, used by three clients, steered from a shell, from Perl and from PHP, reloaded, drained.
# Needs the tool as a command in EIT, such as EIT="dotnet exec eit.dll", and what tests/install installs.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
samples="$root/samples/Daemon"

eit() { $EIT "$@"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
step() { echo "== $*"; }

# Waits until a file holds a line with these words.
says() { timeout 300 grep -q -m1 -- "$2" < <(tail -n +1 -F --pid=$$ "$1" 2>/dev/null) || fail "'$2' is not in $1: $(cat "$1")"; }
# Waits until handlers have been given so many messages.
handled() {
    local limit=$((SECONDS + 300))
    until eit ctl stats --json | grep -q "\"messagesReceived\":$1,"; do ((SECONDS < limit)) || fail "$1 messages have not been handled: $(eit ctl stats)"; done
}
is() { [[ "$1" == "$2" ]] || fail "expected '$2', not '$1'"; }

for program in node curl perl php setsid; do command -v $program > /dev/null || fail "$program is not installed: ./test installs what is needed"; done
[[ -d "$root/tests/Eit.Browser.Tests/node_modules/ws" ]] || fail "npm's ws is not installed: ./test installs it"

cd "$(mktemp -d)"
finish() {
    [[ -s eit.pid ]] && kill -KILL "$(cat eit.pid)" || true
    kill $(jobs -p) 2>/dev/null || true
    rm -rf "$PWD"
}
trap finish EXIT

step "a token, a configuration, a daemon"
for user in ada bob eve; do eit token $user --file tokens.txt > $user.token; done
cat > eit.json <<JSON
{
  "listen": "127.0.0.1:0", "devCertificate": true, "tokens": "tokens.txt", "control": "control/socket", "pidFile": "eit.pid", "drainWindow": "2s",
  "endpoints": ["both /rooms/{room}=relay", { "path": "/count", "handler": "exec:php $samples/count.php" }, "/echo=exec:sh $samples/echo.sh"]
}
JSON
export EIT_CONTROL="$PWD/control/socket"
eit serve --check > checked.json
grep -q '"drainWindow": "2s"' checked.json || fail "the configuration is not shown"
eit serve --daemon --log-file log
kill -0 "$(cat eit.pid)" || fail "the daemon does not run"
port="$(sed -nE 's/^Listening on .*:([0-9]+)$/\1/p' log)"
address="wss://localhost:$port"
! eit serve --log-level warning 2> second || fail "a second daemon has started"
grep -q "Another server" second || fail "a second daemon is not refused with a clear message: $(cat second)"

step "three clients: Eit, npm's ws, eit connect as a filter"
mkfifo ada.in bob.in
eit connect "$address/rooms/a" --token-file ada.token --insecure-dev-certificate < ada.in > ada.out 2> ada.err &
ada=$!
exec 3> ada.in
NODE_TLS_REJECT_UNAUTHORIZED=0 node "$root/tests/Eit.Browser.Tests/plain.js" "$address/rooms/a" "$(cat bob.token)" < bob.in > bob.out 2> bob.err &
exec 4> bob.in
says ada.err "eit: connected"
says bob.out "open eit.plain"
# A client is a member a moment after it is connected, at the latest when its own message has been handled.
echo "ada is here" >&3
echo "bob is here" >&4
handled 2
is "$(seq 1000 | eit connect "$address/echo" --token-file eve.token --insecure-dev-certificate --count 1000 --timeout 600 2> eve.err | sha256sum)" "$(seq 1000 | sha256sum)"
echo "from ada" >&3
says bob.out "message from ada"
echo "from bob" >&4
says ada.out "from bob"

step "list, show, send, broadcast, from the shell"
is "$(eit ctl connections --channel /rooms/a --json | grep -o '"user":"[a-z]*"' | sort | tr '\n' ' ')" '"user":"ada" "user":"bob" '
id="$(eit ctl connections --user bob --json | grep -o '"id":"[0-9a-f]*"' | cut -d '"' -f 4)"
eit ctl show "${id:0:8}" | grep -q "client: plain" || fail "bob is not plain"
eit ctl send "$id" "to bob alone"
says bob.out "message to bob alone"
echo "to the room" | eit ctl broadcast --channel /rooms/a
says bob.out "message to the room"
says ada.out "to the room"
is "$(eit ctl channels)" "$(printf 'channel   connections\n/rooms/a  2')"

step "the same from Perl, PHP and curl"
is "$(perl "$samples/connections.pl" /rooms/a | sort)" "$(printf 'ada /rooms/a eit\nbob /rooms/a plain')"
is "$(php "$samples/broadcast.php" /rooms/a 'from PHP')" "2 connections have it, 0 have no room for it."
says ada.out "from PHP"
is "$(curl --silent --unix-socket "$EIT_CONTROL" http://localhost/messages --data-binary 'from curl')" '{"accepted":2,"refused":0}'
says bob.out "message from curl"
is "$(php -r 'exec(getenv("EIT") . " ctl stats --json", $lines, $code); echo $code, " ", json_decode($lines[0])->connections;')" "0 2"

step "close one"
eit ctl close "$id" --reason "Enough."
says bob.out "close 4000 Enough."
is "$(eit ctl connections --json | grep -o '"user"' | wc -l)" 1

step "reload"
sed -i 's/"drainWindow": "2s"/"drainWindow": "1s"/' eit.json
is "$(eit ctl reload --json)" '{"reloaded":["drainWindow"],"needsRestart":[]}'
sed -i 's/"drainWindow"/"drainwindow"/' eit.json
code=0; eit ctl reload 2> refused || code=$?
is "$code" 1
grep -q "'drainwindow' is not known" refused || fail "a wrong key is not named: $(cat refused)"

step "killed, and started again where it was"
sed -i 's/"drainwindow"/"drainWindow"/' eit.json
kill -KILL "$(cat eit.pid)"
says ada.err "eit: not connected"
eit serve --daemon --log-file log --listen "127.0.0.1:$port"
says ada.err "the session has ended (4301)"
eit ctl broadcast --user ada "welcome back"
says ada.out "welcome back"

step "drain and stop"
eit ctl status | grep -q "state: running" || fail "it does not run"
pid="$(cat eit.pid)"
eit ctl drain
timeout 300 tail -f --pid="$pid" /dev/null
[[ ! -e eit.pid ]] || fail "the file with the process is still there"
code=0; eit ctl status 2> gone || code=$?
is "$code" 3
exec 3>&-
kill "$ada" 2>/dev/null || true

step "no secret is anywhere"
for user in ada bob eve; do
    ! grep -r -l -F "$(cat $user.token)" log checked.json tokens.txt || fail "a token of $user is there"
done
echo "All done."
