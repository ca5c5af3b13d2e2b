#!/usr/bin/perl
# Lists who is connected to a running server, as a server-side script would: by HTTP over its control socket.
#
#     EIT_CONTROL=/run/eit/control perl connections.pl [CHANNEL]
use strict;
use warnings;
use IO::Socket::UNIX;
use JSON::PP;

my $socket = IO::Socket::UNIX->new(Peer => $ENV{EIT_CONTROL}) or die "There is no server at $ENV{EIT_CONTROL}: $!\n";
my $query = @ARGV ? '?channel=' . $ARGV[0] =~ s/([^A-Za-z0-9._~\/-])/sprintf('%%%02X', ord $1)/ger : '';
print $socket "GET /connections$query HTTP/1.0\r\n\r\n";    # 1.0: the answer ends with the connection.
my ($head, $body) = split /\r\n\r\n/, do { local $/; <$socket> }, 2;
$head =~ m{^HTTP/1\.1 200 } or die $body;
print "$_->{user} $_->{channel} $_->{client}\n" for @{ decode_json($body) };
