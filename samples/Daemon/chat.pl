#!/usr/bin/perl
# A chat: who is there is told who comes and goes and what is said; "/bye" ends one's own connection.
#
#     eit serve ... --endpoints 'both /chat/{room}=exec:perl chat.pl'
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
$| = 1;    # An answer leaves at once, not when a buffer is full.

sub act { print $json->encode({@_}), "\n" }

while (my $line = <STDIN>) {
    my $event = $json->decode($line);
    my ($user, $channel) = ($event->{user} // 'somebody', $event->{channel});
    if ($event->{event} eq 'connect') { act(action => 'broadcast', channel => $channel, text => "$user has come.", except => $event->{id}) }
    elsif ($event->{event} eq 'disconnect') { act(action => 'broadcast', channel => $channel, text => "$user has gone.") }
    elsif (!defined $event->{text}) { next }    # Bytes are not for people.
    elsif ($event->{text} eq '/bye') { act(action => 'close', id => $event->{id}, reason => 'Bye.') }
    else { act(action => 'broadcast', channel => $channel, text => "$user: $event->{text}", except => $event->{id}) }
}
