#!/bin/sh
# Sends each message back. Each event is one line of JSON that begins with its name, so that a message becomes an answer when its first word is replaced;
# the other events are passed over. -u: a line is answered as soon as it is there.
#
#     eit serve ... --endpoints '/echo=exec:sh echo.sh'
exec sed -un 's/^{"event":"message",/{"action":"send",/p'
